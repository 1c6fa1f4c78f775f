/**
 * `ledger show`: finds an account, an entry or an account change, and prints it.
 */
import { LedgerError } from "../../errors.ts";
import { shownEntriesMax } from "../../limits.ts";
import { issuingAccount } from "../../ledger/entry.ts";
import { rootOf } from "../../ledger/merkle_tree.ts";
import {
  type LedgerSnapshot,
  type StoredChange,
  type StoredEntry,
  storedText,
  type StoredValue,
} from "../../ledger/snapshot.ts";
import { storedTree } from "../../ledger/stored_tree.ts";
import { decodeEntry } from "../../ledger/stored_rows.ts";
import { orderOf, orderText } from "../../protocol/order.ts";
import { refuse } from "../../protocol/request_type.ts";
import { type ExitCode, exitCodes } from "../exit_code.ts";
import type { LedgerOutput, ShownEntry } from "./output.ts";
import type { LedgerSelector } from "../command_line/option_values.ts";

/** Prints the account, entry or account change that a selector names, or refuses with 400. */
export async function showFound(
  snapshot: LedgerSnapshot,
  what: LedgerSelector,
  output: LedgerOutput,
): Promise<ExitCode> {
  const entry = "id" in what
    ? await snapshot.entryById(what.id)
    : "number" in what
    ? await snapshot.entryByNumber(what.number)
    : undefined;
  const change = "number" in what ? await snapshot.changeByNumber(what.number) : undefined;
  const isRow = entry !== undefined || change !== undefined;
  const account = isRow || "id" in what ? undefined : await findAccount(snapshot, what.account);
  if (entry) {
    output.printEntry({ ...shownEntry(entry, snapshot), ...await headAfter(entry, snapshot) });
  } else if (change) output.printChange({ ...change, ...await headAfter(change, snapshot) });
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
async function headAfter(
  { number }: { readonly number: StoredValue },
  snapshot: LedgerSnapshot,
) {
  try {
    return Number(number) > 0 ? { head: rootOf(await storedTree(snapshot, Number(number))) } : {};
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    return {};
  }
}

/** Returns an entry's columns, with its order in place of the parts that only the order needs. */
function shownEntry(row: StoredEntry, { ledgerId }: LedgerSnapshot): ShownEntry {
  const { iat: _, exp: __, signature: ___, der: ____, request: _____, ...columns } = row;
  const entry = decodeEntry(row);
  if (typeof entry === "string") return columns;
  const of = { ledgerId };
  return { ...columns, order_jws: orderText(entry, of), order: orderOf(entry, of) };
}

async function findAccount(snapshot: LedgerSnapshot, name: string) {
  const found = await snapshot.account(name);
  if (!found) return undefined;
  const changes = await snapshot.changesOf(name);
  const certificate = await currentCertificate(snapshot, { name, last: changes.at(-1) });
  const entries = (await snapshot.newestEntriesOf(name, shownEntriesMax))
    .map((row) => shownEntry(row, snapshot));
  return { ...found, certificate, changes: changes.reverse(), entries };
}

/** Returns the fingerprint of a member's certificate, from its registration or its last change. */
async function currentCertificate(
  snapshot: LedgerSnapshot,
  { name, last }: { readonly name: string; readonly last: StoredChange | undefined },
): Promise<string | undefined> {
  if (name === issuingAccount) return undefined;
  if (last?.kind === "reissue") return storedText(last.certificate);
  if (last !== undefined) return undefined;
  const first = (await snapshot.certificatesOf([name])).get(name)?.[0];
  return first && storedText(first.fingerprint);
}
