/**
 * Bytes that are no line of ours, or one with something done to it.
 */
import fc from "fast-check";
import { lineBytesMax } from "../../src/limits.ts";
import { aliceLine, type Place } from "../envelope/hostile_message.ts";
import { bytesOf } from "./scene.ts";

export interface HostileBytes {
  readonly what: string;
  make(place: Place): Promise<Uint8Array<ArrayBuffer>>;
}

/** A good line with something done to its text. */
function done(what: string, change: (line: string) => string | Uint8Array): HostileBytes {
  return {
    what,
    make: async (place) => {
      const text = change(await aliceLine(place));
      return typeof text === "string" ? bytesOf(text) : Uint8Array.from(text);
    },
  };
}

/** Whatever is there for a good line. */
function fixed(what: string, bytes: string | Uint8Array<ArrayBuffer>): HostileBytes {
  return { what, make: () => Promise.resolve(typeof bytes === "string" ? bytesOf(bytes) : bytes) };
}

export const hostileBytes: readonly HostileBytes[] = [
  fixed("random bytes without an end", crypto.getRandomValues(new Uint8Array(65_536))),
  fixed("nothing but newlines", "\n\n\n"),
  fixed("a line of one byte more than a line has", `${"a".repeat(lineBytesMax + 1)}\n`),
  fixed("ten lines' length without an end", "a".repeat(10 * lineBytesMax)),
  fixed("NULs", new Uint8Array(100)),
  fixed("invalid UTF-8", Uint8Array.of(0xff, 0xfe, 0xc0, 0x80, 0xf5, 0x0a)),
  fixed("a request of HTTP", "GET / HTTP/1.1\r\nHost: example.com\r\n\r\n"),
  fixed("a hello of TLS", Uint8Array.of(0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0, 0x0a)),
  fixed("a hello of SSH", "SSH-2.0-OpenSSH_9.6\r\n"),
  done("a good line with a carriage return", (line) => `${line}\r\n`),
  done("a good line with a space before it", (line) => ` ${line}\n`),
  done("a good line after a byte order mark", (line) => `\ufeff${line}\n`),
  done("a good line with a NUL in it", (line) => `${line.slice(0, 700)}\0${line.slice(700)}\n`),
  done(
    "a good line in UTF-16",
    (line) =>
      Uint8Array.from([...`${line}\n`].flatMap((character) => [character.charCodeAt(0), 0])),
  ),
  done("a good line that was cut off", (line) => `${line.slice(0, -1)}\n`),
  done("the first half of a good line", (line) => `${line.slice(0, line.length / 2)}\n`),
  done("a good line twice in one", (line) => `${line}${line}\n`),
  done("a good line cut in two", (line) => `${line.slice(0, 500)}\n${line.slice(500)}\n`),
  done(
    "a good line with the bits of its parts in standard base64",
    (line) => `${line.replaceAll("-", "+").replaceAll("_", "/")}+/\n`,
  ),
];

/**
 * The damage to a good line: characters replaced, removed or inserted, or parts in another order.
 */
export const mutation: fc.Arbitrary<(line: string) => string> = fc.oneof(
  fc.tuple(fc.nat(), fc.string({ minLength: 1, maxLength: 3 })).map(
    ([at, text]) => (line: string) => spliced(line, at, { text, out: text.length }),
  ),
  fc.tuple(fc.nat(), fc.integer({ min: 1, max: 40 })).map(([at, out]) => (line: string) =>
    spliced(line, at, { text: "", out })
  ),
  fc.tuple(fc.nat(), fc.string({ minLength: 1, maxLength: 40 })).map(
    ([at, text]) => (line: string) => spliced(line, at, { text, out: 0 }),
  ),
  fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 1 }).map((order) => (line: string) =>
    order.map((at) => line.split(".")[at]).join(".")
  ),
);

function spliced(line: string, at: number, { text, out }: { text: string; out: number }): string {
  const start = at % line.length;
  return line.slice(0, start) + text + line.slice(start + out);
}
