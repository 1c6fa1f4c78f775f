/**
 * Whether an order may be booked at a time, with a row for each rule, at the limit and one past it.
 */
import { assertEquals } from "@std/assert";
import type { AccountName } from "../../src/account_name.ts";
import { orderFutureMsMax, orderLifetimeMsMax } from "../../src/limits.ts";
import type { VerifiedCertificate } from "../../src/pki/certificate_profile.ts";
import type { Code } from "../../src/protocol/code.ts";
import type { Order } from "../../src/protocol/order.ts";
import { derivedOrderId } from "../../src/protocol/derived_order_id.ts";
import { judgeOrder } from "../../src/protocol/order_validity.ts";

const noonMs = Date.UTC(2026, 10, 23, 12);
const now = noonMs / 1000;
const idOf = (account: string) => derivedOrderId({ account, purpose: "test", content: "" });
const lifetime = orderLifetimeMsMax / 1000;
const future = orderFutureMsMax / 1000;

const dayMs = 86_400_000;

const rows: readonly {
  readonly what: string;
  readonly iat: number;
  readonly exp: number;
  readonly nowMs?: number;
  readonly payee?: string;
  readonly id?: string;
  /** The certificate's dates. */
  readonly validMs?: readonly [number, number];
  readonly code?: Code;
  /** Whether it is invalid at any time. */
  readonly isLasting?: boolean;
}[] = [
  { what: "made now, for two minutes", iat: now, exp: now + 120 },
  { what: "for one second", iat: now, exp: now + 1 },
  { what: "that ends when it starts", iat: now, exp: now, code: 261, isLasting: true },
  { what: "that ends before it starts", iat: now, exp: now - 1, code: 261, isLasting: true },
  { what: "for the longest lifetime", iat: now, exp: now + lifetime },
  {
    what: "for one second longer",
    iat: now,
    exp: now + lifetime + 1,
    code: 261,
    isLasting: true,
  },
  { what: "in its last millisecond", iat: now, exp: now + 1, nowMs: noonMs + 999 },
  { what: "in the second it ends", iat: now, exp: now + 1, nowMs: noonMs + 1000, code: 265 },
  { what: "that ended long ago", iat: now - lifetime, exp: now - 1, code: 265 },
  { what: "made a little ahead of the server's time", iat: now + future, exp: now + future + 1 },
  {
    what: "made one second further ahead",
    iat: now + future + 1,
    exp: now + future + 2,
    code: 261,
  },
  {
    what: "made a millisecond too far ahead",
    iat: now + future,
    exp: now + future + 1,
    nowMs: noonMs - 1,
    code: 261,
  },
  { what: "with an id that its payer derived", iat: now, exp: now + 1, id: idOf("alice") },
  {
    what: "with an id that its payee derived",
    iat: now,
    exp: now + 1,
    id: idOf("bob"),
    code: 261,
    isLasting: true,
  },
  { what: "to oneself", iat: now, exp: now + 1, payee: "alice", code: 280, isLasting: true },
  {
    what: "to oneself, expired too",
    iat: now - 2,
    exp: now - 1,
    payee: "alice",
    code: 280,
    isLasting: true,
  },
  {
    what: "from second 0 of the epoch",
    iat: 0,
    exp: lifetime,
    nowMs: 0,
    validMs: [0, dayMs],
  },
  {
    what: "made in the second in which its certificate starts",
    iat: now,
    exp: now + 9,
    validMs: [noonMs, noonMs + dayMs],
  },
  {
    what: "made a second before its certificate starts",
    iat: now - 1,
    exp: now + 9,
    validMs: [noonMs, noonMs + dayMs],
    code: 261,
    isLasting: true,
  },
  {
    what: "made ahead of the server's time, which is before its certificate starts",
    iat: now + 1,
    exp: now + 9,
    validMs: [noonMs + 1000, noonMs + dayMs],
    code: 261,
  },
  {
    what: "made, and booked, in the last millisecond of its certificate",
    iat: now,
    exp: now + 9,
    validMs: [noonMs - dayMs, noonMs],
  },
  {
    what: "booked a millisecond after the end of its certificate",
    iat: now,
    exp: now + 9,
    nowMs: noonMs + 1,
    validMs: [noonMs - dayMs, noonMs],
    code: 261,
  },
  {
    what: "made a second after the end of its certificate",
    iat: now + 1,
    exp: now + 9,
    validMs: [noonMs - dayMs, noonMs],
    code: 261,
    isLasting: true,
  },
];

const usualMs = [noonMs - 10 * dayMs, noonMs + 10 * dayMs] as const;

for (const row of rows) {
  const { what, iat, exp, nowMs: atMs = noonMs, payee = "bob", code, isLasting = false } = row;
  const result = code === undefined ? "may be booked" : `is refused with ${code}`;
  const whenever = isLasting ? ", at any time" : "";
  Deno.test(`an order ${what} ${result}${whenever}`, () => {
    const [notBeforeMs, notAfterMs] = row.validMs ?? usualMs;
    const fault = judgeOrder({
      payload: {
        id: row.id ?? "019ab0a1-2c00-7000-8000-000000000001",
        payer: "alice" as AccountName,
        payee: payee as AccountName,
        iat,
        exp,
      } as Order,
      request: undefined,
      signer: { notBeforeMs, notAfterMs } as VerifiedCertificate,
    }, { atMs });
    const expected = code === undefined ? undefined : { code, isLasting };
    assertEquals(fault && { code: fault.code, isLasting: fault.isLasting }, expected);
  });
}
