/**
 * `ledger show`: finds what was meant and prints it.
 */
import { UsageError } from "../errors.ts";
import type { LedgerSnapshot, StoredAccount, StoredEntry } from "../ledger/snapshot.ts";
import type { LedgerOutput } from "./ledger_output.ts";
import type { LedgerSelector } from "./option_values.ts";

/** Entries shown with an account. */
const lastEntries = 10;

/** @throws {UsageError} when there is no such account or entry */
export function showFound(
  snapshot: LedgerSnapshot,
  what: LedgerSelector,
  output: LedgerOutput,
): void {
  const entry = "id" in what
    ? snapshot.entryById(what.id)
    : "number" in what
    ? snapshot.entryByNumber(what.number)
    : undefined;
  if (entry) return output.entry(entry);
  const name = "account" in what ? what.account : undefined;
  const account = name === undefined ? undefined : findAccount(snapshot, name);
  if (account) return output.account(account);
  throw new UsageError(
    `show ${name ?? ("id" in what ? what.id : "")}: there is no such account or entry`,
  );
}

function findAccount(snapshot: LedgerSnapshot, name: string) {
  let found: StoredAccount | undefined;
  for (const account of snapshot.accounts()) if (account.username === name) found = account;
  if (!found) return undefined;
  let certificate: string | undefined;
  for (const { username, fingerprint, revoked_at } of snapshot.certificates()) {
    if (username === name && revoked_at === null) certificate = String(fingerprint);
  }
  const entries: StoredEntry[] = [];
  for (const entry of snapshot.entriesOf(name)) {
    entries.push(entry);
    if (entries.length > lastEntries) entries.shift();
  }
  return { ...found, certificate, entries: entries.reverse() };
}
