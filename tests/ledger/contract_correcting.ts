/** Part of the contract: refunds, closed accounts, and keys that were lost. */
import { assertEquals } from "@std/assert";
import type { Booking, EntryParty } from "../../src/ledger/entry.ts";
import type { BookOutcome, Ledger } from "../../src/ledger/ledger.ts";
import type { ContractTest } from "./ledger_contract.ts";
import {
  alice,
  bob,
  carol,
  certificateOf,
  nobody,
  noonMs,
  orderId,
  payment,
  presenceOf,
  registration,
} from "./ledger_samples.ts";

export function correctingContract(test: ContractTest): void {
  refunds(test);
  closing(test);
  revoking(test);
}

function refund(
  sides: readonly [EntryParty, EntryParty],
  amount: number,
  { id, of }: { id: number; of: string },
): Booking {
  return { ...payment(sides, amount, { id }), kind: "refund", refunds: of };
}

/** Alice with 1000 paid bob 300 as order 1; carol has 1000. */
async function openWithPayment(ledger: Ledger): Promise<void> {
  await ledger.register(registration(alice, 1000, { id: 50 }));
  await ledger.register(registration(bob, 0));
  await ledger.register(registration(carol, 1000, { id: 51 }));
  await ledger.book(payment([alice, bob], 300, { id: 1 }));
}

function refunds(test: ContractTest): void {
  const paid = orderId(1);
  const rows: [string, Booking, BookOutcome["outcome"]][] = [
    ["a part", refund([bob, alice], 100, { id: 2, of: paid }), "booked"],
    ["all of it", refund([bob, alice], 300, { id: 2, of: paid }), "booked"],
    ["one more than it", refund([bob, alice], 301, { id: 2, of: paid }), "refund_exceeds"],
    ["by its payer", refund([alice, bob], 100, { id: 2, of: paid }), "payment_unknown"],
    ["by somebody else", refund([carol, alice], 100, { id: 2, of: paid }), "payment_unknown"],
    ["to somebody else", refund([bob, carol], 100, { id: 2, of: paid }), "payment_unknown"],
    ["of nothing", refund([bob, alice], 100, { id: 2, of: orderId(9) }), "payment_unknown"],
    ["of an opening", refund([alice, "@issuer"], 1, { id: 2, of: orderId(50) }), "payment_unknown"],
    ["of itself", refund([bob, alice], 1, { id: 2, of: orderId(2) }), "payment_unknown"],
  ];
  for (const [sentence, row, outcome] of rows) {
    test(`refund: ${sentence}: ${outcome}`, async (ledger) => {
      await openWithPayment(ledger);
      const result = await ledger.book(row);
      assertEquals(result.outcome, outcome);
      const booked = result.outcome === "booked" ? row.amount : 0;
      assertEquals((await ledger.account(bob))?.balance, 300 - booked);
      assertEquals((await ledger.entry(row.id))?.refunds, booked > 0 ? paid : undefined);
    });
  }

  test("refund: several never exceed the payment together, and none is refunded itself", async (ledger) => {
    await openWithPayment(ledger);
    const book = async (amount: number, id: number) =>
      (await ledger.book(refund([bob, alice], amount, { id, of: paid }))).outcome;
    assertEquals(await book(200, 2), "booked");
    assertEquals(await book(101, 3), "refund_exceeds");
    assertEquals(await book(100, 4), "booked");
    assertEquals(await book(1, 5), "refund_exceeds");
    const again = await ledger.book(refund([bob, alice], 200, { id: 2, of: paid }));
    assertEquals(again.outcome, "repeated");
    const back = await ledger.book(refund([alice, bob], 1, { id: 6, of: orderId(2) }));
    assertEquals(back.outcome, "payment_unknown");
  });

  test("refund: of what the payee has spent: bankrupt", async (ledger) => {
    await openWithPayment(ledger);
    await ledger.book(payment([bob, carol], 250, { id: 2 }));
    const result = await ledger.book(refund([bob, alice], 100, { id: 3, of: paid }));
    assertEquals(result.outcome, "bankrupt");
  });
}

function closing(test: ContractTest): void {
  const rows: [string, Booking, BookOutcome["outcome"]][] = [
    ["paying out of it", payment([alice, bob], 1, { id: 2 }), "account_closed"],
    ["paying into it", payment([bob, alice], 1, { id: 2 }), "account_closed"],
    ["depositing into it", kindOf("deposit", ["@issuer", alice]), "account_closed"],
    ["withdrawing from it", kindOf("withdrawal", [alice, "@issuer"]), "booked"],
    ["the payment before it again", payment([alice, bob], 300, { id: 1 }), "repeated"],
  ];
  for (const [sentence, row, outcome] of rows) {
    test(`a closed account: ${sentence}: ${outcome}`, async (ledger) => {
      await openWithPayment(ledger);
      assertEquals((await ledger.closeAccount(alice, { atMs: noonMs })).outcome, "closed");
      assertEquals((await ledger.book(row)).outcome, outcome);
    });
  }

  test("closing keeps the balance, takes offline, and is once for all", async (ledger) => {
    await openWithPayment(ledger);
    await ledger.bringOnline(presenceOf(alice));
    const close = async (name: typeof alice) =>
      (await ledger.closeAccount(name, { atMs: noonMs })).outcome;
    assertEquals(await close(alice), "closed");
    assertEquals(await ledger.presence(alice), undefined);
    const account = await ledger.account(alice);
    assertEquals([account?.balance, account?.isClosed], [700, true]);
    assertEquals(await close(alice), "account_closed");
    assertEquals(await close(nobody), "account_unknown");
    const { outcome } = await ledger.revoke(alice, { codeDigest: "c0".repeat(32), atMs: noonMs });
    assertEquals(outcome, "account_closed");
  });
}

function kindOf(kind: Booking["kind"], sides: readonly [EntryParty, EntryParty]): Booking {
  return { ...payment(sides, 1, { id: 2 }), kind };
}

function revoking(test: ContractTest): void {
  const codeDigest = "c0".repeat(32);
  const rows: [string, { key: string; codeDigest?: string }, string][] = [
    ["the new key with the code", { key: "new", codeDigest }, "reissued"],
    ["the new key without the code", { key: "new" }, "name_taken"],
    ["the new key with another code", { key: "new", codeDigest: "00".repeat(32) }, "name_taken"],
    ["the lost key without the code", { key: "alice" }, "name_taken"],
  ];
  for (const [sentence, { key, ...code }, outcome] of rows) {
    test(`after a certificate was revoked: ${sentence}: ${outcome}`, async (ledger) => {
      await openWithPayment(ledger);
      await ledger.bringOnline(presenceOf(alice));
      const revoked = await ledger.revoke(alice, { codeDigest, atMs: noonMs });
      assertEquals(revoked.outcome, "revoked");
      assertEquals((await ledger.account(alice))?.certificate, undefined);
      assertEquals(await ledger.presence(alice), undefined);

      const { opening } = registration(alice, 1000, { id: 60 });
      const certificate = { ...certificateOf(alice, { key }), fingerprint: "fe".repeat(32) };
      const result = await ledger.register({
        name: alice,
        certificate,
        opening: opening!,
        ...code,
      });
      assertEquals(result.outcome, outcome);
      const account = await ledger.account(alice);
      assertEquals(account?.balance, 700);
      const isThere = outcome === "reissued";
      assertEquals(
        account?.certificate?.keyFingerprint,
        isThere ? certificate.keyFingerprint : undefined,
      );
    });
  }

  test("a one-time code is good once, and a later one replaces it", async (ledger) => {
    await openWithPayment(ledger);
    const register = async (key: string, code: string) => {
      const certificate = { ...certificateOf(alice, { key }), fingerprint: code };
      return (await ledger.register({ name: alice, certificate, codeDigest: code })).outcome;
    };
    const [first, second] = ["c1".repeat(32), "c2".repeat(32)];
    await ledger.revoke(alice, { codeDigest: first, atMs: noonMs });
    await ledger.revoke(alice, { codeDigest: second, atMs: noonMs });
    assertEquals(await register("new", first), "name_taken");
    assertEquals(await register("new", second), "reissued");
    assertEquals(await register("new", second), "repeated");
    assertEquals(await register("newer", second), "name_taken");
  });

  test("a name that nobody has cannot be revoked", async (ledger) => {
    const { outcome } = await ledger.revoke(nobody, { codeDigest, atMs: noonMs });
    assertEquals(outcome, "account_unknown");
  });
}
