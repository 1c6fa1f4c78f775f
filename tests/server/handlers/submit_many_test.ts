/**
 * Many orders in one `submit`: each gets its result, all are booked in one commit, and their other
 * sides are told in few pushes.
 */
import { assert, assertEquals } from "@std/assert";
import type { ServerLink } from "../../../src/client/server_link.ts";
import { seal } from "../../../src/envelope/seal.ts";
import { orderDigest } from "../../../src/ledger/entry.ts";
import { openSqliteLedger } from "../../../src/ledger/sqlite/open_sqlite_ledger.ts";
import {
  bodyBytesMax,
  lineBytesMax,
  ordersPerSubmitMax,
  ordersPerTurn,
} from "../../../src/limits.ts";
import type { Identity } from "../../../src/pki/identity.ts";
import { balanceRequestType } from "../../../src/protocol/balance.ts";
import { check, encodeReply } from "../../../src/protocol/request_type.ts";
import {
  paymentsShape,
  paymentType,
  type Result,
  resultsShape,
  resultType,
  submitRequestType,
} from "../../../src/protocol/transfer.ts";
import { DecisionPushes } from "../../../src/server/decision_pushes.ts";
import { FairQueue } from "../../../src/server/fair_queue.ts";
import { LedgerFaults } from "../../../src/server/ledger_faults.ts";
import { MemberSessions } from "../../../src/server/session/member_sessions.ts";
import { submitRoute } from "../../../src/server/handlers/submit.ts";
import { commitsIn } from "../../ledger/sqlite/commits_in.ts";
import { inFolder } from "../../ledger/sqlite/temporary_ledger.ts";
import { orderPayload, signPayload } from "../order_maker.ts";
import {
  makeAuthority,
  named,
  serverIdentity,
  sessionKey,
  startServer,
  type TestServer,
} from "../test_server.ts";

Deno.test("submit: 25 orders are booked in one commit, one after the other, and each has its result", async () => {
  await inFolder(async (folder) => {
    const file = `${folder}/server.db`;
    const authority = makeAuthority();
    const ledger = await openSqliteLedger({ file, ledgerId: authority.anchor.fingerprint });
    await using server = await startServer({ authority, ledger });
    const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
    const orders = ordersOf(server, alice, ordersPerSubmitMax);
    const link = await server.link(bob);
    await link.ask(balanceRequestType, {});
    const before = commitsIn(`${file}-wal`);
    const results = await submit(link, orders);
    assertEquals(commitsIn(`${file}-wal`) - before, 1);
    assertEquals(results.map(({ order }) => order), orders.map(orderDigest));
    assertEquals(new Set(results.map(({ code }) => code)), new Set([130]));
    const booked = results.map(({ receipt }) => receipt!.entry);
    assertEquals(booked, booked.map((_, at) => booked[0]! + at));
    assertEquals(await server.balanceOf("bob"), 10_000 + ordersPerSubmitMax);
    await server.server.stop();
  });
});

Deno.test("submit: orders that are refused for several reasons take one more commit than the others", async () => {
  await inFolder(async (folder) => {
    const file = `${folder}/server.db`;
    const authority = makeAuthority();
    const ledger = await openSqliteLedger({ file, ledgerId: authority.anchor.fingerprint });
    await using server = await startServer({ authority, ledger });
    const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
    const terms = [
      { amount: 1 },
      { amount: 10_001 },
      { refunds: "019aaf3e-7c00-7000-8000-000000000001" },
      { amount: 2 },
      { amount: 10_002 },
    ];
    const orders = terms.map((some) =>
      signPayload(orderPayload(alice, server.anchor, some), alice)
    );
    const link = await server.link(bob);
    await link.ask(balanceRequestType, {});
    const before = commitsIn(`${file}-wal`);
    const results = await submit(link, orders);
    assertEquals(commitsIn(`${file}-wal`) - before, 2);
    assertEquals(results.map(({ code }) => code), [130, 270, 268, 130, 270]);
    assertEquals(await server.balanceOf("bob"), 10_003);
    await server.server.stop();
  });
});

Deno.test("submit: a text that is no order and an order that is refused have results of their own", async () => {
  await using server = await startServer();
  const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
  const orderOf = (amount: number) =>
    signPayload(orderPayload(alice, server.anchor, { amount }), alice);
  const [first, tooMuch, last] = [orderOf(1), orderOf(10_001), orderOf(2)];
  const long = `${"a".repeat(12_288)}.a.a`;
  const orders = [first, "no order at all", tooMuch, first, long, last];
  const results = await submit(await server.link(bob), orders);
  assertEquals(results.map(({ code }) => code), [130, 261, 270, 130, 261, 130]);
  assertEquals(results.map(({ order }) => order), orders.map(orderDigest));
  assertEquals(results[3], results[0]);
  assertEquals(await server.balanceOf("bob"), 10_003);
  const refused = server.events.all.flatMap((event) => event.kind === "refused" ? event.code : []);
  assertEquals(refused, [261, 270, 261]);
});

Deno.test("submit: of many orders that a payee submits, each payer is told its own in one push", async () => {
  await using server = await startServer();
  const [alice, bob, carol] = [
    await server.enroll("alice"),
    await server.enroll("bob"),
    await server.enroll("carol"),
  ];
  const links = [await server.link(alice), await server.link(carol)];
  const told = links.map(() => [] as Result[][]);
  for (const [at, link] of links.entries()) {
    link.listen(
      resultType,
      (body) => void told[at]!.push(check(resultsShape, body, "read results").results),
    );
    await link.ask(balanceRequestType, {});
  }
  const [hers, others] = [ordersOf(server, alice, 3), ordersOf(server, carol, 2)];
  const mixed = [hers[0]!, others[0]!, hers[1]!, others[1]!, hers[2]!];
  const results = await submit(await server.link(bob), mixed);
  for (const link of links) await link.ask(balanceRequestType, {});
  assertEquals(told, [
    [[results[0]!, results[2]!, results[4]!]],
    [[results[1]!, results[3]!]],
  ]);
});

Deno.test("submit: payments that do not fit one line are told a payee in several pushes", async () => {
  await using server = await startServer();
  const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
  const payee = await server.link(bob);
  const pushes: number[] = [];
  const told: string[] = [];
  payee.listen(paymentType, (body) => {
    const { payments } = check(paymentsShape, body, "read payments");
    pushes.push(payments.length);
    told.push(...payments.map(({ order }) => order));
  });
  await payee.ask(balanceRequestType, {});
  const orders = ordersOf(server, alice, ordersPerSubmitMax);
  await submit(await server.link(alice), orders);
  await payee.ask(balanceRequestType, {});
  assertEquals(told, orders);
  assert(pushes.length > 1 && pushes.length < 5, `${pushes.length} pushes`);
});

Deno.test("submit: the output tells of one order what it pays, and of many how many they are", async () => {
  await using server = await startServer();
  const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
  const link = await server.link(bob);
  for (const orders of [ordersOf(server, alice, 1), ordersOf(server, alice, 2), ["no order"]]) {
    await submit(link, orders);
  }
  const notations = server.events.all.flatMap((event) =>
    event.kind === "message" && event.name === "bob" ? event.notation : []
  );
  assertEquals(notations, ["alice#1#bob", "Submit#2", "Submit"]);
});

Deno.test("submit: of many orders the first are verified at once, and a few in each further turn", async () => {
  await using server = await startServer();
  const alice = await server.enroll("alice");
  await server.enroll("bob");
  const turns: number[] = [];
  const session = {
    channel: { remote: { host: "127.0.0.1", port: 1 } },
    inTurn: async (task: () => Promise<void>) => void turns.push(await counted(task)),
    commit: <Result>(task: () => Promise<Result>) => task(),
  };
  // Each verified order reads the trust anchor once.
  let verified = 0;
  const counted = async (task: () => Promise<void>) => {
    const before = verified;
    await task();
    return verified - before;
  };
  const { ledger, anchor, identity } = server;
  const sessions = new MemberSessions();
  const queue = new FairQueue({ inFlightMax: 1 });
  const fail = (error: unknown) => {
    throw error;
  };
  const context = {
    name: named("bob"),
    reportRequest: () => {},
    session,
    server: {
      get anchor() {
        verified++;
        return anchor;
      },
      ledger,
      clock: { nowMs: () => Date.now() },
      decisions: new DecisionPushes({ sessions, queue, identity, anchor, onFailure: fail }),
      ledgerFaults: new LedgerFaults({ report: fail }),
    },
  };
  const orders = ordersOf(server, alice, ordersPerSubmitMax);
  await submitRoute.handle({ orders }, context as never);
  assertEquals(turns, [ordersPerTurn, ordersPerTurn, 1]);
});

Deno.test("submit: the reply with a receipt for each of 25 orders fits a line", async () => {
  const authority = makeAuthority();
  const identity = serverIdentity(authority);
  const results = Array.from({ length: ordersPerSubmitMax }, (): Result => ({
    order: "0".repeat(64),
    code: 130,
    text: "transfer OK",
    receipt: {
      entry: Number.MAX_SAFE_INTEGER,
      kind: "payment",
      at: "2026-11-23T08:00:00.000Z",
      head: "0".repeat(64),
      signature: "A".repeat(86),
    },
  }));
  const answer = check(resultsShape, { results }, "read results");
  const body = encodeReply(submitRequestType, Number.MAX_SAFE_INTEGER, {
    outcome: "answered",
    answer,
  });
  assert(JSON.stringify(body).length <= bodyBytesMax, `${JSON.stringify(body).length} bytes`);
  const { jwk, kid } = sessionKey;
  const algorithm = { name: "RSA-OAEP", hash: "SHA-256" };
  const publicKey = await crypto.subtle.importKey("jwk", jwk, algorithm, false, ["encrypt"]);
  const line = await seal({
    type: "reply",
    seq: Number.MAX_SAFE_INTEGER,
    conn: "x".repeat(22),
    to: `micropay:account:${"x".repeat(32)}`,
    iat: 2_000_000_000,
    body,
  }, { signer: { kind: "certified", identity }, recipient: { publicKey, kid } });
  // A key of 4096 bits instead of 2048 takes 342 characters more.
  assert(line.length + 342 <= lineBytesMax, `a line of ${line.length} bytes`);
});

/** Orders of this payer to bob, of 1 each. */
function ordersOf(server: TestServer, payer: Identity, count: number): string[] {
  return Array.from(
    { length: count },
    () => signPayload(orderPayload(payer, server.anchor, { amount: 1 }), payer),
  );
}

async function submit(link: ServerLink, orders: readonly string[]): Promise<Result[]> {
  const outcome = await link.ask(submitRequestType, { orders: [...orders] });
  assert(outcome.outcome === "answered", JSON.stringify(outcome));
  return outcome.answer.results;
}
