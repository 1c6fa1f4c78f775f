/**
 * One order makes one entry and one receipt, over any number of repeats, connections and restarts.
 * Many orders for the same money at once spend it once.
 */
import { assert, assertEquals } from "@std/assert";
import { systemClock } from "../../src/clock.ts";
import { openNext } from "../../src/envelope/open.ts";
import { LedgerError } from "../../src/errors.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import type { ServerLink } from "../../src/client/server_link.ts";
import type { Identity } from "../../src/pki/identity.ts";
import { partyUri } from "../../src/pki/party.ts";
import { decodeOutcome, decodeReply, type Outcome } from "../../src/protocol/request_type.ts";
import { statusRequestType } from "../../src/protocol/status.ts";
import type { PackedReceipt } from "../../src/protocol/receipt.ts";
import { type Result, submitRequestType } from "../../src/protocol/transfer.ts";
import { LineReader } from "../../src/transport/line_reader.ts";
import { orderPayload, signPayload } from "../server/order_maker.ts";
import { sessionKey } from "../server/test_server.ts";
import { LastingServer } from "./lasting_server.ts";
import { connect } from "./recorded_connection.ts";
import { submitOrder } from "../server/submit_order.ts";

/** The receipt's signature, or the code of the refusal. */
async function submit(link: ServerLink, order: string): Promise<string | number> {
  return resultOf(await submitOrder(link, order));
}

function resultOf(outcome: Outcome<{ readonly receipt: PackedReceipt }>): string | number {
  return outcome.outcome === "answered" ? outcome.answer.receipt.signature : outcome.code;
}

/**
 * Hands an order in so many times over one connection, all at once, and waits for as many answers.
 *
 * @returns what each of them says
 */
async function submitTimes(count: number, order: string, { server, bob }: {
  server: LastingServer;
  bob: Identity;
}): Promise<(string | number)[]> {
  const { network, endpoint, anchor } = server.running;
  const { conn, stream, channel } = await connect(
    { role: "server", network, endpoint, anchor },
    bob,
  );
  for (let sent = 0; sent < count; sent++) {
    channel.send(submitRequestType.type, { orders: [order] });
  }
  const reader = new LineReader(stream, { clock: systemClock });
  const results: (string | number)[] = [];
  for (let seq = 0; seq < count; seq++) {
    const answer = await reader.next();
    assert(answer.kind === "line");
    const { body } = await openNext(answer.line, {
      sessionKey,
      address: { conn, seq, to: partyUri(bob.party) },
      sender: channel.peer,
    });
    const outcome = decodeOutcome(submitRequestType, decodeReply(body));
    assert(outcome.outcome === "answered");
    const [{ code, receipt }] = outcome.answer.results as [Result];
    results.push(receipt?.signature ?? code);
  }
  channel.close();
  return results;
}

Deno.test("once: one order, submitted 250 times over 50 connections and 5 restarts, gives one entry and 250 equal receipts", async () => {
  await LastingServer.run(async (server, [alice, bob]) => {
    const order = signPayload(orderPayload(alice, server.running.anchor), alice);
    const before = (await server.ledger.totals()).entries;
    const receipts: (string | number)[] = [];
    let submitted = 0;
    for (let start = 0; start <= 5; start++) {
      if (start > 0) await server.restart();
      // 8 or 9 connections at each of the 6 starts, 5 times over each, all at once.
      const connections = Array.from({ length: start < 2 ? 9 : 8 });
      const asked = connections.map(() => submitTimes(5, order, { server, bob }));
      receipts.push(...(await Promise.all(asked)).flat());
      const events = server.running.events.all;
      submitted += events.filter((event) =>
        event.kind === "message" && event.notation === "alice#2000#bob"
      ).length;
      assertEquals(events.filter(({ kind }) => kind === "refused"), []);
    }
    assertEquals([submitted, receipts.length], [250, 250]);
    assertEquals(new Set(receipts).size, 1);
    assertEquals(typeof receipts[0], "string");
    assertEquals((await server.ledger.totals()).entries, before + 1);
    assertEquals(await server.running.balanceOf("alice"), 8000);
    assertEquals(await server.running.balanceOf("bob"), 12_000);
  });
});

Deno.test("once: of 100 orders at once, each for the whole balance, the server books one", async () => {
  await LastingServer.run(async (server, [alice, bob, carol]) => {
    const links = [...await server.links(bob, 5), ...await server.links(carol, 5)];
    const outcomes = await Promise.all(Array.from({ length: 100 }, async (_, at) => {
      const payee = at % 10 < 5 ? "bob" : "carol";
      const payload = orderPayload(alice, server.running.anchor, { payee, amount: 10_000 });
      return await submit(links[at % 10]!, signPayload(payload, alice));
    }));
    assertEquals(outcomes.filter((outcome) => outcome === 270).length, 99);
    assertEquals(outcomes.filter((outcome) => typeof outcome === "string").length, 1);
    assertEquals(await server.running.balanceOf("alice"), 0);
    assertEquals((await server.ledger.totals()).balanceSum, 0);
  });
});

/** A ledger whose storage fails at a booking, before or after that was written. */
const failures: readonly { title: string; isBooked: boolean }[] = [
  {
    title: "before it was written: it is unknown after the restart, and booked then",
    isBooked: false,
  },
  { title: "after it was written: its receipt is there after the restart", isBooked: true },
];

for (const { title, isBooked } of failures) {
  Deno.test(`once: a commit that fails ${title}`, async () => {
    let isFailing = false;
    const wrap = (ledger: Ledger) =>
      new Proxy<Ledger>(ledger, {
        get(target, name) {
          const value = target[name as keyof Ledger];
          if (name !== "book" || !isFailing) {
            return typeof value === "function" ? value.bind(target) : value;
          }
          return async (booking: Parameters<Ledger["book"]>[0]) => {
            if (isBooked) await target.book(booking);
            throw new LedgerError("the disk is gone");
          };
        },
      });
    await LastingServer.run(async (server, [alice, bob]) => {
      const payload = orderPayload(alice, server.running.anchor);
      const order = signPayload(payload, alice);
      const [link] = await server.links(bob, 1);
      isFailing = true;
      // Nobody is told anything: neither that it is booked, nor that it is not.
      assertEquals(await submit(link!, order).catch((error) => error.code), "closed");
      const failed = await server.running.server.stopped.catch((error) => error);
      assertEquals(failed instanceof LedgerError, true);
      isFailing = false;
      await server.restart();
      const [again] = await server.links(bob, 1);
      const status = await again!.ask(statusRequestType, { id: payload.id as string });
      assertEquals(status.outcome, isBooked ? "answered" : "refused");
      const receipt = await submit(again!, order);
      assertEquals(typeof receipt, "string");
      if (status.outcome === "answered") assertEquals(status.answer.receipt.signature, receipt);
      assertEquals(await server.running.balanceOf("alice"), 8000);
    }, { wrap });
  });
}
