/** Part of the contract: refunds, closed accounts, and keys that were lost. */
import { assertEquals, assertRejects } from "@std/assert";
import type { AccountName } from "../../src/account_name.ts";
import type { Booking } from "../../src/ledger/entry.ts";
import type { BookOutcome, Ledger, Registration } from "../../src/ledger/ledger.ts";
import type { ContractTest } from "./ledger_contract.ts";
import {
  alice,
  bob,
  carol,
  certificateOf,
  nobody,
  noonMs,
  payment,
  presenceOf,
  refund,
  registration,
} from "./ledger_samples.ts";

export function correctingContract(test: ContractTest): void {
  refunds(test);
  closing(test);
  revoking(test);
}

const issuer = "@issuer" as AccountName;

/** Alice with 1000 paid bob 300 as order 1; carol has 1000. Their openings are 50 and 51. */
async function openWithPayment(ledger: Ledger): Promise<void> {
  await ledger.register(registration(alice, 1000, { id: 50 }));
  await ledger.register(registration(bob, 0));
  await ledger.register(registration(carol, 1000, { id: 51 }));
  await ledger.book(payment([alice, bob], 300, { id: 1 }));
}

function refunds(test: ContractTest): void {
  const rows: [string, Booking, BookOutcome["outcome"]][] = [
    ["the smallest part", refund([bob, alice], 1, { id: 2, of: 1 }), "booked"],
    ["all of it", refund([bob, alice], 300, { id: 2, of: 1 }), "booked"],
    ["one more than it", refund([bob, alice], 301, { id: 2, of: 1 }), "refund_exceeds"],
    ["by its payer", refund([alice, bob], 100, { id: 2, of: 1 }), "payment_unknown"],
    ["by somebody else", refund([carol, alice], 100, { id: 2, of: 1 }), "payment_unknown"],
    ["to somebody else", refund([bob, carol], 100, { id: 2, of: 1 }), "payment_unknown"],
    ["of nothing", refund([bob, alice], 100, { id: 2, of: 9 }), "payment_unknown"],
    ["of an opening", refund([alice, bob], 1, { id: 2, of: 50 }), "payment_unknown"],
    ["of itself", refund([bob, alice], 1, { id: 2, of: 2 }), "payment_unknown"],
    ["with the id of the payment", refund([bob, alice], 1, { id: 1, of: 1 }), "id_conflict"],
    ["to nobody", refund([bob, nobody], 100, { id: 2, of: 1 }), "payee_unknown"],
    ["by nobody", refund([nobody, alice], 100, { id: 2, of: 1 }), "payer_unknown"],
  ];
  for (const [sentence, row, outcome] of rows) {
    test(`refund: ${sentence}: ${outcome}`, async (ledger) => {
      await openWithPayment(ledger);
      const result = await ledger.book(row);
      assertEquals(result.outcome, outcome);
      const amount = outcome === "booked" ? row.amount : 0;
      assertEquals((await ledger.account(bob))?.balance, 300 - amount);
      assertEquals((await ledger.account(alice))?.balance, 700 + amount);
      if (result.outcome !== "booked") return;
      assertEquals(result.entry.refunds, row.refunds);
      assertEquals(await ledger.entry(row.id), result.entry);
    });
  }

  const bookAll = async (ledger: Ledger, ...bookings: Booking[]) => {
    const outcomes: string[] = [];
    for (const booking of bookings) outcomes.push((await ledger.book(booking)).outcome);
    return outcomes;
  };

  test("refund: several never exceed the payment together", async (ledger) => {
    await openWithPayment(ledger);
    await ledger.book(payment([alice, bob], 300, { id: 9 }));
    const outcomes = await bookAll(
      ledger,
      refund([bob, alice], 100, { id: 2, of: 1 }),
      refund([bob, alice], 201, { id: 3, of: 1 }),
      refund([bob, alice], 199, { id: 4, of: 1 }),
      refund([bob, alice], 2, { id: 5, of: 1 }),
      refund([bob, alice], 1, { id: 6, of: 1 }),
      refund([bob, alice], 1, { id: 7, of: 1 }),
      refund([bob, alice], 300, { id: 8, of: 9 }),
    );
    assertEquals(outcomes, [
      "booked",
      "refund_exceeds",
      "booked",
      "refund_exceeds",
      "booked",
      "refund_exceeds",
      "booked", // another payment between the two has bounds of its own
    ]);
  });

  test("refund: asked for several times at once, it stays within the payment", async (ledger) => {
    await openWithPayment(ledger);
    await ledger.book(payment([carol, bob], 1000, { id: 9 }));
    const bookings = [2, 3, 4, 5].map((id) => refund([bob, alice], 100, { id, of: 1 }));
    const outcomes = await Promise.all(bookings.map((row) => ledger.book(row)));
    assertEquals(
      outcomes.map(({ outcome }) => outcome),
      ["booked", "booked", "booked", "refund_exceeds"],
    );
  });

  test("refund: the same order again is the same entry, also when all is given back", async (ledger) => {
    await openWithPayment(ledger);
    const row = refund([bob, alice], 300, { id: 2, of: 1 });
    const other = { ...row, refunds: payment([alice, bob], 1, { id: 9 }).id };
    assertEquals(await bookAll(ledger, row, row, other), ["booked", "repeated", "id_conflict"]);
  });

  test("refund: a refund is not refunded", async (ledger) => {
    await openWithPayment(ledger);
    await ledger.book(refund([bob, alice], 300, { id: 2, of: 1 }));
    const back = await ledger.book(refund([alice, bob], 1, { id: 3, of: 2 }));
    assertEquals(back.outcome, "payment_unknown");
  });

  test("refund: of what the payee has spent: bankrupt, until it has it again", async (ledger) => {
    await openWithPayment(ledger);
    const row = refund([bob, alice], 51, { id: 3, of: 1 });
    const outcomes = await bookAll(
      ledger,
      payment([bob, carol], 250, { id: 2 }),
      row,
      refund([bob, alice], 301, { id: 4, of: 1 }), // what it may not comes before what it cannot
      payment([carol, bob], 1, { id: 5 }),
      row,
    );
    assertEquals(outcomes, ["booked", "bankrupt", "refund_exceeds", "booked", "booked"]);
  });
}

function closing(test: ContractTest): void {
  const withdrawal = (amount: number) =>
    payment([alice, issuer], amount, { id: 2, kind: "withdrawal" });
  const deposit = payment([issuer, alice], 1, { id: 2, kind: "deposit" });
  const rows: [string, Booking, BookOutcome["outcome"]][] = [
    ["paying out of it", payment([alice, bob], 1, { id: 2 }), "account_closed"],
    ["paying more than it has", payment([alice, bob], 9999, { id: 2 }), "account_closed"],
    ["paying into it", payment([bob, alice], 1, { id: 2 }), "account_closed"],
    ["paying somebody unknown", payment([alice, nobody], 1, { id: 2 }), "payee_unknown"],
    ["a refund to it", refund([bob, alice], 1, { id: 2, of: 1 }), "account_closed"],
    ["a refund of too much to it", refund([bob, alice], 999, { id: 2, of: 1 }), "account_closed"],
    ["depositing into it", deposit, "account_closed"],
    ["withdrawing all of it", withdrawal(700), "booked"],
    ["withdrawing one more", withdrawal(701), "bankrupt"],
    ["the payment before it again", payment([alice, bob], 300, { id: 1 }), "repeated"],
    ["that payment's id again", payment([alice, bob], 1, { id: 1 }), "id_conflict"],
    ["a payment between others", payment([carol, bob], 1, { id: 2 }), "booked"],
  ];
  for (const [sentence, row, outcome] of rows) {
    test(`a closed account: ${sentence}: ${outcome}`, async (ledger) => {
      await openWithPayment(ledger);
      assertEquals((await ledger.closeAccount(alice, { atMs: noonMs })).outcome, "closed");
      assertEquals((await ledger.book(row)).outcome, outcome);
      assertEquals((await ledger.totals()).balanceSum, 0);
    });
  }

  test("closing keeps the balance, takes offline, and is once for all", async (ledger) => {
    await openWithPayment(ledger);
    await ledger.bringOnline(presenceOf(alice));
    await ledger.bringOnline(presenceOf(bob));
    const close = async (name: AccountName) =>
      (await ledger.closeAccount(name, { atMs: noonMs })).outcome;
    assertEquals(await close(alice), "closed");
    assertEquals([await ledger.presence(alice), await ledger.onlineCount()], [undefined, 1]);
    const account = await ledger.account(alice);
    assertEquals([account?.balance, account?.isClosed], [700, true]);
    assertEquals((await ledger.account(bob))?.isClosed, false);
    assertEquals(await close(alice), "account_closed");
    assertEquals(await close(nobody), "account_unknown");
    assertEquals(await close(issuer), "account_unknown");
    assertEquals((await ledger.bringOnline(presenceOf(alice))).outcome, "account_unknown");
    assertEquals((await ledger.register(registration(alice, 0))).outcome, "name_taken");
    assertEquals((await ledger.totals()).entries, 3);
  });

  test("a closed account is not revoked, and a revoked one can be closed for good", async (ledger) => {
    await openWithPayment(ledger);
    const [code, atMs] = ["c0".repeat(32), noonMs];
    const revoke = async () => (await ledger.revoke(alice, { codeDigest: code, atMs })).outcome;
    assertEquals(await revoke(), "revoked");
    assertEquals((await ledger.closeAccount(alice, { atMs })).outcome, "closed");
    assertEquals(await revoke(), "account_closed");
    const row = { name: alice, certificate: newCertificate("new"), codeDigest: code };
    assertEquals((await ledger.register(row)).outcome, "name_taken");
  });

  test("an account is closed once when asked twice at once", async (ledger) => {
    await openWithPayment(ledger);
    const results = await Promise.all([1, 2].map(() => ledger.closeAccount(bob, { atMs: noonMs })));
    assertEquals(results.map(({ outcome }) => outcome), ["closed", "account_closed"]);
  });
}

const codeDigest = "c0".repeat(32);

/** Every certificate is another, also one for a key that had one before. */
function newCertificate(key: string) {
  return { ...certificateOf(alice, { key }), fingerprint: "fe".repeat(32) };
}

function revoking(test: ContractTest): void {
  const rows: [string, { key: string; codeDigest?: string }, string][] = [
    ["the new key with the code", { key: "new", codeDigest }, "reissued"],
    ["the new key without the code", { key: "new" }, "name_taken"],
    ["the new key with another code", { key: "new", codeDigest: "00".repeat(32) }, "name_taken"],
    ["the lost key without the code", { key: "alice" }, "name_taken"],
    ["the lost key with the code", { key: "alice", codeDigest }, "name_taken"],
  ];
  for (const [sentence, { key, ...code }, outcome] of rows) {
    test(`after a certificate was revoked: ${sentence}: ${outcome}`, async (ledger) => {
      await openWithPayment(ledger);
      await ledger.bringOnline(presenceOf(alice));
      const revoked = await ledger.revoke(alice, { codeDigest, atMs: noonMs });
      assertEquals(revoked.outcome, "revoked");
      assertEquals((await ledger.account(alice))?.certificate, undefined);
      assertEquals(await ledger.presence(alice), undefined);
      assertEquals((await ledger.bringOnline(presenceOf(alice))).outcome, "account_unknown");

      const certificate = newCertificate(key);
      const { opening } = registration(alice, 1000, { id: 60 });
      const row: Registration = { name: alice, certificate, opening: opening!, ...code };
      const result = await ledger.register(row);
      assertEquals(result.outcome, outcome);
      const account = await ledger.account(alice);
      assertEquals(account?.certificate, outcome === "reissued" ? certificate : undefined);
      if ("account" in result) assertEquals(result.account, account!);
      // Its money stays as it was: no second starting balance.
      assertEquals([account?.balance, (await ledger.totals()).entries], [700, 3]);
      assertEquals(await ledger.entry(row.opening!.id), undefined);
      const online = await ledger.bringOnline(presenceOf(alice));
      assertEquals(online.outcome, outcome === "reissued" ? "online" : "account_unknown");
    });
  }

  const register = async (ledger: Ledger, key: string, code: string) => {
    const certificate = { ...certificateOf(alice, { key }), fingerprint: code };
    return (await ledger.register({ name: alice, certificate, codeDigest: code })).outcome;
  };

  test("a one-time code is good once, and a later one replaces it", async (ledger) => {
    await openWithPayment(ledger);
    const [first, second] = ["c1".repeat(32), "c2".repeat(32)];
    await ledger.revoke(alice, { codeDigest: first, atMs: noonMs });
    await ledger.revoke(alice, { codeDigest: second, atMs: noonMs });
    assertEquals(await register(ledger, "new", first), "name_taken");
    assertEquals(await register(ledger, "new", second), "reissued");
    assertEquals(await register(ledger, "new", second), "repeated");
    assertEquals(await register(ledger, "newer", second), "name_taken");
  });

  test("each key that was ever revoked stays out", async (ledger) => {
    await openWithPayment(ledger);
    const codes = ["c1", "c2", "c3"].map((code) => code.repeat(32));
    for (const [index, key] of ["second", "third"].entries()) {
      await ledger.revoke(alice, { codeDigest: codes[index]!, atMs: noonMs });
      assertEquals(await register(ledger, key, codes[index]!), "reissued");
    }
    await ledger.revoke(alice, { codeDigest: codes[2]!, atMs: noonMs });
    for (const key of ["alice", "second", "third"]) {
      assertEquals(await register(ledger, key, codes[2]!), "name_taken", key);
    }
    assertEquals(await register(ledger, "fourth", codes[2]!), "reissued");
  });

  test("two new keys bring one code at once: one gets the account", async (ledger) => {
    await openWithPayment(ledger);
    await ledger.revoke(alice, { codeDigest, atMs: noonMs });
    const rows = ["one", "two"].map((key) => ({
      name: alice,
      certificate: {
        ...certificateOf(alice, { key }),
        fingerprint: newCertificate(key).fingerprint,
      },
      codeDigest,
    }));
    const results = await Promise.all(rows.map((row) => ledger.register(row)));
    assertEquals(results.map(({ outcome }) => outcome), ["reissued", "name_taken"]);
  });

  test("money still comes to a revoked account", async (ledger) => {
    await openWithPayment(ledger);
    await ledger.revoke(alice, { codeDigest, atMs: noonMs });
    assertEquals((await ledger.book(payment([carol, alice], 5, { id: 2 }))).outcome, "booked");
    assertEquals((await ledger.account(alice))?.balance, 705);
  });

  test("a code is of no use to a name that is new or was not revoked", async (ledger) => {
    await ledger.register({ ...registration(alice, 5), codeDigest });
    assertEquals((await ledger.account(alice))?.balance, 5);
    assertEquals(await register(ledger, "other", codeDigest), "name_taken");
  });

  test("who is not there cannot be revoked", async (ledger) => {
    for (const name of [nobody, issuer]) {
      const { outcome } = await ledger.revoke(name, { codeDigest, atMs: noonMs });
      assertEquals(outcome, "account_unknown");
    }
    assertEquals(await ledger.account(issuer), undefined);
  });

  test("what cannot be kept with an account is a mistake of the program, and the ledger goes on", async (ledger) => {
    await openWithPayment(ledger);
    const bad = "C0".repeat(32);
    const certificate = newCertificate("new");
    const mistakes: (() => Promise<unknown>)[] = [
      () => ledger.revoke(alice, { codeDigest: "c0", atMs: noonMs }),
      () => ledger.revoke(alice, { codeDigest: bad, atMs: noonMs }),
      () => ledger.revoke(alice, { codeDigest, atMs: NaN }),
      () => ledger.closeAccount(alice, { atMs: 1e99 }),
      () => ledger.register({ name: alice, certificate, codeDigest: bad }),
    ];
    for (const mistake of mistakes) await assertRejects(mistake, TypeError);
    const account = await ledger.account(alice);
    assertEquals([account?.isClosed, account?.certificate], [false, certificateOf(alice)]);
  });
}
