/** Part of the contract: refunds, closed accounts and lost keys. */
import { assertEquals, assertRejects } from "@std/assert";
import type { AccountName } from "../../src/account_name.ts";
import type { Booking } from "../../src/ledger/entry.ts";
import type { BookOutcome, Ledger, Registration } from "../../src/ledger/ledger.ts";
import { changeLeaf, statementDigest } from "../../src/ledger/account_change.ts";
import type { ContractTest } from "./ledger_contract.ts";
import {
  alice,
  bob,
  carol,
  certificateOf,
  changeOf,
  closeAccount,
  ledgerId,
  nobody,
  noonMs,
  orderId,
  payment,
  presenceOf,
  refund,
  registration,
  reissueOf,
  revoke,
} from "./ledger_samples.ts";
import { plainRoot } from "./plain_tree.ts";

export function correctingContract(test: ContractTest): void {
  refunds(test);
  closing(test);
  revoking(test);
}

const issuer = "@issuer" as AccountName;

/** Alice with 1000 paid bob 300 as order 1. Carol has 1000. Their openings are 50 and 51. */
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

  test("refund: several together never exceed the payment", async (ledger) => {
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
    const refunded = await Promise.all([1, 9, 2].map((id) => ledger.sumRefunds(orderId(id))));
    assertEquals(refunded, [300, 300, 0]);
  });

  test("refund: concurrent ones stay within the payment", async (ledger) => {
    await openWithPayment(ledger);
    await ledger.book(payment([carol, bob], 1000, { id: 9 }));
    const bookings = [2, 3, 4, 5].map((id) => refund([bob, alice], 100, { id, of: 1 }));
    const outcomes = await Promise.all(bookings.map((row) => ledger.book(row)));
    assertEquals(
      outcomes.map(({ outcome }) => outcome),
      ["booked", "booked", "booked", "refund_exceeds"],
    );
  });

  test("refund: the same order again gives the same entry, also after a full refund", async (ledger) => {
    await openWithPayment(ledger);
    const row = refund([bob, alice], 300, { id: 2, of: 1 });
    const other = { ...row, refunds: payment([alice, bob], 1, { id: 9 }).id };
    assertEquals(await bookAll(ledger, row, row, other), ["booked", "repeated", "id_conflict"]);
  });

  test("refund: a refund cannot be refunded", async (ledger) => {
    await openWithPayment(ledger);
    await ledger.book(refund([bob, alice], 300, { id: 2, of: 1 }));
    const back = await ledger.book(refund([alice, bob], 1, { id: 3, of: 2 }));
    assertEquals(back.outcome, "payment_unknown");
  });

  test("refund: a payee that has spent the money is bankrupt, until it has it again", async (ledger) => {
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
      assertEquals(await closeAccount(ledger, alice), "changed");
      assertEquals((await ledger.book(row)).outcome, outcome);
      assertEquals((await ledger.totals()).balanceSum, 0);
    });
  }

  test("closing keeps the balance, takes the account offline, and is final", async (ledger) => {
    await openWithPayment(ledger);
    await ledger.bringOnline(presenceOf(alice));
    await ledger.bringOnline(presenceOf(bob));
    const close = (name: AccountName) => closeAccount(ledger, name);
    assertEquals(await close(alice), "changed");
    assertEquals([await ledger.presence(alice), await ledger.onlineCount()], [undefined, 1]);
    const account = await ledger.account(alice);
    assertEquals([account?.balance, account?.isClosed], [700, true]);
    assertEquals([account?.certificate, account?.lastChange?.kind], [undefined, "closure"]);
    assertEquals((await ledger.account(bob))?.isClosed, false);
    assertEquals(await close(alice), "account_closed");
    assertEquals(await close(nobody), "account_unknown");
    assertEquals(await close(issuer), "account_unknown");
    assertEquals((await ledger.bringOnline(presenceOf(alice))).outcome, "account_unknown");
    assertEquals((await ledger.register(registration(alice, 0))).outcome, "name_taken");
    assertEquals((await ledger.totals()).entries, 3);
  });

  test("a closed account cannot be revoked, and a revoked one can be closed", async (ledger) => {
    await openWithPayment(ledger);
    assertEquals(await revoke(ledger, alice, codeDigest), "changed");
    assertEquals(await closeAccount(ledger, alice), "changed");
    assertEquals(await revoke(ledger, alice, codeDigest), "account_closed");
    assertEquals(await register(ledger, "new", codeDigest), "name_taken");
  });

  test("two concurrent closures close an account once", async (ledger) => {
    await openWithPayment(ledger);
    const change = await changeOf(ledger, bob);
    const results = await Promise.all([1, 2].map(() => ledger.changeAccount(change)));
    assertEquals(results.map(({ outcome }) => outcome), ["changed", "account_closed"]);
  });
}

const codeDigest = "c0".repeat(32);

/** Every certificate is new, also for a key that had one before. */
function newCertificate(key: string) {
  return { ...certificateOf(alice, { key }), fingerprint: "fe".repeat(32) };
}

/** Registers alice with another key and a code. The certificate is named after the code. */
async function register(ledger: Ledger, key: string, code: string): Promise<string> {
  const certificate = { ...certificateOf(alice, { key }), fingerprint: code };
  const row = await reissueOf(ledger, { name: alice, certificate }, code);
  return (await ledger.register(row)).outcome;
}

function revoking(test: ContractTest): void {
  const rows: [string, { key: string; codeDigest?: string }, string][] = [
    ["the new key with the code", { key: "new", codeDigest }, "reissued"],
    ["the new key without the code", { key: "new" }, "name_taken"],
    ["the new key with another code", { key: "new", codeDigest: "00".repeat(32) }, "name_taken"],
    ["the lost key without the code", { key: "alice" }, "name_taken"],
    ["the lost key with the code", { key: "alice", codeDigest }, "name_taken"],
  ];
  for (const [sentence, { key, codeDigest: code }, outcome] of rows) {
    test(`after a certificate was revoked: ${sentence}: ${outcome}`, async (ledger) => {
      await openWithPayment(ledger);
      await ledger.bringOnline(presenceOf(alice));
      assertEquals(await revoke(ledger, alice, codeDigest), "changed");
      assertEquals((await ledger.account(alice))?.certificate, undefined);
      assertEquals(await ledger.presence(alice), undefined);
      assertEquals((await ledger.bringOnline(presenceOf(alice))).outcome, "account_unknown");

      const certificate = newCertificate(key);
      const { opening } = registration(alice, 1000, { id: 60 });
      const row: Registration = { name: alice, certificate, opening: opening! };
      const result = await ledger.register(code ? await reissueOf(ledger, row, code) : row);
      assertEquals(result.outcome, outcome);
      const account = await ledger.account(alice);
      assertEquals(account?.certificate, outcome === "reissued" ? certificate : undefined);
      if ("account" in result) assertEquals(result.account, account!);
      // Its balance is unchanged, because there is no second opening.
      assertEquals([account?.balance, (await ledger.totals()).entries], [700, 3]);
      assertEquals(await ledger.entry(row.opening!.id), undefined);
      const online = await ledger.bringOnline(presenceOf(alice));
      assertEquals(online.outcome, outcome === "reissued" ? "online" : "account_unknown");
    });
  }

  test("a one-time code is valid once, and a later one replaces it", async (ledger) => {
    await openWithPayment(ledger);
    const [first, second] = ["c1".repeat(32), "c2".repeat(32)];
    await revoke(ledger, alice, first);
    await revoke(ledger, alice, second);
    assertEquals(await register(ledger, "new", first), "name_taken");
    assertEquals(await register(ledger, "new", second), "reissued");
    assertEquals(await register(ledger, "new", second), "repeated");
    assertEquals(await register(ledger, "newer", second), "name_taken");
  });

  test("the certificate that may act as an account is the last one, and none while it is revoked or closed", async (ledger) => {
    const current = () => ledger.currentCertificate(alice);
    assertEquals(await current(), undefined);
    await openWithPayment(ledger);
    assertEquals(await current(), certificateOf(alice).fingerprint);
    await revoke(ledger, alice, codeDigest);
    assertEquals(await current(), undefined);
    assertEquals(await register(ledger, "new", codeDigest), "reissued");
    assertEquals(await current(), codeDigest);
    await closeAccount(ledger, alice);
    assertEquals(await current(), undefined);
  });

  test("a revoked key is refused for ever", async (ledger) => {
    await openWithPayment(ledger);
    const codes = ["c1", "c2", "c3"].map((code) => code.repeat(32));
    for (const [index, key] of ["second", "third"].entries()) {
      await revoke(ledger, alice, codes[index]!);
      assertEquals(await register(ledger, key, codes[index]!), "reissued");
    }
    await revoke(ledger, alice, codes[2]!);
    for (const key of ["alice", "second", "third"]) {
      assertEquals(await register(ledger, key, codes[2]!), "name_taken", key);
    }
    assertEquals(await register(ledger, "fourth", codes[2]!), "reissued");
  });

  test("two new keys send one code at once: one gets the account", async (ledger) => {
    await openWithPayment(ledger);
    await revoke(ledger, alice, codeDigest);
    const rows = ["one", "two"].map((key) =>
      reissueOf(ledger, { name: alice, certificate: newCertificate(key) }, codeDigest)
    );
    const results = await Promise.all(
      (await Promise.all(rows)).map((row) => ledger.register(row)),
    );
    assertEquals(results.map(({ outcome }) => outcome), ["reissued", "name_taken"]);
  });

  test("a revoked account still receives money", async (ledger) => {
    await openWithPayment(ledger);
    await revoke(ledger, alice, codeDigest);
    assertEquals((await ledger.book(payment([carol, alice], 5, { id: 2 }))).outcome, "booked");
    assertEquals((await ledger.account(alice))?.balance, 705);
  });

  test("a code has no effect for a new or unrevoked name", async (ledger) => {
    await ledger.register(await reissueOf(ledger, registration(alice, 5), codeDigest));
    assertEquals((await ledger.account(alice))?.balance, 5);
    assertEquals(await register(ledger, "other", codeDigest), "name_taken");
  });

  test("an unknown account cannot be revoked", async (ledger) => {
    for (const name of [nobody, issuer]) {
      assertEquals(await revoke(ledger, name, codeDigest), "account_unknown");
    }
    assertEquals(await ledger.account(issuer), undefined);
  });

  test("an invalid account change is a mistake of the program, and the ledger continues", async (ledger) => {
    await openWithPayment(ledger);
    const bad = "C0".repeat(32);
    const certificate = newCertificate("new");
    const revocation = await changeOf(ledger, alice, { codeDigest });
    const closure = await changeOf(ledger, alice);
    const row = await reissueOf(ledger, { name: alice, certificate }, codeDigest);
    const reissue = row.reissue!;
    const registrations: Registration["reissue"][] = [
      { ...reissue, codeDigest: bad },
      { ...reissue, change: closure },
      { ...reissue, change: { ...reissue.change, name: bob } },
      { ...reissue, change: { ...reissue.change, certificate: codeDigest } },
    ];
    const mistakes: (() => Promise<unknown>)[] = [
      () => ledger.changeAccount({ ...revocation, codeDigest: "c0" }),
      () => ledger.changeAccount({ ...revocation, codeDigest: bad }),
      () => ledger.changeAccount({ ...revocation, atMs: NaN }),
      () => ledger.changeAccount({ ...revocation, kind: "closure" }),
      () => ledger.changeAccount({ ...closure, atMs: 1e99 }),
      () => ledger.changeAccount({ ...closure, kind: "revocation" }),
      () => ledger.changeAccount({ ...closure, certificate: codeDigest }),
      () => ledger.changeAccount({ ...closure, previous: "none" }),
      () => ledger.changeAccount({ ...closure, statementJws: "\0" }),
      ...registrations.map((one) => () => ledger.register({ ...row, reissue: one! })),
    ];
    for (const mistake of mistakes) await assertRejects(mistake, TypeError);
    const account = await ledger.account(alice);
    assertEquals([account?.isClosed, account?.certificate], [false, certificateOf(alice)]);
  });

  test("an order under another certificate than the payer's is not booked", async (ledger) => {
    await openWithPayment(ledger);
    const old = certificateOf(alice).fingerprint;
    const under = (certificate: string, id: number) =>
      ledger.book(payment([alice, bob], 1, { id, certificate }));
    const outcomes: string[] = [];
    outcomes.push((await under(certificateOf(bob).fingerprint, 20)).outcome);
    await revoke(ledger, alice, codeDigest);
    outcomes.push((await under(old, 21)).outcome);
    // A booked order stays booked when it is submitted again.
    outcomes.push((await ledger.book(payment([alice, bob], 300, { id: 1 }))).outcome);
    await register(ledger, "new", codeDigest);
    outcomes.push((await under(old, 22)).outcome, (await under(codeDigest, 23)).outcome);
    const none = "certificate_not_current";
    assertEquals(outcomes, [none, none, "repeated", none, "booked"]);
  });

  test("an order at the moment of a revocation is booked before it or not at all", async (ledger) => {
    await openWithPayment(ledger);
    const change = await changeOf(ledger, alice, { codeDigest });
    const [first, changed, second] = await Promise.all([
      ledger.book(payment([alice, bob], 1, { id: 20 })),
      ledger.changeAccount(change),
      ledger.book(payment([alice, bob], 1, { id: 21 })),
    ]);
    assertEquals(
      [first.outcome, changed.outcome, second.outcome],
      ["booked", "changed", "certificate_not_current"],
    );
  });

  test("the second of two changes that follow the same one is outdated", async (ledger) => {
    await openWithPayment(ledger);
    const first = await changeOf(ledger, alice, { codeDigest });
    const second = await changeOf(ledger, bob);
    const outcomes = [];
    for (const change of [first, second]) {
      outcomes.push((await ledger.changeAccount(change)).outcome);
    }
    const late = await reissueOf(
      ledger,
      { name: alice, certificate: newCertificate("new") },
      codeDigest,
    );
    assertEquals(await closeAccount(ledger, carol), "changed");
    outcomes.push((await ledger.register(late)).outcome);
    assertEquals(outcomes, ["changed", "outdated", "outdated"]);
    assertEquals((await ledger.account(bob))?.isClosed, false);
    assertEquals((await ledger.account(alice))?.certificate, undefined);
  });

  test("a revocation names the account's certificate", async (ledger) => {
    await openWithPayment(ledger);
    const change = await changeOf(ledger, alice, { codeDigest });
    const { certificate: _, ...without } = change;
    const other = { ...change, certificate: certificateOf(bob).fingerprint };
    for (const one of [without, other]) {
      assertEquals((await ledger.changeAccount(one)).outcome, "outdated");
    }
    assertEquals((await ledger.changeAccount(change)).outcome, "changed");
  });

  test("changes and entries share their numbers and one tree", async (ledger) => {
    await openWithPayment(ledger);
    assertEquals([await ledger.lastStatement(), await ledger.changes({ after: 0, limit: 9 })], [
      ledgerId,
      [],
    ]);
    const first = await changeOf(ledger, alice, { codeDigest, atMs: noonMs - 1 });
    await ledger.changeAccount(first);
    await register(ledger, "new", codeDigest);
    await ledger.book(payment([carol, bob], 1, { id: 9 }));
    await closeAccount(ledger, carol);
    const changes = await ledger.changes({ after: 0, limit: 9 });
    assertEquals(
      changes.map(({ number, kind, name }) => [number, kind, name]),
      [[4, "revocation", alice], [5, "reissue", alice], [7, "closure", carol]],
    );
    const { previous: _, ...contents } = first;
    const leaf = changeLeaf({ ...contents, number: 4 });
    assertEquals(changes[0], { ...contents, number: 4, leaf });
    const last = changes.at(-1)!;
    assertEquals(await ledger.lastStatement(), statementDigest(last.statementJws));
    assertEquals((await ledger.account(carol))?.lastChange, last);
    assertEquals(await ledger.changes({ after: 4, limit: 1 }), [changes[1]!]);
    const { entries, head } = await ledger.totals();
    const booked = [];
    for (const name of [alice, bob, carol]) {
      booked.push(...await ledger.history(name, { limit: 9 }));
    }
    const leaves = new Map([...booked, ...changes].map(({ number, leaf }) => [number, leaf]));
    const inOrder = Array.from({ length: 7 }, (_, index) => leaves.get(index + 1)!);
    assertEquals([entries, await ledger.lastNumber(), head], [4, 7, plainRoot(inOrder)]);
    assertEquals(await ledger.missingNumber(), undefined);
  });
}
