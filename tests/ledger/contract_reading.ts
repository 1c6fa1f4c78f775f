/** Part of the contract: reading, the heads, and closing. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { LedgerError } from "../../src/errors.ts";
import { type Entry, entryLeaf } from "../../src/ledger/entry.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { isConsistent, rootsOver } from "../../src/ledger/tree_proofs.ts";
import type { ContractTest } from "./ledger_contract.ts";
import {
  alice,
  bob,
  carol,
  nobody,
  noonMs,
  orderId,
  payment,
  presenceOf,
  registration,
} from "./ledger_samples.ts";
import { plainRoot } from "./plain_tree.ts";

export function readingContract(test: ContractTest): void {
  const bookAll = async (ledger: Ledger) => {
    for (const name of [alice, bob, carol]) await ledger.register(registration(name, 1000));
    // The clock goes back an hour between any two bookings. Neither the order nor the heads depend
    // on it.
    const parties = [[alice, bob], [bob, carol], [carol, alice]] as const;
    for (let id = 0; id < 30; id++) {
      const atMs = noonMs - id * 3_600_000;
      await ledger.book(payment(parties[id % 3]!, id + 1, { id, memo: `no ${id} ✓`, atMs }));
    }
  };

  test("history: after an entry, oldest first, in pages", async (ledger) => {
    await bookAll(ledger);
    const backward = await ledger.history(alice, { limit: 1000 });
    for (const limit of [1, 4, 21, 22]) {
      const pages: Entry[] = [];
      for (let page = await ledger.history(alice, { limit, after: 0 }); page.length > 0;) {
        pages.push(...page);
        page = await ledger.history(alice, { limit, after: page.at(-1)!.number });
      }
      assertEquals(pages, backward.toReversed());
    }
    await assertRejects(() => ledger.history(alice, { limit: 1, after: 1, before: 9 }), TypeError);
  });

  test("certificate: each signer's certificate is found by its fingerprint, and no other", async (ledger) => {
    await bookAll(ledger);
    const entries = await ledger.history(alice, { limit: 1000 });
    for (const { certificate: { fingerprint, der } } of entries) {
      assertEquals(await ledger.certificate(fingerprint), der);
    }
    assertEquals(await ledger.certificate("0".repeat(64)), undefined);
  });

  test("proofs show all entries in the tree, and that it grew from every size", async (ledger) => {
    const empty = { size: 0, head: plainRoot([]) };
    const query = { sizes: [1], entries: [1] };
    assertEquals(await ledger.proofs(query), { ...empty, consistency: [[]], inclusion: [[]] });
    await bookAll(ledger);
    const { head } = await ledger.totals();
    const { consistency: [first] } = await ledger.proofs({ sizes: [1], entries: [] });
    for (const entry of await ledger.history(alice, { limit: 1000 })) {
      const { number, leaf } = entry;
      const proofs = await ledger.proofs({ sizes: [number, 1], entries: [1, number, 99] });
      const [tree, earlier] = [{ size: 33, head }, { size: number, head: entry.head }];
      assertEquals([proofs.size, proofs.head], [33, head]);
      assert(isConsistent(earlier, tree, proofs.consistency[0]!));
      assertEquals(proofs.consistency[1], first);
      const [, proof, beyond] = proofs.inclusion;
      const roots = rootsOver({ leaf, index: number - 1, size: 33, proof: proof! });
      assertEquals([roots, beyond], [{ head: entry.head, root: head }, []]);
    }
    const later = await ledger.proofs({ sizes: [34], entries: [] });
    assertEquals(later, { size: 33, head, consistency: [[]], inclusion: [] });
  });

  test("history: both sides of the account only, newest first, in pages", async (ledger) => {
    await bookAll(ledger);
    const all = await ledger.history(alice, { limit: 1000 });
    assertEquals(all.length, 21);
    assertEquals(
      all.map(({ number }) => number),
      all.map(({ number }) => number).sort((a, b) => b - a),
    );
    assertEquals(all.filter(({ payer, payee }) => payer !== alice && payee !== alice), []);
    for (const limit of [1, 4, 20, 21, 22]) {
      const pages: Entry[] = [];
      for (let page = await ledger.history(alice, { limit }); page.length > 0;) {
        pages.push(...page);
        page = await ledger.history(alice, { limit, before: page.at(-1)!.number });
      }
      assertEquals(pages, all);
    }
    assertEquals(await ledger.history(alice, { limit: 0 }), []);
    assertEquals(await ledger.history(nobody, { limit: 10 }), []);
    assertEquals(await ledger.history(alice, { limit: 10, before: 1 }), []);
    assertEquals(await ledger.history(alice, { limit: 10, before: 2 }), [all.at(-1)!]);
  });

  test("the positions of pages must be whole numbers", async (ledger) => {
    for (const limit of [-1, 1.5, NaN]) {
      await assertRejects(() => ledger.history(alice, { limit }), TypeError);
      await assertRejects(() => ledger.online({ limit }), TypeError);
    }
    await assertRejects(() => ledger.history(alice, { limit: 1, before: -1 }), TypeError);
  });

  test("the entries make the leaves, and the leaves make the head after each entry", async (ledger) => {
    await bookAll(ledger);
    const entries = new Map<number, Entry>();
    for (const name of [alice, bob, carol]) {
      for (const entry of await ledger.history(name, { limit: 1000 })) {
        entries.set(entry.number, entry);
      }
    }
    const leaves: string[] = [];
    for (let number = 1; number <= 33; number++) {
      const entry = entries.get(number)!;
      leaves.push(entryLeaf(entry));
      assertEquals([entry.leaf, entry.head], [leaves.at(-1)!, plainRoot(leaves)]);
      assertEquals(await ledger.entry(entry.id), entry);
    }
    const head = plainRoot(leaves);
    assertEquals(await ledger.totals(), { accounts: 3, entries: 33, balanceSum: 0, head });
    assertEquals(await ledger.lastNumber(), 33);
  });

  test("an entry is found by its id, and an unknown id gives none", async (ledger) => {
    await bookAll(ledger);
    assertEquals((await ledger.entry(orderId(7)))?.memo, "no 7 ✓");
    assertEquals(await ledger.entry(orderId(77)), undefined);
    assertEquals(await ledger.account(nobody), undefined);
  });
}

export function closingContract(test: ContractTest): void {
  test("closing finishes the running work, is final, and may be repeated", async (ledger) => {
    await ledger.register(registration(alice, 10));
    const underWay = ledger.register(registration(bob, 10));
    await ledger.close();
    assertEquals((await underWay).outcome, "registered");
    await ledger.close();
    await assertRejects(() => ledger.account(alice), LedgerError, "closed");
    await assertRejects(() => ledger.book(payment([alice, bob], 1)), LedgerError, "closed");
  });

  test("acknowledged bookings exist after closing and reopening", async (ledger, opened) => {
    if (opened.reopen === undefined) return;
    await ledger.register(registration(alice, 1000));
    await ledger.register(registration(bob, 0));
    await ledger.bringOnline(presenceOf(alice));
    for (let id = 0; id < 20; id++) await ledger.book(payment([alice, bob], 7, { id, memo: "é" }));
    const read = async (ledger: Ledger) => ({
      totals: await ledger.totals(),
      accounts: [await ledger.account(alice), await ledger.account(bob)],
      entries: await ledger.history(alice, { limit: 100 }),
    });
    const before = await read(ledger);
    const again = await opened.reopen();
    assertEquals(await read(again), before);
    assertEquals([await again.onlineCount(), await again.presence(alice)], [0, undefined]);
    assertEquals(
      (await again.book(payment([alice, bob], 7, { id: 3, memo: "é" }))).outcome,
      "repeated",
    );
    assertEquals((await again.book(payment([alice, bob], 7, { id: 30 }))).outcome, "booked");
  });
}
