/**
 * Which values are valid on the wire, with a row for each kind of fault.
 */
import * as v from "valibot";
import { assertEquals, assertThrows } from "@std/assert";
import { ProtocolError } from "../../src/errors.ts";
import { orderBytesMax } from "../../src/limits.ts";
import { check } from "../../src/protocol/request_type.ts";
import {
  accountNameShape,
  amountShape,
  base64UrlShape,
  compactJwsShape,
  countShape,
  digestShape,
  entryNumberShape,
  entrySideShape,
  hostShape,
  instantShape,
  memoShape,
  orderIdShape,
  portShape,
  secondsShape,
} from "../../src/protocol/shapes.ts";

const most = Number.MAX_SAFE_INTEGER;
const notNumbers = ["5", "", null, undefined, true, [], [5], {}, 5n, NaN, Infinity, -Infinity];
const notTexts = [5, null, undefined, true, [], ["a"], {}];

const shapes = {
  amount: {
    shape: amountShape,
    good: [1, 2, 1e3, most],
    bad: [0, -0, -1, 1.5, most + 1, 2 ** 53, 1e300, ...notNumbers],
  },
  count: {
    shape: countShape,
    good: [0, 1, most],
    bad: [-1, 0.5, most + 1, ...notNumbers],
  },
  "entry number": {
    shape: entryNumberShape,
    good: [1, most],
    bad: [0, -1, 1.5, most + 1, ...notNumbers],
  },
  seconds: {
    shape: secondsShape,
    good: [0, 1_795_435_200, most],
    bad: [-1, 0.5, most + 1, ...notNumbers],
  },
  port: {
    shape: portShape,
    good: [1, 8888, 65_535],
    bad: [0, -1, 65_536, 80.5, ...notNumbers],
  },
  name: {
    shape: accountNameShape,
    good: ["a", "0", "alice", "a.b_c-d", "a".repeat(32)],
    bad: [
      "",
      "A",
      "Alice",
      "a".repeat(33),
      ".a",
      "-a",
      "_a",
      "@issuer",
      "a b",
      "a\n",
      "a#b",
      "ä",
      "\u0430lice",
      "a\u0000",
      ...notTexts,
    ],
  },
  "side of an entry": {
    shape: entrySideShape,
    good: ["alice", "@issuer"],
    bad: ["@", "@alice", "@ISSUER", "@issuer ", "", ...notTexts],
  },
  memo: {
    shape: memoShape,
    good: [
      "x",
      "lunch",
      "für Käse 🧀",
      "a\\b",
      "x".repeat(256),
      "🧀".repeat(256),
      "👨‍👩‍👧",
      "\u202ea",
      "a\u200bb",
      "  ",
    ],
    bad: [
      "",
      "x".repeat(257),
      "🧀".repeat(257),
      "a\nb",
      "a\tb",
      "\u001b[31m",
      "a\u0000b",
      "\ud800",
      ...notTexts,
    ],
  },
  id: {
    shape: orderIdShape,
    good: [
      "019ab0a1-2c00-7000-8000-000000000001",
      "019ab0a1-2c00-8000-8000-000000000001",
      "00000000-0000-7000-bfff-ffffffffffff",
    ],
    bad: [
      "",
      "019AB0A1-2C00-7000-8000-000000000001",
      "019ab0a1-2c00-4000-8000-000000000001",
      "019ab0a1-2c00-7000-c000-000000000001",
      "019ab0a12c0070008000000000000001",
      "{019ab0a1-2c00-7000-8000-000000000001}",
      "019ab0a1-2c00-7000-8000-000000000001 ",
      ...notTexts,
    ],
  },
  host: {
    shape: hostShape,
    good: [
      "127.0.0.1",
      "::1",
      "2001:db8::1",
      "localhost",
      "a-b.example.com",
      "xn--bcher-kva.example",
    ],
    bad: [
      "",
      "LOCALHOST",
      "127.0.0.01",
      "127.1",
      "256.0.0.1",
      "1.2.3.4.5",
      "0:0:0:0:0:0:0:1",
      "[::1]",
      "fe80::1%eth0",
      "example.com.",
      "*.example.com",
      "a_b",
      "-a",
      "a:80",
      "http://a",
      "bücher.example",
      "a b",
      "1.2.3.400",
      ...notTexts,
    ],
  },
  digest: {
    shape: digestShape,
    good: ["0".repeat(64), "0123456789abcdef".repeat(4)],
    bad: [
      "",
      "0".repeat(63),
      "0".repeat(65),
      "A".repeat(64),
      "g".repeat(64),
      `${"0".repeat(64)}\n`,
      ...notTexts,
    ],
  },
  instant: {
    shape: instantShape,
    good: ["2026-11-23T12:00:00.000Z"],
    bad: [
      "",
      "2026-11-23",
      "2026-11-23T12:00:00Z",
      "2026-11-23T12:00:00.000+00:00",
      "2026-11-23 12:00:00.000Z",
      "2026-11-23T12:00:00.000Z\n",
      1_795_435_200,
      ...notTexts,
    ],
  },
  "compact JWS": {
    shape: compactJwsShape,
    good: ["a.b.c", `a.b.${"c".repeat(orderBytesMax - 4)}`],
    bad: [
      "",
      "a.b",
      "a.b.",
      "a.b.c.d",
      "a.b.c=",
      "a.b c.d",
      "a.b.c\n",
      `a.b.${"c".repeat(orderBytesMax - 3)}`,
      ...notTexts,
    ],
  },
  bytes: {
    shape: base64UrlShape,
    good: ["AA", "-_", "a".repeat(16_384)],
    bad: ["", "AA==", "A+", "A A", "AA\n", "a".repeat(16_385), ...notTexts],
  },
} as const;

for (const [name, { shape, good, bad }] of Object.entries(shapes)) {
  for (const value of good) {
    Deno.test(`${shown(value)} is valid: ${name}`, () => {
      assertEquals<unknown>(check(shape as typeof countShape, value, "x"), value);
    });
  }
  for (const value of bad) {
    Deno.test(`${shown(value)} is not valid: ${name}`, () => {
      assertThrows(() => check(shape as typeof countShape, value, "x"), ProtocolError);
    });
  }
}

function shown(value: unknown): string {
  if (Object.is(value, -0)) return "-0";
  const text = typeof value === "string" ? JSON.stringify(value) : Deno.inspect(value);
  return text.length <= 60 ? text : `${text.slice(0, 30)}… of ${text.length}`;
}

Deno.test("an instant is a date that exists, in UTC with milliseconds", () => {
  assertEquals(v.is(instantShape, "2026-11-27T05:08:35.000Z"), true);
  for (const text of ["2026-13-01T00:00:00.000Z", "2026-11-27T99:00:00.000Z", "2026-11-27"]) {
    assertEquals(v.is(instantShape, text), false, text);
  }
});
