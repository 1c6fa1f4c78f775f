/**
 * Whether an order may be booked at this time: a row for each rule, at the limit and one past it.
 */
import { assertEquals } from "@std/assert";
import type { AccountName } from "../../src/account_name.ts";
import { orderFutureMsMax, orderLifetimeMsMax } from "../../src/limits.ts";
import type { Code } from "../../src/protocol/code.ts";
import { refuse } from "../../src/protocol/exchange.ts";
import { judgeOrder } from "../../src/protocol/order_judgement.ts";

const noonMs = Date.UTC(2026, 10, 23, 12);
const now = noonMs / 1000;
const lifetime = orderLifetimeMsMax / 1000;
const future = orderFutureMsMax / 1000;

const rows: readonly {
  readonly what: string;
  readonly iat: number;
  readonly exp: number;
  readonly nowMs?: number;
  readonly to?: string;
  readonly code?: Code;
}[] = [
  { what: "made now, for two minutes", iat: now, exp: now + 120 },
  { what: "for one second", iat: now, exp: now + 1 },
  { what: "that ends as it begins", iat: now, exp: now, code: 261 },
  { what: "that ends before it begins", iat: now, exp: now - 1, code: 261 },
  { what: "for the longest time there is", iat: now, exp: now + lifetime },
  { what: "for one second longer", iat: now, exp: now + lifetime + 1, code: 261 },
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
  { what: "to oneself", iat: now, exp: now + 1, to: "alice", code: 280 },
  { what: "to oneself, expired too", iat: now - 2, exp: now - 1, to: "alice", code: 280 },
  { what: "from the first second there is", iat: 0, exp: lifetime, nowMs: 0 },
];

for (const { what, iat, exp, nowMs = noonMs, to = "bob", code } of rows) {
  Deno.test(`an order ${what} ${code === undefined ? "may be booked" : `is refused with ${code}`}`, () => {
    const order = { from: "alice" as AccountName, to: to as AccountName, iat, exp };
    assertEquals(judgeOrder(order, { nowMs }), code === undefined ? undefined : refuse(code));
  });
}
