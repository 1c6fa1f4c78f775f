/** The server's own orders are valid at the time of their booking, or are not made. */
import { assertEquals, assertThrows } from "@std/assert";
import type { AccountName } from "../../src/account_name.ts";
import { CertificateError } from "../../src/errors.ts";
import type { Amount } from "../../src/money.ts";
import { signAccountChange } from "../../src/protocol/account_change.ts";
import { signIssue } from "../../src/protocol/issue.ts";
import { orderText, verifyOrder } from "../../src/protocol/order.ts";
import { judgeOrder } from "../../src/protocol/order_validity.ts";
import { systemRandom } from "../../src/random.ts";
import { anchor, atMs, server } from "../envelope/vector_parties.ts";
import { ManualClock } from "../manual_clock.ts";

const amount = 5 as Amount;
const name = "alice" as AccountName;

for (const kind of ["opening", "deposit", "withdrawal"] as const) {
  Deno.test(`a ${kind} is booked at the time of its order`, () => {
    const clock = new ManualClock(atMs + 999);
    // As if the clock was set back during the signing.
    const reading = { nowMs: () => (clock.jump(-3_600_000), clock.nowMs() + 3_600_000) };
    const of = { identity: server, anchor, clock: reading, random: systemRandom };
    const booking = signIssue({ kind, name, amount, memo: "cash" }, of);
    const text = orderText(booking, { ledgerId: anchor.fingerprint });
    const verified = verifyOrder(text, { anchor });
    assertEquals(judgeOrder(verified, booking), undefined);
    const { payload: order } = verified;
    assertEquals(booking.orderDigest, verified.digest);
    assertEquals([booking.payer, booking.payee], [order.payer, order.payee]);
    assertEquals([booking.id, booking.memo, booking.kind], [order.id, order.memo, kind]);
  });
}

for (const side of ["before", "after"] as const) {
  Deno.test(`nothing is issued and no account is changed ${side} the validity of the server's certificate`, () => {
    const { notBeforeMs, notAfterMs } = server.certificate;
    const clock = new ManualClock(side === "before" ? notBeforeMs - 1 : notAfterMs + 1);
    const of = { identity: server, anchor, clock, random: systemRandom };
    assertThrows(() => signIssue({ kind: "opening", name, amount }, of), CertificateError);
    const terms = { kind: "closure", name, previous: anchor.fingerprint } as const;
    const change = { ...terms, atMs: clock.nowMs() };
    assertThrows(() => signAccountChange(change, of), CertificateError);
  });
}
