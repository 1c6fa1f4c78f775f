/** The operator's changes where the database does not answer a commit: each happens once. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { errorFields } from "../../src/cli/error_fields.ts";
import type { Clock } from "../../src/clock.ts";
import { LedgerBusyError, UndecidedChangeError } from "../../src/errors.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { undecidedWaitMsMax } from "../../src/limits.ts";
import type { Amount } from "../../src/money.ts";
import { bookIssue } from "../../src/operator/book_issue.ts";
import { endAccount, type Ending } from "../../src/operator/ending.ts";
import { systemRandom } from "../../src/random.ts";
import { type Books, named, openBooks } from "./books.ts";

/** What becomes of a change: it happens without an answer, or it does not, or it is refused. */
type Fault = "unanswered" | "lost" | "refused";

/** Returns a ledger whose next changes meet these faults. */
function failing(ledger: Ledger, ...faults: Fault[]): Ledger {
  return new Proxy(ledger, {
    get(target, key) {
      const value = Reflect.get(target, key);
      if (typeof value !== "function") return value;
      if (key !== "book" && key !== "changeAccount") return value.bind(target);
      return async (...args: unknown[]) => {
        const fault = faults.shift();
        if (fault === "unanswered") await value.apply(target, args);
        if (fault === undefined) return await value.apply(target, args);
        throw new LedgerBusyError("it is away", { isUndecided: fault !== "refused" });
      };
    },
  });
}

/** The clock of the books, on which each pause is over at once. */
function withoutPauses({ clock }: Books): Clock {
  let elapsedMs = 0;
  return {
    nowMs: () => clock.nowMs(),
    monotonicMs: () => elapsedMs,
    schedule: (ms, action) => {
      elapsedMs += ms;
      queueMicrotask(action);
      return () => {};
    },
  };
}

const amount = 500 as Amount;
const deposit = { kind: "deposit", name: named("alice"), amount } as const;

function partsOf(books: Books, ledger: Ledger = books.ledger) {
  const { identity, anchor } = books.certificates;
  return { identity, anchor, ledger, clock: withoutPauses(books), random: systemRandom };
}

for (const fault of ["unanswered", "lost"] as const) {
  Deno.test(`operator: a change whose commit was ${fault} happens once, and its result is told`, async () => {
    await using books = await openBooks();
    const { ledger } = books;
    for (const name of ["alice", "bob"]) await books.register(name, 1000);
    let doubts = 0;
    const parts = () => ({
      ...partsOf(books, failing(ledger, fault, "refused")),
      onDoubt: () => doubts++,
    });
    const booked = await bookIssue(deposit, parts());
    assertEquals(booked.outcome, fault === "lost" ? "booked" : "repeated");
    assertEquals((await ledger.account(named("alice")))?.balance, 1500);
    const endings: Ending[] = [
      { kind: "revocation", name: named("alice"), codeDigest: "c0".repeat(32) },
      { kind: "closure", name: named("bob") },
    ];
    for (const ending of endings) {
      assertEquals((await endAccount(ending, parts())).outcome, "changed", ending.kind);
    }
    assertEquals((await ledger.changes({ after: 0, limit: 9 })).length, 2);
    assertEquals(doubts, 3);
  });
}

Deno.test("operator: a deposit that stays in doubt names its id, and with the id it is booked once", async () => {
  await using books = await openBooks();
  const { ledger } = books;
  await books.register("alice", 1000);
  const away = Array<Fault>(undecidedWaitMsMax).fill("refused");
  const error = await assertRejects(
    () => bookIssue(deposit, partsOf(books, failing(ledger, "unanswered", ...away))),
    UndecidedChangeError,
  );
  const { orderId: id } = error;
  assertStringIncludes(error.message, `run the same command with --id ${id}`);
  assertEquals(errorFields(error), { error: "unknown_outcome", text: error.message, id });
  const again = await bookIssue({ ...deposit, id }, partsOf(books));
  assert(again.outcome === "repeated");
  assertEquals([again.entry.id, again.entry.amount], [id, 500]);
  const other = await bookIssue({ ...deposit, id, amount: 501 as Amount }, partsOf(books));
  assertEquals(other.outcome, "id_conflict");
  assertEquals((await ledger.account(named("alice")))?.balance, 1500);
});

Deno.test("operator: a change that was refused for certain is not tried again", async () => {
  await using books = await openBooks();
  await books.register("alice", 1000);
  await assertRejects(
    () => bookIssue(deposit, partsOf(books, failing(books.ledger, "refused"))),
    LedgerBusyError,
  );
  assertEquals((await books.ledger.account(named("alice")))?.balance, 1000);
});
