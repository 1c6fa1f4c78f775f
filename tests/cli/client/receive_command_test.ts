/**
 * How `receive` ends: by itself when there were enough payments, or with a connection that is lost
 * for good.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { commandSteps, dismissedAdvice } from "../../../src/cli/client/advice.ts";
import { ConnectionReport } from "../../../src/cli/client/connection_report.ts";
import { jsonOutput, textOutput } from "../../../src/cli/client/output.ts";
import { receive } from "../../../src/cli/client/receive_command.ts";
import {
  type ConnectionEnd,
  type ConnectionEvent,
  LastingMember,
  type LastingOptions,
} from "../../../src/client/lasting_member.ts";
import type { IncomingPayment } from "../../../src/client/payment/incoming_payments.ts";
import { ClosedError, ConnectError, OtherLedgerError } from "../../../src/errors.ts";
import { SelfAudit } from "../../../src/client/self_audit.ts";
import { SqliteWalletStore } from "../../../src/client/sqlite/sqlite_wallet_store.ts";
import { ordersPerSubmitMax } from "../../../src/limits.ts";
import type { Amount } from "../../../src/money.ts";
import { answerWith } from "../../../src/protocol/request_type.ts";
import { paymentType } from "../../../src/protocol/transfer.ts";
import { memberOf } from "../../client/test_member.ts";
import { inFolder } from "../../pki/temporary_folder.ts";
import { named, startServer } from "../../server/test_server.ts";

const rows = [
  { options: {}, entries: [], says: "receive" },
  { options: {}, entries: [3, 4], says: "receive --since 4" },
  { options: { count: 5 }, entries: [4, 3], says: "receive --since 4 --count 3" },
  { options: { since: 2 }, entries: [], says: "receive --since 2" },
  { options: { since: 0, count: 9 }, entries: [7], says: "receive --since 7 --count 8" },
];

/** A member whose payments come at once. */
function memberPaid(
  entries: readonly number[],
  { ended = new Promise(() => {}), step = () => Promise.resolve() }: {
    readonly ended?: Promise<ConnectionEnd>;
    readonly step?: (name: string) => Promise<void>;
  },
): LastingMember {
  return {
    context: { receiptsFile: "wallet.db" },
    ended,
    goOnline({ onPayment, onEvent }: LastingOptions) {
      onEvent({ kind: "online", port: 1 });
      for (const entry of entries) {
        onPayment({ receipt: { payload: { entry } } } as unknown as IncomingPayment);
      }
      return Promise.resolve(answerWith({ port: 1 }));
    },
    stop: () => {},
    stopTaking: () => step("stop taking"),
    exit: () => step("exit"),
  } as unknown as LastingMember;
}

const ignore = () => {};
const io = {
  ...{ say: ignore, onSignal: () => ignore, isReaderGone: () => false, port: 0 },
  output: textOutput({ print: ignore, printError: ignore }),
  typed: (words: string) => `micropay ${words}`,
  selfAudit: { run: () => Promise.resolve(), runSoon: () => Promise.resolve() },
};

for (const { options, entries, says } of rows) {
  const title = `after the entries ${JSON.stringify(entries)} with ${JSON.stringify(options)}`;
  for (const why of ["replaced", "failed"] as const) {
    Deno.test(`receive: when the connection is ${why} ${title}, it says how to go on`, async () => {
      const error = why === "replaced"
        ? new ClosedError("talk to the server: it is over")
        : new OtherLedgerError("talk to the server: it is over");
      const member = memberPaid(entries, { ended: Promise.resolve({ why, error }) });
      const receiving = () => receive(member, { ...io, ...options });
      const { message } = await assertRejects(receiving, error.constructor as typeof Error);
      assertEquals(message, `talk to the server: it is over; go on with: micropay ${says}`);
    });
  }
}

Deno.test("receive: a member whose certificate was revoked is told to ask the operator for a code", async () => {
  const error = new ClosedError("talk to the server: it is over");
  const member = memberPaid([3], { ended: Promise.resolve({ why: "dismissed", error }) });
  const { message } = await assertRejects(() => receive(member, io), ClosedError);
  assertEquals(message, `${error.message}; ${dismissedAdvice(commandSteps)}`);
});

Deno.test("receive: after enough payments it takes no more, and only then audits and says goodbye", async () => {
  const steps: string[] = [];
  const step = (name: string) => Promise.resolve(void steps.push(name));
  const selfAudit = { ...io.selfAudit, runSoon: () => step("audit") };
  await receive(memberPaid([3, 4], { step }), { ...io, selfAudit, count: 2 });
  assertEquals(steps, ["audit", "stop taking", "audit", "exit"]);
});

Deno.test("receive: of 1,000 payments in a burst it prints each once, and few wait to be printed", async () => {
  await inFolder(async (folder) => {
    await using server = await startServer();
    const store = new SqliteWalletStore(`${folder}/wallet.db`);
    await store.pin("127.0.0.1:1", server.anchor.fingerprint, { replace: false });
    const alice = await memberOf(server, await server.enroll("alice"), { store });
    const bob = await memberOf(server, await server.enroll("bob"));
    const member = new LastingMember(alice, () => Promise.reject(new ClosedError("it is over")));
    const online = Promise.withResolvers<void>();
    const printed: number[] = [];
    const waiting = { now: 0, most: 0 };
    const print = (line: string) => {
      const { event, entry } = JSON.parse(line);
      if (event === "online") online.resolve();
      if (event !== "payment") return;
      printed.push(entry);
      waiting.now--;
    };
    const faults: string[] = [];
    const received = receive(member, {
      ...io,
      count: 1000,
      output: jsonOutput({ print, printError: (line) => void faults.push(line) }),
      say: (line) => void faults.push(line),
      selfAudit: new SelfAudit(member, {
        onFailure: () => faults.push("an audit failed"),
        onError: ({ message }) => faults.push(message),
      }),
    });
    await online.promise;
    alice.context.link.listen(paymentType, ({ payments }) => {
      waiting.now += (payments as unknown[]).length;
      waiting.most = Math.max(waiting.most, waiting.now);
    });
    const toAlice = { payee: named("alice"), amount: 1 as Amount, viaServer: true };
    const booked: number[] = [];
    // As many at once as a file of payments has under way.
    await Promise.all(Array.from({ length: 4 }, async () => {
      for (let messages = 0; messages < 10; messages++) {
        for (const one of await bob.payAll(Array(ordersPerSubmitMax).fill(toAlice))) {
          assert(one.status === "fulfilled" && one.value.outcome === "paid");
          booked.push(one.value.receipt.payload.entry);
        }
      }
    }));
    assertEquals(await received, undefined);
    assertEquals(faults, []);
    assertEquals(printed.toSorted((a, b) => a - b), booked.toSorted((a, b) => a - b));
    // As many as one push has, because a push is taken before the next one is opened.
    assert(waiting.most <= 2 * ordersPerSubmitMax, `${waiting.most} waited`);
    await bob.exit();
    store.close();
  });
});

Deno.test("receive: it reports a lost connection, each new reason once, and the next login", () => {
  const away = new ConnectError("no server answered");
  const reason = new ClosedError("the server is stopping");
  const events: ConnectionEvent[] = [
    { kind: "online", port: 7 },
    { kind: "lost", reason },
    { kind: "retrying", inMs: 1, reason },
    { kind: "connecting" },
    { kind: "retrying", inMs: 2, reason: away },
    { kind: "connecting" },
    { kind: "retrying", inMs: 3, reason: away },
    { kind: "connecting" },
    { kind: "waiting", place: 3 },
    { kind: "online", port: 7 },
  ];
  const reported = (outputOf: typeof textOutput) => {
    const lines: string[] = [];
    const print = (line: string) => void lines.push(line);
    const report = new ConnectionReport(outputOf({ print, printError: print }));
    events.forEach((event) => report.tell(event));
    return lines;
  };
  assertEquals(reported(textOutput), [
    "Online, taking payments on port 7. Ctrl-C ends.",
    "Offline, connecting again: the server is stopping",
    "Still offline, trying again: no server answered",
    "waiting, place 3: the server is full",
    "Online again, taking payments on port 7",
  ]);
  assertEquals(reported(jsonOutput).map((line) => JSON.parse(line)), [
    { event: "online", port: 7 },
    { event: "offline", error: "closed", text: "the server is stopping" },
    { event: "offline", error: "connect", text: "no server answered" },
    { event: "waiting", place: 3 },
    { event: "online", port: 7 },
  ]);
});
