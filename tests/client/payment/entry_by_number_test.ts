/**
 * Asks for a payment by its entry number. The client believes the server's answer only with a
 * receipt for that number.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { EnvelopeError } from "../../../src/errors.ts";
import type { Amount } from "../../../src/money.ts";
import { answerWith } from "../../../src/protocol/request_type.ts";
import { type HistoryPage, historyRequestType } from "../../../src/protocol/history.ts";
import { named, startServer } from "../../server/test_server.ts";
import { memberOf } from "../test_member.ts";

Deno.test("by number: an own entry is found with one question and one for its payer's certificate, another's and none are unknown, and a receipt for another number is refused", async () => {
  await using server = await startServer();
  const [aliceIdentity, bobIdentity] = [await server.enroll("alice"), await server.enroll("bob")];
  const alice = await memberOf(server, aliceIdentity);
  const bob = await memberOf(server, bobIdentity);
  const terms = { payee: named("bob"), amount: 100 as Amount, viaServer: true };
  const paid = await alice.pay(terms);
  assert(paid.outcome === "paid");
  const { entry, id } = paid.receipt.payload;

  const { link } = bob.context;
  const ask = link.ask.bind(link);
  let questions = 0;
  link.ask = (requestType, request) => {
    questions++;
    return ask(requestType, request);
  };
  const found = await bob.entry(entry);
  assertEquals([found.outcome === "paid" && found.receipt.payload.id, questions], [id, 2]);
  // The first entry is alice's starting balance.
  for (const none of [1, 99]) {
    const unknown = await bob.entry(none);
    assertEquals(unknown.outcome === "refused" && unknown.code, 400);
  }

  link.ask = async (requestType, request) => {
    // Whatever is asked for, an entry of another number comes.
    const all = requestType.type === historyRequestType.type ? { limit: 1, after: 0 } : request;
    const outcome = await ask(requestType, all as typeof request);
    if (requestType.type !== historyRequestType.type || outcome.outcome === "refused") {
      return outcome;
    }
    const page = outcome.answer as unknown as HistoryPage;
    const entries = page.entries.map((row) => [99, ...row.slice(1)]);
    return answerWith({ ...page, entries }) as unknown as typeof outcome;
  };
  await assertRejects(() => bob.entry(99), EnvelopeError, "it is not by the expected key");
});
