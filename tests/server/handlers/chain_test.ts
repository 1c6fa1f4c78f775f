/**
 * CHAIN: pages of leaves, read in slices that nobody sees.
 */
import { orderDigest } from "../../../src/ledger/entry.ts";
import { chainLeavesMax } from "../../../src/limits.ts";
import { assertEquals } from "@std/assert";
import { decodeHex } from "@std/encoding/hex";
import { systemClock } from "../../../src/clock.ts";
import type { Ledger } from "../../../src/ledger/ledger.ts";
import type { Amount } from "../../../src/money.ts";
import { encodeBase64Url } from "../../../src/base64.ts";
import { chainRequestType } from "../../../src/protocol/chain.ts";
import { makeOrderId, systemRandom } from "../../../src/random.ts";
import { named, startServer } from "../test_server.ts";

/** Two of them are the openings. */
const entries = chainLeavesMax + 50;

const rows = [
  { title: "the first page is as long as a page may be", after: 0, leaves: chainLeavesMax },
  { title: "a page that ends with the last entry", after: 50, leaves: chainLeavesMax },
  { title: "a page that the ledger ends in", after: 51, leaves: chainLeavesMax - 1 },
  { title: "one slice and one more", after: entries - 9, leaves: 9 },
  { title: "one slice", after: entries - 8, leaves: 8 },
  { title: "the last entry", after: entries - 1, leaves: 1 },
  { title: "nothing after the last entry", after: entries, leaves: 0 },
  { title: "nothing past the end", after: entries + 1000, leaves: 0 },
];

Deno.test("chain: a page has consecutive leaves of the ledger", async (test) => {
  await using server = await startServer();
  const alice = await server.enroll("alice");
  await server.enroll("bob");
  await pay(server.ledger, entries - 2);
  const link = await server.link(alice);
  for (const { title, after, leaves } of rows) {
    await test.step(title, async () => {
      const page = await link.ask(chainRequestType, { after });
      const part = await server.ledger.leaves({ after, limit: chainLeavesMax });
      assertEquals(part.leaves.length, leaves);
      assertEquals(page, {
        outcome: "answered",
        answer: {
          head: part.head,
          leaves: part.leaves.map((leaf) => encodeBase64Url(decodeHex(leaf))),
          last: entries,
        },
      });
    });
  }
});

async function pay(ledger: Ledger, times: number): Promise<void> {
  const [payer, payee] = [named("alice"), named("bob")];
  const certificate = (await ledger.account(payer))!.certificate!.fingerprint;
  for (let time = 0; time < times; time++) {
    const id = makeOrderId(systemClock, systemRandom);
    const atMs = systemClock.nowMs();
    const amount = 1 as Amount;
    const sides = { payer, payee, certificate };
    const order = { orderJws: "order", orderDigest: orderDigest("order") };
    await ledger.book({ id, kind: "payment", ...sides, amount, ...order, atMs });
  }
}
