/**
 * Histories that a seed decides. After each of them the books are right, and every member holds the
 * proof of its part. The tests also show that a seed gives one history, and that the simulation
 * finds defects.
 */
import { assert, assertEquals } from "@std/assert";
import { entryLeaf } from "../../src/ledger/entry.ts";
import type { Ledger, Voiding } from "../../src/ledger/ledger.ts";
import { makeOrderId, systemRandom } from "../../src/random.ts";
import { systemClock } from "../../src/clock.ts";
import { hashLeaf } from "../../src/ledger/merkle_tree.ts";
import { makeAuthorities } from "./authorities.ts";
import { type History, type HistoryOptions, simulate } from "./history.ts";
import { ImmediateCrypto } from "./immediate_crypto.ts";
import type { Rewrite } from "./shown_ledger.ts";
import { failureText } from "./simulate.ts";

/** Always the same ones, so that what fails fails for everybody; and some that nobody has seen. */
const knownSeeds = [...Array.from({ length: 4 }, (_, index) => index + 1), 3762];
/**
 * Far more seeds than any defect needs, even after a program change alters the histories. The first
 * seed that shows the defect ends the search.
 */
const defectSeeds = Array.from({ length: 200 }, (_, index) => index + 1);
const newSeeds = [...crypto.getRandomValues(new Uint32Array(3))];

// Until the end of this file.
new ImmediateCrypto();
const sharedAuthorities = await makeAuthorities();

async function* histories(
  seeds: readonly number[],
  options: Partial<HistoryOptions> = {},
): AsyncGenerator<History> {
  for (const seed of seeds) {
    yield await simulate(seed, { authorities: sharedAuthorities, ...options });
  }
}

Deno.test("simulation: whatever goes wrong, the books are right and no payment stays in doubt", async () => {
  const seeds = [...knownSeeds, ...newSeeds];
  const all = await Array.fromAsync(histories(seeds));
  const failures = all.flatMap((history, index) =>
    history.wrong.length === 0 ? [] : [failureText(seeds[index]!, history)]
  );
  assertEquals(failures, []);
  assertEquals(all.flatMap(({ caughtBy }) => caughtBy), []);
  const sum = (part: "faults" | "payments") => all.reduce((total, one) => total + one[part], 0);
  assert(sum("faults") > 0 && sum("payments") > 0);
});

Deno.test("simulation: one seed gives one history, whatever its keys are", async () => {
  const [one, other] = await Array.fromAsync(histories([7, 8]));
  const made = await makeAuthorities();
  // So each process has another session key than in the first history.
  const authorities = { ...made, sessionKeys: made.sessionKeys.toReversed() };
  const [again] = await Array.fromAsync(histories([7], { authorities }));
  assertEquals(again!.trace.lines, one!.trace.lines);
  assert(other!.trace.digest !== one!.trace.digest);
});

const other = hashLeaf("another row");

/** What a dishonest server does to the rows of its ledger. */
const rewrites: Readonly<Record<string, Rewrite>> = {
  "removes an entry": (leaves) => leaves.toSpliced(1, 1),
  "changes an entry": (leaves) => leaves.with(1, other),
  "reorders two entries": (leaves) => leaves.with(1, leaves[2]!).with(2, leaves[1]!),
  "inserts an entry": (leaves) => leaves.toSpliced(1, 0, other),
  "restores an old backup": (leaves) => leaves.slice(0, 2),
};

for (const [what, rewrite] of Object.entries(rewrites)) {
  Deno.test(`simulation: a server that ${what} is caught by every member that knew the rows`, async () => {
    const caughtBy: string[] = [];
    for await (const history of histories([1, 2], { rewrite })) {
      assertEquals(history.wrong, []);
      caughtBy.push(...history.caughtBy);
    }
    assert(caughtBy.length > 0);
  });
}

Deno.test("simulation: two members who see two ledgers find it at their first direct payment", async () => {
  const all = await Array.fromAsync(histories([1, 2, 3, 4, 5, 6, ...newSeeds], { splits: true }));
  assertEquals(all.flatMap(({ wrong }) => wrong), []);
  assert(all.every(({ caughtBy }) => caughtBy.length > 0));
});

interface Defect {
  readonly breaks: (ledger: Ledger) => Partial<Ledger>;
  /** What is said of it. */
  readonly said: RegExp;
  /** The first seed to try. It shows the defect until the histories change. */
  readonly seed: number;
}

/** Ledgers that break one promise each. */
const defects: Readonly<Record<string, Defect>> = {
  "does not know an order again": {
    breaks: (ledger) => {
      const forgotten = new Set<string>();
      return {
        entry: (id) => forgotten.delete(id) ? Promise.resolve(undefined) : ledger.entry(id),
        book: async (booking) => {
          forgotten.add(booking.id);
          const outcome = await ledger.book(booking);
          if (outcome.outcome !== "repeated") return outcome;
          return await ledger.book({ ...booking, id: makeOrderId(systemClock, systemRandom) });
        },
      };
    },
    said: /is booked twice/,
    seed: 9,
  },
  "acknowledges what it does not keep": {
    breaks: (ledger) => ({
      book: async (booking) => {
        const { entries } = await ledger.totals();
        if (entries % 3 !== 0) return await ledger.book(booking);
        const number = entries + 1;
        const made = {
          number,
          payerBalance: 0,
          payeeBalance: 0,
          leaf: entryLeaf({ ...booking, number }),
          head: "0".repeat(64),
        };
        return { outcome: "booked", entry: { ...booking, ...made } };
      },
    }),
    said: /holds a receipt for .* which is not booked|accuses an honest server/,
    seed: 1,
  },
  "does not keep what is void": {
    breaks: () => ({ voidOrder: () => Promise.resolve({ outcome: "voided" }) }),
    said: /was refused for good/,
    seed: 30,
  },
  "forgets what is void for the sake of something else": {
    breaks: (ledger) => {
      let latest: Voiding | undefined;
      return {
        voidOrder: async (voiding) => {
          const entry = await ledger.entry(voiding.id);
          if (entry) return { outcome: "booked", entry };
          latest = voiding;
          return { outcome: "voided" };
        },
        book: async (booking) =>
          booking.id === latest?.id
            ? { outcome: "voided", code: latest.code }
            : await ledger.book(booking),
      };
    },
    said: /was refused for good/,
    seed: 42,
  },
};

for (const [defect, { breaks, said, seed }] of Object.entries(defects)) {
  Deno.test(`simulation: a ledger that ${defect} is detected`, async () => {
    const wrap = (ledger: Ledger) => {
      const broken = breaks(ledger);
      return new Proxy(ledger, {
        get: (target, name: keyof Ledger) => broken[name] ?? target[name].bind(target),
      });
    };
    const found: string[] = [];
    for await (const { wrong } of histories([seed, ...defectSeeds], { wrap })) {
      found.push(...wrong);
      if (found.some((sentence) => said.test(sentence))) return;
    }
    assert(false, `found only: ${found.join("; ")}`);
  });
}
