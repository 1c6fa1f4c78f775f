/** Several servers on one ledger: what one decides, the members at all of them are told. */
import { assertEquals } from "@std/assert";
import { MemoryLedger } from "../ledger/memory/memory_ledger.ts";
import type { ServerLink } from "../../src/client/server_link.ts";
import type { Identity } from "../../src/pki/identity.ts";
import { balanceRequestType } from "../../src/protocol/balance.ts";
import { check } from "../../src/protocol/request_type.ts";
import {
  paymentsShape,
  paymentType,
  resultsShape,
  resultType,
} from "../../src/protocol/transfer.ts";
import { keepOpen } from "./kept_ledger.ts";
import { orderPayload, signPayload } from "./order_maker.ts";
import { submitOrder } from "./submit_order.ts";
import { makeAuthority, startServer, type TestServer } from "./test_server.ts";

interface Pushed {
  readonly results: { readonly order: string; readonly code: number }[];
  readonly payments: string[];
}

Deno.test("servers: the payer of an order that was submitted at another server is told its result once, by its own server", async () => {
  await using both = await startServers();
  const [here, there] = both.servers;
  const [alice, bob] = await enroll(here, ["alice", "bob"]);
  const payer = await listen(await here.link(alice!));
  const payee = await here.link(bob!);
  const elsewhere = await there.link(bob!);
  await submitOrder(elsewhere, orderOf(here, alice!, 7));
  await submitOrder(elsewhere, orderOf(here, alice!, 10_001));
  await payer.settle();
  assertEquals(payer.pushed.results.map(({ code }) => code), [130, 270]);
  assertEquals(payer.pushed.payments, []);
  await payee.ask(balanceRequestType, {});
});

Deno.test("servers: a payee is told the payment that its payer submitted at another server, with a receipt of its own server", async () => {
  await using both = await startServers();
  const [here, there] = both.servers;
  const [alice, bob] = await enroll(here, ["alice", "bob"]);
  const payee = await listen(await there.link(bob!));
  const order = orderOf(here, alice!, 7);
  await submitOrder(await here.link(alice!), order);
  await payee.settle();
  assertEquals(payee.pushed, { results: [], payments: [order] });
});

Deno.test("servers: a member is told orders of many payers in the order of their entries", async () => {
  await using both = await startServers();
  const [here, there] = both.servers;
  const names = ["alice", "carol", "dave", "erin"];
  const payers = await enroll(here, names);
  const [bob] = await enroll(here, ["bob"]);
  const payee = await listen(await there.link(bob!));
  const links = await Promise.all(payers.map((payer) => here.link(payer)));
  const orders = payers.flatMap((payer) => [1, 2, 3].map((amount) => orderOf(here, payer, amount)));
  const receipts = await Promise.all(
    orders.map(async (order, at) => {
      const outcome = await submitOrder(links[Math.floor(at / 3)]!, order);
      return outcome.outcome === "answered"
        ? { order, entry: outcome.answer.receipt.entry }
        : never();
    }),
  );
  await payee.settle();
  receipts.sort((a, b) => a.entry - b.entry);
  assertEquals(payee.pushed.payments, receipts.map(({ order }) => order));
});

function never(): never {
  throw new Error("an order was refused");
}

/** Two servers on one ledger, the second with a certificate of its own. */
async function startServers(): Promise<
  { servers: readonly [TestServer, TestServer]; [Symbol.asyncDispose](): Promise<void> }
> {
  const authority = makeAuthority();
  const ledger = keepOpen(new MemoryLedger({ ledgerId: authority.anchor.fingerprint }));
  const servers = [
    await startServer({ authority, ledger }),
    await startServer({ authority, ledger }),
  ] as const;
  return {
    servers,
    async [Symbol.asyncDispose]() {
      for (const server of servers) await server[Symbol.asyncDispose]();
    },
  };
}

function enroll(server: TestServer, names: readonly string[]): Promise<Identity[]> {
  return Promise.all(names.map((name) => server.enroll(name)));
}

function orderOf(server: TestServer, payer: Identity, amount: number): string {
  return signPayload(orderPayload(payer, server.anchor, { amount }), payer);
}

/** Collects what a connection is pushed. `settle` waits until all that was decided has come. */
async function listen(link: ServerLink): Promise<{ pushed: Pushed; settle(): Promise<unknown> }> {
  const pushed: Pushed = { results: [], payments: [] };
  link.listen(resultType, (body) => {
    const { results } = check(resultsShape, body, "read results");
    pushed.results.push(...results.map(({ order, code }) => ({ order, code })));
  });
  link.listen(paymentType, (body) => {
    const { payments } = check(paymentsShape, body, "read payments");
    pushed.payments.push(...payments.map(({ order }) => order));
  });
  const settle = () => link.ask(balanceRequestType, {});
  await settle();
  return { pushed, settle };
}
