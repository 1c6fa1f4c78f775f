/**
 * How `receive` ends: by itself when there were enough payments, or with its server.
 */
import { assertEquals, assertRejects } from "@std/assert";
import { textOutput } from "../../../src/cli/client/output.ts";
import { receive } from "../../../src/cli/client/receive_command.ts";
import type { Member, OnlineOptions } from "../../../src/client/member.ts";
import type { IncomingPayment } from "../../../src/client/payment/incoming_payments.ts";
import { ClosedError } from "../../../src/errors.ts";
import { answerWith } from "../../../src/protocol/request_type.ts";

const rows = [
  { options: {}, entries: [], says: "receive" },
  { options: {}, entries: [3, 4], says: "receive --since 4" },
  { options: { count: 5 }, entries: [4, 3], says: "receive --since 4 --count 3" },
  { options: { since: 2 }, entries: [], says: "receive --since 2" },
  { options: { since: 0, count: 9 }, entries: [7], says: "receive --since 7 --count 8" },
];

/** A member whose payments come at once. */
function memberPaid(entries: readonly number[], closed: Promise<ClosedError>): Member {
  return {
    context: { receiptsFile: "wallet.db", link: { closed } },
    async *received() {},
    goOnline({ onPayment }: OnlineOptions) {
      for (const entry of entries) {
        onPayment({ receipt: { payload: { entry } } } as unknown as IncomingPayment);
      }
      return Promise.resolve(answerWith({ port: 1 }));
    },
  } as unknown as Member;
}

for (const { options, entries, says } of rows) {
  const title = `after the entries ${JSON.stringify(entries)} with ${JSON.stringify(options)}`;
  Deno.test(`receive: when the server ends ${title}, it says how to go on`, async () => {
    const ignore = () => {};
    const io = { say: ignore, onSignal: () => ignore, isReaderGone: () => false };
    const output = textOutput({ print: ignore, printError: ignore });
    const typed = (words: string) => `micropay ${words}`;
    const selfAudit = { run: () => Promise.resolve(), runSoon: () => Promise.resolve() };
    const member = memberPaid(
      entries,
      Promise.resolve(new ClosedError("talk to the server: it is stopping")),
    );
    const receiving = () =>
      receive(member, { ...io, output, typed, selfAudit, port: 0, ...options });
    const { message } = await assertRejects(receiving, ClosedError);
    assertEquals(message, `talk to the server: it is stopping; go on with: micropay ${says}`);
  });
}

Deno.test("receive: after enough payments it takes no more, and only then audits and says goodbye", async () => {
  const steps: string[] = [];
  const step = (name: string) => Promise.resolve(void steps.push(name));
  const member = {
    ...memberPaid([3, 4], new Promise(() => {})),
    stopTaking: () => step("stop taking"),
    exit: () => step("exit"),
  } as unknown as Member;
  const ignore = () => {};
  await receive(member, {
    say: ignore,
    onSignal: () => ignore,
    isReaderGone: () => false,
    output: textOutput({ print: ignore, printError: ignore }),
    typed: (words) => words,
    selfAudit: { run: () => Promise.resolve(), runSoon: () => step("audit") },
    port: 0,
    count: 2,
  });
  assertEquals(steps, ["audit", "stop taking", "audit", "exit"]);
});
