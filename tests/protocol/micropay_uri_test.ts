import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import fc from "fast-check";
import { encodeBase64Url } from "../../src/base64.ts";
import { UsageError } from "../../src/errors.ts";
import { serversMax } from "../../src/limits.ts";
import { parseHost } from "../../src/pki/host.ts";
import {
  isInvitationToken,
  type JoinUri,
  micropayUriFault,
  readMicropayUri,
  writeMicropayUri,
} from "../../src/protocol/micropay_uri.ts";
import { type JoinLinesFile, readVectors } from "../vectors/vector_files.ts";
import { codePoint } from "../code_point.ts";

const { joinLines } = await readVectors<JoinLinesFile>("join_lines");
const ca = "ab".repeat(32);
const token = "AAECAwQFBgcICQoLDA0ODw";
const start = `micropay://pi4:8888/?ca=${ca}`;

const hexDigits = fc.stringMatching(/^[0-9a-f]{64}$/);
const hosts = fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6()).map((text) => parseHost(text)?.value)
  .filter((host) => host !== undefined);
const tokens = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) =>
  encodeBase64Url(bytes)
);
const joinUris: fc.Arbitrary<JoinUri> = fc.record({
  kind: fc.constant("join" as const),
  servers: fc.uniqueArray(
    fc.record({ host: hosts, port: fc.integer({ min: 1, max: 65_535 }) }),
    { minLength: 1, maxLength: serversMax, selector: ({ host, port }) => `${host} ${port}` },
  ),
  fingerprint: hexDigits,
  token: tokens,
}, { requiredKeys: ["kind", "servers", "fingerprint"] });

for (const { what, uri, ...said } of joinLines) {
  Deno.test(`a join line of the vectors, ${what}, says the same and is written the same`, () => {
    const read = readMicropayUri(uri);
    assertEquals<unknown>(read, { kind: "join", ...said });
    assertEquals(writeMicropayUri(read), uri);
  });
}

Deno.test("every URI that is written is read as the same URI", () => {
  fc.assert(fc.property(joinUris, (uri) => {
    assertEquals(readMicropayUri(writeMicropayUri(uri)), uri);
  }));
});

Deno.test("a URI has one text: a changed character is refused or means something else", () => {
  const changes = fc.record({
    uri: joinUris,
    at: fc.nat(),
    character: fc.string({ unit: codePoint }),
  });
  fc.assert(fc.property(changes, ({ uri, at, character }) => {
    const text = writeMicropayUri(uri);
    const place = at % text.length;
    const changed = text.slice(0, place) + character + text.slice(place + 1);
    try {
      const read = writeMicropayUri(readMicropayUri(changed));
      // Only capitals and white space are free, and colons in an IPv6 address have two forms.
      const whole = changed.replace(/\s+/g, "");
      if (uri.servers.some(({ host }) => host.includes(":"))) return;
      assertEquals(read.toLowerCase(), whole.toLowerCase());
    } catch (error) {
      assert(error instanceof UsageError, String(error));
    }
  }));
});

Deno.test("any other text is refused with a usage error", () => {
  fc.assert(fc.property(fc.string({ unit: codePoint }), (text) => {
    assertThrows(() => readMicropayUri(text), UsageError);
    assertThrows(() => readMicropayUri(start + text + "&"), UsageError);
  }));
});

Deno.test("scheme, host and fingerprint are read in either case", () => {
  const text = `MICROPAY://PI4:8888/?ca=${ca.toUpperCase()}`;
  assertEquals(writeMicropayUri(readMicropayUri(text)), start);
});

Deno.test("a URI that a terminal broke into lines is read as a whole", () => {
  const broken = start.replace(/.{20}/g, "$&\n  ");
  assertEquals(writeMicropayUri(readMicropayUri(` ${broken}\r\n`)), start);
});

Deno.test("an error names the part that is wrong", () => {
  const rows: [string, string][] = [
    ["", "micropay://HOST:PORT/?ca=FINGERPRINT"],
    ["pi4:8888", "micropay://HOST:PORT/?ca=FINGERPRINT"],
    [start.replace("micropay", "http"), "micropay://HOST:PORT"],
    [start.replace(":8888", ""), "micropay://HOST:PORT"],
    [start.replace("pi4", "user@pi4"), "micropay://HOST:PORT"],
    [start.replace("pi4", "2001:db8::1"), "micropay://HOST:PORT"],
    [`${start}#top`, "micropay://HOST:PORT"],
    ["micropay://pi4/pay?ca=1", "a payment request is micropay://HOST:PORT/pay?"],
    ["micropay://pi4:8888/pay", "a payment request is micropay://HOST:PORT/pay?"],
    [start.replace("pi4", ""), "the host"],
    [start.replace("pi4", "a_b"), "the host"],
    [start.replace("pi4", "[fe80::1%eth0]"), "the host"],
    [start.replace("8888", "0"), "the port"],
    [start.replace("8888", "08888"), "the port"],
    [start.replace("8888", "65536"), "the port"],
    [start.replace("/?", "/other?"), 'the path "/other"'],
    [start.replace("/?", "/__proto__?"), "the path"],
    [start.replace(`ca=${ca}`, ""), '""'],
    [start.replace(ca, ca.slice(1)), "the fingerprint"],
    [`micropay://pi4:8888/?token=${token}`, '"ca=" is missing'],
    [`${start}&ca=${ca}`, '"ca" is there twice'],
    [`${start}&server=pi5`, "a server is HOST:PORT"],
    [`${start}&server=pi5:0`, "a server is HOST:PORT"],
    [`${start}&server=a_b:1`, "a server is HOST:PORT"],
    [`${start}&server=::1:1`, "a server is HOST:PORT"],
    [`${start}&server=[::1]:1`, "with an IPv6 address as %5B…%5D"],
    [`${start}&server=PI4:8888`, "a server is there twice"],
    [`${start}${"&server=pi5:1".repeat(2)}`, "a server is there twice"],
    [
      `${start}${[1, 2, 3, 4, 5, 6, 7, 8].map((port) => `&server=a:${port}`).join("")}`,
      "8 servers",
    ],
    [`${start}&token=${token.slice(1)}`, "the token"],
    [`${start}&token=${token.slice(0, -1)}x`, "the token"],
    [`${start}&token=${token}=`, "the token"],
    [`${start}&amount=5`, 'nothing is known of "amount"'],
    [`${start}&`, 'nothing is known of ""'],
  ];
  for (const [text, part] of rows) {
    const error = assertThrows(() => readMicropayUri(text), UsageError);
    assertStringIncludes(error.message, part, text);
  }
});

Deno.test("an invitation's token is 16 bytes in canonical base64url", () => {
  assertEquals(isInvitationToken(token), true);
  for (const other of ["", token.slice(1), `${token}A`, `${token}==`, token.slice(0, -1) + "x"]) {
    assertEquals(isInvitationToken(other), false, other);
  }
});

Deno.test("the URI of a payment request is read as it was written, and refused without a whole request", () => {
  const ca = "ab".repeat(32);
  const request = `${"A".repeat(43)}.eyJ9.sig`;
  const servers = [{ host: "::1", port: 8888 }];
  const uri = { kind: "pay", servers, fingerprint: ca, request } as const;
  const text = `micropay://[::1]:8888/pay?ca=${ca}&request=${request}`;
  assertEquals([writeMicropayUri(uri), readMicropayUri(text)], [text, uri]);
  const start = `micropay://[::1]:8888/pay?ca=${ca}`;
  assertEquals(micropayUriFault(start), '"request=" is missing');
  for (const wrong of ["", "x", request.slice(1)]) {
    const fault = "the request is not whole; copy the line again";
    assertEquals(micropayUriFault(`${start}&request=${wrong}`), fault);
  }
  assertEquals(micropayUriFault(text.replace("/pay?", "/?")), 'nothing is known of "request"');
});

Deno.test("a URI names up to 8 servers, the first as its host and the others as parameters", () => {
  const [first, ...others] = [1, 2, 3, 4, 5, 6, 7, 8];
  const servers = [first!, ...others].map((port) => ({ host: "::1", port }));
  const named = others.map((port) => `&server=%5B::1%5D:${port}`).join("");
  const text = `micropay://[::1]:1/?ca=${ca}${named}&token=${token}`;
  const uri = { kind: "join", servers, fingerprint: ca, token } as const;
  assertEquals([writeMicropayUri(uri), readMicropayUri(text)], [text, uri]);
  assertEquals(readMicropayUri(text.replaceAll("%5B", "%5b").replaceAll("%5D", "%5d")), uri);
  const request = `${"A".repeat(43)}.eyJ9.sig`;
  const pay = { kind: "pay", servers: servers.slice(0, 2), fingerprint: ca, request } as const;
  const payText = `micropay://[::1]:1/pay?ca=${ca}&server=%5B::1%5D:2&request=${request}`;
  assertEquals([writeMicropayUri(pay), readMicropayUri(payText)], [payText, pay]);
});

Deno.test("other programs read a URI with several servers by RFC 3986", () => {
  const servers = [{ host: "a.example", port: 8888 }, { host: "2001:db8::1", port: 8889 }];
  const url = new URL(writeMicropayUri({ kind: "join", servers, fingerprint: ca }));
  assertEquals(url.host, "a.example:8888");
  assertEquals(url.searchParams.getAll("server"), ["[2001:db8::1]:8889"]);
});
