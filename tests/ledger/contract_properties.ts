/** Part of the contract: any sequence of commands does what a plain model says, and the money adds up. */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { AccountName } from "../../src/account_name.ts";
import { chainHash, type Entry, entryDigest } from "../../src/ledger/entry.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import type { OpenLedger } from "./ledger_contract.ts";
import { ledgerId, payment, presenceOf, registration } from "./ledger_samples.ts";

const names = ["ann", "ben", "cat", "dan"] as AccountName[];

interface Model {
  readonly balances: Map<string, number>;
  readonly keys: Map<string, string>;
  readonly online: Set<string>;
  readonly orders: Map<string, string>;
}

interface Command {
  readonly run: (ledger: Ledger) => Promise<string>;
  readonly expect: (model: Model) => string;
  readonly toString: () => string;
}

/** A few names, ids and amounts, so that commands meet each other: repeated, in conflict, bankrupt. */
const commands: fc.Arbitrary<Command> = fc.oneof(
  { weight: 2, arbitrary: registerCommands() },
  { weight: 6, arbitrary: bookCommands() },
  { weight: 1, arbitrary: presenceCommands() },
);

export function ledgerProperties(name: string, open: OpenLedger): void {
  Deno.test(`${name}: any commands, some at once, do what the model says; the money adds up`, async () => {
    const waves = fc.array(fc.array(commands, { minLength: 1, maxLength: 6 }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(waves, async (waves) => {
        const { ledger, dispose } = await open();
        try {
          const model = emptyModel();
          for (const wave of waves) {
            const outcomes = await Promise.all(wave.map((command) => command.run(ledger)));
            assertEquals(outcomes, wave.map((command) => command.expect(model)));
          }
          await requireBooksInOrder(ledger, model);
        } finally {
          await dispose();
        }
      }),
      { numRuns: 60 },
    );
  });
}

async function requireBooksInOrder(ledger: Ledger, model: Model): Promise<void> {
  const entries = new Map<number, Entry>();
  const sums = new Map<string, number>();
  for (const name of names) {
    const balance = (await ledger.account(name))?.balance;
    assertEquals(balance, model.balances.get(name));
    assert(balance === undefined || balance >= 0);
    for (const entry of await ledger.history(name, { limit: 10_000 })) {
      entries.set(entry.number, entry);
    }
  }
  let head = ledgerId;
  for (let number = 1; number <= entries.size; number++) {
    const entry = entries.get(number)!;
    sums.set(entry.payer, (sums.get(entry.payer) ?? 0) - entry.amount);
    sums.set(entry.payee, (sums.get(entry.payee) ?? 0) + entry.amount);
    assertEquals([entry.payerBalance, entry.payeeBalance], [
      sums.get(entry.payer)!,
      sums.get(entry.payee)!,
    ]);
    head = chainHash(head, entryDigest(entry));
    assertEquals(entry.hash, head);
  }
  for (const name of names) assertEquals(model.balances.get(name) ?? 0, sums.get(name) ?? 0);
  const accounts = model.balances.size;
  const totals = { accounts, entries: model.orders.size, balanceSum: 0, head };
  assertEquals(await ledger.totals(), totals);
  assertEquals(
    (await ledger.online({ limit: 100 })).map(({ name }) => name as string),
    [
      ...model.online,
    ].sort(),
  );
}

function emptyModel(): Model {
  return { balances: new Map(), keys: new Map(), online: new Set(), orders: new Map() };
}

let openings = 0;

function registerCommands(): fc.Arbitrary<Command> {
  const parts = fc.tuple(fc.constantFrom(...names), fc.constantFrom("1", "2"), fc.nat(20));
  return parts.map(([name, key, amount]) => {
    // An opening's id is always fresh: that is what a caller owes.
    const row = registration(name, amount, { key, id: 2_000_000 + openings++ });
    return {
      run: async (ledger) => (await ledger.register(row)).outcome,
      expect: (model) => {
        const known = model.keys.get(name);
        if (known !== undefined) return known === key ? "repeated" : "name_taken";
        model.keys.set(name, key);
        model.balances.set(name, amount);
        if (row.opening) model.orders.set(row.opening.id, row.opening.orderJws);
        return "registered";
      },
      toString: () => `register ${name} key ${key} with ${amount}`,
    };
  });
}

function bookCommands(): fc.Arbitrary<Command> {
  const parts = fc.record({
    sides: fc.shuffledSubarray(names, { minLength: 2, maxLength: 2 }),
    amount: fc.integer({ min: 1, max: 15 }),
    id: fc.nat(40),
    memo: fc.option(fc.constantFrom("", "lunch", "'; DROP TABLE entry; --", "𝄞 ✓"), {
      nil: undefined,
    }),
    atMs: fc.integer({ min: -8e15, max: 8e15 }),
  });
  return parts.map(({ sides: [payer, payee], amount, id, memo, atMs }) => {
    const options = memo === undefined ? { id, atMs } : { id, atMs, memo };
    const row = payment([payer!, payee!], amount, options);
    return {
      run: async (ledger) => (await ledger.book(row)).outcome,
      expect: ({ orders, balances }) => {
        const known = orders.get(row.id);
        if (known !== undefined) return known === row.orderJws ? "repeated" : "id_conflict";
        const [from, to] = [balances.get(payer!), balances.get(payee!)];
        if (from === undefined) return "payer_unknown";
        if (to === undefined) return "payee_unknown";
        if (from < amount) return "bankrupt";
        balances.set(payer!, from - amount);
        balances.set(payee!, to + amount);
        orders.set(row.id, row.orderJws);
        return "booked";
      },
      toString: () => `book ${id}: ${payer} pays ${payee} ${amount} ${memo} at ${atMs}`,
    };
  });
}

function presenceCommands(): fc.Arbitrary<Command> {
  return fc.tuple(fc.constantFrom(...names), fc.boolean()).map(([name, up]) => ({
    run: async (ledger) =>
      up
        ? (await ledger.bringOnline(presenceOf(name))).outcome
        : await ledger.takeOffline(name) ?? "",
    expect: ({ keys, online }) => {
      if (!up) return online.delete(name) ? "" : "";
      if (!keys.has(name)) return "account_unknown";
      return online.has(name) ? "already_online" : (online.add(name), "online");
    },
    toString: () => `${name} ${up ? "comes" : "goes"}`,
  }));
}
