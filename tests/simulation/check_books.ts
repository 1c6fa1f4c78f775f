/**
 * What must be true of the books after a history, whatever happened in it.
 */
import type { AccountName } from "../../src/account_name.ts";
import type { StoredReceipt } from "../../src/client/wallet/wallet_store.ts";
import { type Entry, entryLeaf, issuingAccount, orderDigest } from "../../src/ledger/entry.ts";
import { appendLeaf, emptyTree, rootOf } from "../../src/ledger/merkle_tree.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { readDocument } from "../../src/pki/signed_document.ts";
import type { Attempt } from "./member_acts.ts";
import { initialBalance } from "./simulated_server.ts";

/** What one member holds and was told. */
export interface Evidence {
  readonly name: AccountName;
  readonly attempts: readonly Attempt[];
  readonly receipts: readonly StoredReceipt[];
  readonly notified: readonly string[];
  /** Ids of orders that the client still does not know the fate of. */
  readonly outbox: readonly string[];
}

/** @returns what is wrong, a sentence each; nothing when all is well */
export async function checkBooks(
  ledger: Ledger,
  { names, members, refused }: {
    /** Everybody who has an account. */
    names: readonly AccountName[];
    members: readonly Evidence[];
    /** Orders that somebody was told are never booked, and by what. */
    refused: ReadonlyMap<string, string>;
  },
): Promise<string[]> {
  const entries = await entriesOf(ledger, names);
  const wrong = [
    ...checkHeads(entries),
    ...checkBalances(entries),
    ...checkRefused(entries, refused),
    ...members.flatMap((member) => checkMember(member, entries)),
  ];
  const { accounts, balanceSum } = await ledger.totals();
  if (balanceSum !== 0) wrong.push(`all balances together are ${balanceSum}`);
  let total = 0;
  for (const name of names) total += (await ledger.account(name))?.balance ?? 0;
  if (accounts !== names.length || total !== accounts * initialBalance) {
    wrong.push(`${accounts} accounts have ${total} together`);
  }
  return wrong;
}

const pageRows = 100;

async function entriesOf(ledger: Ledger, names: readonly AccountName[]): Promise<Entry[]> {
  const byNumber = new Map<number, Entry>();
  for (const name of names) {
    for (let after = 0;;) {
      const page = await ledger.history(name, { limit: pageRows, after });
      for (const entry of page) byNumber.set(entry.number, entry);
      if (page.length < pageRows) break;
      after = page.at(-1)!.number;
    }
  }
  return [...byNumber.values()].sort((one, other) => one.number - other.number);
}

function checkHeads(entries: readonly Entry[]): string[] {
  const wrong: string[] = [];
  const seen = new Set<string>();
  let tree = emptyTree;
  entries.forEach((entry, index) => {
    if (entry.number !== index + 1) wrong.push(`entry ${index + 1} has the number ${entry.number}`);
    tree = appendLeaf(tree, entryLeaf(entry)).tree;
    if (rootOf(tree) !== entry.head) wrong.push(`the head after entry ${entry.number} is wrong`);
    for (const unique of [entry.id, entry.orderDigest]) {
      if (seen.has(unique)) wrong.push(`the order of entry ${entry.number} is booked twice`);
      seen.add(unique);
    }
  });
  return wrong;
}

function checkBalances(entries: readonly Entry[]): string[] {
  const wrong: string[] = [];
  const balances = new Map<string, number>();
  for (const { number, payer, payee, amount, payerBalance, payeeBalance } of entries) {
    balances.set(payer, (balances.get(payer) ?? 0) - amount);
    balances.set(payee, (balances.get(payee) ?? 0) + amount);
    if (payer !== issuingAccount && balances.get(payer)! < 0) {
      wrong.push(`${payer} has ${balances.get(payer)} after entry ${number}`);
    }
    if (balances.get(payer) !== payerBalance || balances.get(payee) !== payeeBalance) {
      wrong.push(`entry ${number} states other balances than its entries make`);
    }
  }
  return wrong;
}

function checkRefused(
  entries: readonly Entry[],
  refused: ReadonlyMap<string, string>,
): string[] {
  const byDigest = new Map([...refused].map(([order, why]) => [orderDigest(order), why]));
  return entries.flatMap(({ number, orderDigest: digest }) => {
    const why = byDigest.get(digest);
    return why === undefined ? [] : [`entry ${number} was refused for good: ${why}`];
  });
}

function checkMember(
  { name, attempts, receipts, notified, outbox }: Evidence,
  entries: readonly Entry[],
): string[] {
  const booked = new Map(entries.map((entry) => [entry.id, entry]));
  const wrong = receipts.flatMap((receipt) => checkReceipt(name, receipt, booked));
  const held = new Set(receipts.map((receipt) => receipt.id));
  for (const { id, said, wasRefused } of attempts) {
    const isBooked = booked.has(id);
    // Killed after the receipt was stored and before anybody was told: the receipt tells.
    const isTold = said === "paid" || (said === "nothing" && held.has(id));
    if (said === "unknown" && !wasRefused) wrong.push(`${name} does not know what became of ${id}`);
    else if (isBooked !== isTold) {
      wrong.push(`${name} was told "${said}" of ${id}, which is ${isBooked ? "" : "not "}booked`);
    }
  }
  if (outbox.length > 0) wrong.push(`${name}'s outbox still has ${outbox.join(", ")}`);
  const twice = notified.filter((id, index) => notified.indexOf(id) !== index);
  if (twice.length > 0) wrong.push(`${name} was told more than once of ${twice.join(", ")}`);
  for (const { id, kind, payer, payee } of entries) {
    if (kind === "opening" || (payer !== name && payee !== name)) continue;
    if (!held.has(id)) wrong.push(`${name} holds no receipt of ${id}`);
  }
  return wrong;
}

function checkReceipt(
  name: string,
  { id, receipt, order }: StoredReceipt,
  booked: ReadonlyMap<string, Entry>,
): string[] {
  const entry = booked.get(id);
  if (!entry) return [`${name} holds a receipt for ${id}, which is not booked`];
  const { payload } = readDocument(receipt, { typ: "micropay-receipt", chain: "required" });
  const agrees = payload.entry === entry.number && payload.head === entry.head &&
    entry.orderDigest === orderDigest(order);
  return agrees ? [] : [`${name} holds a receipt that contradicts entry ${entry.number}`];
}
