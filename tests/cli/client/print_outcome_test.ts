/**
 * A payment's text has the balance when the server answers soon.
 */
import { assertEquals } from "@std/assert";
import { askBalanceSoon } from "../../../src/cli/client/print_outcome.ts";
import type { Member } from "../../../src/client/member.ts";
import { ClosedError } from "../../../src/errors.ts";
import { answerWith } from "../../../src/protocol/request_type.ts";
import { ManualClock } from "../../manual_clock.ts";

function memberWith(clock: ManualClock, balance: () => ReturnType<Member["balance"]>): Member {
  return { context: { clock }, balance } as unknown as Member;
}

const silent = () => new Promise<never>(() => {});

Deno.test("balance: an answer that comes at once is the balance", async () => {
  const clock = new ManualClock();
  const member = memberWith(clock, () => Promise.resolve(answerWith({ balance: 8000 })));
  assertEquals([await askBalanceSoon(member), clock.pending], [8000, 0]);
});

Deno.test("balance: the wait for a silent server ends after a second", async () => {
  const clock = new ManualClock();
  const asked = askBalanceSoon(memberWith(clock, silent));
  await clock.advance(1000);
  assertEquals([await asked, clock.pending], [undefined, 0]);
});

Deno.test("balance: a signal ends the wait at once", async () => {
  const clock = new ManualClock();
  const controller = new AbortController();
  const asked = askBalanceSoon(memberWith(clock, silent), { signal: controller.signal });
  controller.abort();
  assertEquals([await asked, clock.pending], [undefined, 0]);
});

Deno.test("balance: a connection that ends gives no balance and no error", async () => {
  const member = memberWith(
    new ManualClock(),
    () => Promise.reject(new ClosedError("ask: closed")),
  );
  assertEquals(await askBalanceSoon(member), undefined);
});
