/**
 * Histories that a seed decides: after each of them the books are right, and every member holds what proves its part of them. And the
 * simulation itself: that a seed is one history, and that it finds what is wrong.
 */
import { assert, assertEquals } from "@std/assert";
import type { Entry } from "../../src/ledger/entry.ts";
import type { BookOutcome, Ledger } from "../../src/ledger/ledger.ts";
import { makeOrderId, systemRandom } from "../../src/random.ts";
import { systemClock } from "../../src/clock.ts";
import { makeAuthorities } from "./authorities.ts";
import { type History, simulate } from "./history.ts";
import { ImmediateCrypto } from "./immediate_crypto.ts";
import { failureText } from "./simulate.ts";

type Wrap = (ledger: Ledger) => Ledger;

/** Always the same ones, so that what fails fails for everybody; and some that nobody has seen. */
const knownSeeds = Array.from({ length: 12 }, (_, index) => index + 1);
const newSeeds = [...crypto.getRandomValues(new Uint32Array(6))];

async function histories(
  seeds: readonly number[],
  options: { wrap?: Wrap } = {},
): Promise<History[]> {
  using _crypto = new ImmediateCrypto();
  const authorities = await makeAuthorities();
  const all: History[] = [];
  for (const seed of seeds) all.push(await simulate(seed, { authorities, ...options }));
  return all;
}

Deno.test("simulation: whatever goes wrong, the books are right and nobody is left in doubt", async () => {
  const seeds = [...knownSeeds, ...newSeeds];
  const all = await histories(seeds);
  const failures = all.flatMap((history, index) =>
    history.wrong.length === 0 ? [] : [failureText(seeds[index]!, history)]
  );
  assertEquals(failures, []);
  const sum = (part: "faults" | "payments") => all.reduce((total, one) => total + one[part], 0);
  assert(sum("faults") > 0 && sum("payments") > 0);
});

Deno.test("simulation: one seed is one history, whatever keys are used in it", async () => {
  const [one] = await histories([7]);
  const [again] = await histories([7]);
  const [other] = await histories([8]);
  assertEquals(again!.trace.lines, one!.trace.lines);
  assert(other!.trace.digest !== one!.trace.digest);
});

/** Ledgers that break one promise each, and what is said of them. */
const defects: Readonly<Record<string, { book: BookDefect; said: RegExp }>> = {
  "books an order again when it comes again": {
    book: async (ledger, booking) => {
      const outcome = await ledger.book(booking);
      if (outcome.outcome !== "repeated") return outcome;
      return await ledger.book({ ...booking, id: makeOrderId(systemClock, systemRandom) });
    },
    said: /is booked twice/,
  },
  "acknowledges what it does not keep": {
    book: async (ledger, booking) => {
      const { entries } = await ledger.totals();
      const entry: Entry = {
        ...booking,
        number: entries + 1,
        payerBalance: 0,
        payeeBalance: 0,
        hash: "00".repeat(32),
      };
      return entries % 3 === 0 ? { outcome: "booked", entry } : await ledger.book(booking);
    },
    said: /holds a receipt for .* which is not booked|misses \d+ receipts/,
  },
  "books what it refuses": {
    book: async (ledger, booking) => {
      const outcome = await ledger.book(booking);
      return outcome.outcome === "booked" && outcome.entry.number % 3 === 0
        ? { outcome: "bankrupt" }
        : outcome;
    },
    said: /was told "refused" of .* which is booked/,
  },
};
type BookDefect = (ledger: Ledger, booking: Parameters<Ledger["book"]>[0]) => Promise<BookOutcome>;

for (const [defect, { book, said }] of Object.entries(defects)) {
  Deno.test(`simulation: a ledger that ${defect} is found out`, async () => {
    const wrap: Wrap = (ledger) =>
      new Proxy(ledger, {
        get: (target, name: keyof Ledger) =>
          name === "book"
            ? (booking: Parameters<Ledger["book"]>[0]) => book(target, booking)
            : (target[name] as (...args: unknown[]) => unknown).bind(target),
      });
    const all = await histories(knownSeeds, { wrap });
    const found = all.flatMap(({ wrong }) => wrong);
    assert(found.some((sentence) => said.test(sentence)), found.join("\n"));
  });
}
