/**
 * Replies: a success has its answer, a refusal has none, and the text of an error is always short.
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { ProtocolError } from "../../src/errors.ts";
import { balanceRequestType } from "../../src/protocol/balance.ts";
import {
  answerWith,
  check,
  decodeOutcome,
  decodeReply,
  encodeReply,
  refuse,
} from "../../src/protocol/request_type.ts";
import { listRequestType } from "../../src/protocol/list.ts";
import { registerRequestType } from "../../src/protocol/register.ts";
import { payRequestType } from "../../src/protocol/transfer.ts";
import type { JsonObject } from "../../src/strict_json.ts";

const overTheWire = (body: JsonObject): JsonObject => JSON.parse(JSON.stringify(body));

Deno.test("a success has its code, the code's text and the answer", () => {
  const body = encodeReply(balanceRequestType, 4, answerWith({ balance: 7 }));
  assertEquals(body, { re: 4, code: 300, text: "OK", answer: { balance: 7 } });
  const reply = decodeReply(overTheWire(body));
  assertEquals(decodeOutcome(balanceRequestType, reply), answerWith({ balance: 7 }));
});

Deno.test("a refusal has its code and a text, and no answer", () => {
  const body = encodeReply(balanceRequestType, 0, refuse(220));
  assertEquals(body, { re: 0, code: 220, text: "AUTH_FAIL" });
  assertEquals(decodeOutcome(balanceRequestType, decodeReply(overTheWire(body))), refuse(220));
});

Deno.test("a refusal may add a detail to its code's text", () => {
  const refusal = refuse(261, "amount: not a number");
  const reply = decodeReply(overTheWire(encodeReply(payRequestType, 1, refusal)));
  assertEquals(decodeOutcome(payRequestType, reply), refusal);
});

const replies: readonly {
  readonly what: string;
  readonly body: JsonObject;
  readonly ok: boolean;
}[] = [
  { what: "a refusal", body: { re: 0, code: 400, text: "unknown" }, ok: true },
  { what: "a text at the limit", body: { re: 0, code: 400, text: "x".repeat(1000) }, ok: true },
  {
    what: "a text one past the limit",
    body: { re: 0, code: 400, text: "x".repeat(1001) },
    ok: false,
  },
  { what: "no re", body: { code: 400, text: "" }, ok: false },
  { what: "a negative re", body: { re: -1, code: 400, text: "" }, ok: false },
  { what: "a fractional re", body: { re: 0.5, code: 400, text: "" }, ok: false },
  { what: "no code", body: { re: 0, text: "" }, ok: false },
  { what: "an unknown code", body: { re: 0, code: 401, text: "" }, ok: false },
  { what: "a code that is text", body: { re: 0, code: "400", text: "" }, ok: false },
  {
    what: "a code that is an inherited name",
    body: { re: 0, code: "toString", text: "" },
    ok: false,
  },
  { what: "no text", body: { re: 0, code: 400 }, ok: false },
  {
    what: "an answer that is an array",
    body: { re: 0, code: 300, text: "", answer: [] },
    ok: false,
  },
  { what: "an answer of null", body: { re: 0, code: 300, text: "", answer: null }, ok: false },
  { what: "an extra member", body: { re: 0, code: 400, text: "", extra: 1 }, ok: false },
  {
    what: "an extra member named __proto__",
    body: JSON.parse('{"re":0,"code":400,"text":"","__proto__":1}'),
    ok: false,
  },
];

for (const { what, body, ok } of replies) {
  Deno.test(`a reply with ${what} is ${ok ? "read" : "refused"}`, () => {
    if (ok) assertEquals(decodeReply(body).re, 0);
    else assertThrows(() => decodeReply(body), ProtocolError, "read a reply: ");
  });
}

const outcomes: readonly {
  readonly what: string;
  readonly reply: JsonObject;
  readonly text: string;
}[] = [
  {
    what: "a success without its answer",
    reply: { code: 300 },
    text: "read the answer to balance: the body",
  },
  {
    what: "an answer of another request type",
    reply: { code: 300, answer: { receipt: "a.b.c" } },
    text: "read the answer to balance: ",
  },
  {
    what: "an answer with an extra member",
    reply: { code: 300, answer: { balance: 1, extra: 1 } },
    text: "extra",
  },
  { what: "a negative balance", reply: { code: 300, answer: { balance: -1 } }, text: "balance: " },
  {
    what: "a refusal with an answer",
    reply: { code: 400, answer: { balance: 1 } },
    text: "read a reply: 400 has an answer",
  },
  {
    what: "a success of another request type, with an answer",
    reply: { code: 130, answer: { balance: 1 } },
    text: "130 has an answer",
  },
];

for (const { what, reply, text } of outcomes) {
  Deno.test(`${what} is refused`, () => {
    const decoded = decodeReply({ re: 0, text: "", ...reply });
    assertThrows(() => decodeOutcome(balanceRequestType, decoded), ProtocolError, text);
  });
}

Deno.test("an error names the member and its rule, never the value", () => {
  const error = assertThrows(
    () => check(payRequestType.request, { order: "no order at all" }, "read a pay request"),
    ProtocolError,
  );
  assert(error.message.startsWith("read a pay request: order: Invalid format: Expected"));
  assert(!error.message.includes("no order at all"));
});

const longBodies: readonly { readonly what: string; readonly check: () => void }[] = [
  {
    what: "a long value",
    check: () => check(payRequestType.request, { order: "a b".repeat(3000) }, "x"),
  },
  {
    what: "a long value of bytes",
    check: () => check(registerRequestType.answer, { certificate: "!".repeat(9000) }, "x"),
  },
  {
    what: "a long name of a member",
    check: () => check(listRequestType.request, { ["k".repeat(30_000)]: 1 }, "x"),
  },
  {
    what: "a long name in a list",
    check: () =>
      check(listRequestType.answer, {
        balance: 0,
        count: 0,
        more: false,
        online: [{ ["k".repeat(9000)]: 1, name: "a", ip: "::1", port: 1 }],
      }, "x"),
  },
];

for (const { what, check } of longBodies) {
  Deno.test(`an error about ${what} is short enough for the text of a reply`, () => {
    const { message } = assertThrows(check, ProtocolError);
    assert(message.length < 200, `${message.length}`);
  });
}

const strangersMembers: readonly { readonly member: string; readonly named: string }[] = [
  { member: "\u001b[2J", named: '"\\u{1b}[2J"' },
  { member: 'a": b', named: '"a\\": b"' },
  { member: "a  b", named: '"a \\u{20}b"' },
  { member: "\u3164", named: '"\\u{3164}"' },
  // Cut between two code points.
  { member: `x${"\u{1f355}".repeat(70)}`, named: `"x${"\u{1f355}".repeat(63)}"` },
  { member: "\u{10ffff}".repeat(9000), named: `"${"\\u{10ffff}".repeat(64)}"` },
  { member: "fee", named: "fee" },
];

for (const { member, named } of strangersMembers) {
  Deno.test(`an error shows a foreign member as ${named.slice(0, 40)}, and fits into a reply`, () => {
    const error = assertThrows(
      () => check(listRequestType.request, { [member]: 1 }, "read a list request"),
      ProtocolError,
    );
    assert(error.message.startsWith(`read a list request: ${named}: `), error.message);
    const { text } = refuse(410, error.message);
    assertEquals(decodeReply({ re: 0, code: 410, text }).text, text);
  });
}

for (const name of ["toString", "constructor", "__proto__", "hasOwnProperty"]) {
  Deno.test(`a member named ${name} is refused, although every object inherits one`, () => {
    const body = JSON.parse(`{"order":"a.b.c","${name}":1}`);
    assertThrows(() => check(payRequestType.request, body, "x"), ProtocolError, name);
  });
}
