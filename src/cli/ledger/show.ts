/**
 * `ledger show`: finds an account, an entry or an account change, and prints it.
 */
import { shownEntriesMax } from "../../limits.ts";
import { orderDigest } from "../../ledger/entry.ts";
import { rootOf } from "../../ledger/merkle_tree.ts";
import {
  type LedgerSnapshot,
  type StoredAccount,
  type StoredChange,
  type StoredEntry,
  storedText,
  type StoredValue,
} from "../../ledger/snapshot.ts";
import { EnvelopeError } from "../../errors.ts";
import { readDocument } from "../../pki/signed_document.ts";
import { refuse } from "../../protocol/request_type.ts";
import { type ExitCode, exitCodes } from "../exit_code.ts";
import type { LedgerOutput, ShownEntry } from "./output.ts";
import type { LedgerSelector } from "../command_line/option_values.ts";

/** Prints the account, entry or account change that a selector names, or refuses with 400. */
export function showFound(
  snapshot: LedgerSnapshot,
  what: LedgerSelector,
  output: LedgerOutput,
): ExitCode {
  const entry = "id" in what
    ? snapshot.entryById(what.id)
    : "number" in what
    ? snapshot.entryByNumber(what.number)
    : undefined;
  const change = "number" in what ? snapshot.changeByNumber(what.number) : undefined;
  const isRow = entry !== undefined || change !== undefined;
  const account = isRow || "id" in what ? undefined : findAccount(snapshot, what.account);
  if (entry) output.printEntry({ ...withOrder(entry), ...headAfter(entry, snapshot) });
  else if (change) output.printChange({ ...change, ...headAfter(change, snapshot) });
  else if (account) output.printAccount(account);
  else {
    output.printRefusal(refuse(400));
    return exitCodes.refused;
  }
  return exitCodes.ok;
}

/**
 * Returns the ledger's head after a row, from the stored hashes. There is none where a row with one
 * of these hashes is missing.
 */
function headAfter({ number }: { readonly number: StoredValue }, snapshot: LedgerSnapshot) {
  const subtrees: string[] = [];
  const last = Number.isSafeInteger(number) ? Number(number) : 0;
  let size = last;
  while (size > 0) {
    const row = snapshot.entryByNumber(size) ?? snapshot.changeByNumber(size);
    const root = row && /[0-9a-f]{64}$/.exec(storedText(row.subtrees))?.[0];
    if (!root) return {};
    subtrees.unshift(root);
    let leaves = 1;
    while (size % (2 * leaves) === 0) leaves *= 2;
    size -= leaves;
  }
  return subtrees.length > 0 ? { head: rootOf({ size: last, subtrees }) } : {};
}

function withOrder(entry: StoredEntry): ShownEntry {
  const jws = storedText(entry.order_jws);
  const shown = { ...entry, order_digest: orderDigest(jws) };
  try {
    return {
      ...shown,
      order: readDocument(jws, { typ: "micropay-order", chain: "required" }).payload,
    };
  } catch (error) {
    if (!(error instanceof EnvelopeError)) throw error;
    return shown;
  }
}

function findAccount(snapshot: LedgerSnapshot, name: string) {
  let found: StoredAccount | undefined;
  for (const account of snapshot.accounts()) if (account.username === name) found = account;
  if (!found) return undefined;
  const changes = [...snapshot.changes(name)];
  const certificate = currentCertificate(snapshot, { name, last: changes.at(-1) });
  const entries: StoredEntry[] = [];
  for (const entry of snapshot.entriesOf(name)) {
    entries.push(entry);
    if (entries.length > shownEntriesMax) entries.shift();
  }
  return { ...found, certificate, changes: changes.reverse(), entries: entries.reverse() };
}

/** The fingerprint of the account's certificate, from its registration or its last change. */
function currentCertificate(
  snapshot: LedgerSnapshot,
  { name, last }: { readonly name: string; readonly last: StoredChange | undefined },
): string | undefined {
  if (last?.kind === "reissue") return storedText(last.certificate);
  if (last !== undefined) return undefined;
  for (const { username, fingerprint } of snapshot.certificates()) {
    if (username === name) return storedText(fingerprint);
  }
  return undefined;
}
