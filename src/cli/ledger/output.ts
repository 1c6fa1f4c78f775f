/**
 * The output of the operator's commands: text for people, or one JSON object a line for scripts.
 */
import type { AccountName } from "../../account_name.ts";
import type { Entry } from "../../ledger/entry.ts";
import {
  type StoredAccount,
  type StoredChange,
  type StoredEntry,
  storedText,
  type StoredValue,
} from "../../ledger/snapshot.ts";
import type { AuditFault, AuditReport } from "../../operator/audit.ts";
import { printable, quote } from "../../printable.ts";
import { codes } from "../../protocol/code.ts";
import type { Refusal } from "../../protocol/request_type.ts";
import type { JsonObject } from "../../strict_json.ts";
import { jsonLine } from "../json_line.ts";

interface ShownAccount extends StoredAccount {
  /** The SHA-256 fingerprint of its certificate; absent when it has none. */
  readonly certificate: string | undefined;
  /** All its changes, newest first. */
  readonly changes: readonly StoredChange[];
  /** Its newest entries, newest first. */
  readonly entries: readonly ShownEntry[];
}

/** What is shown of a row besides its columns. */
interface ShownRow {
  /** The ledger's head after the row; absent when rows before it are missing or damaged. */
  readonly head?: string;
}

export type ShownChange = StoredChange & ShownRow;

/** An entry's columns, with its order. */
export interface ShownEntry
  extends Omit<StoredEntry, "iat" | "exp" | "signature" | "der" | "request">, ShownRow {
  /** The order's compact JWS. Not verified. Absent when the row is not an entry. */
  readonly order_jws?: string;
  /** The order's contents. */
  readonly order?: JsonObject;
}

/** Prints the results of the operator's commands to stdout. */
export interface LedgerOutput {
  /** @param options `lastAt` is the time of the last correct entry, if there is one */
  printAudit(
    result: AuditReport | AuditFault,
    options: { readonly seconds: number; readonly lastAt?: string },
  ): void;
  /** @param options `isNew` tells a new ledger from one that was there already */
  printCreated(name: string, options: { readonly isNew: boolean }): void;
  printBalances(accounts: Iterable<StoredAccount>): void;
  printAccount(account: ShownAccount): void;
  printEntry(entry: ShownEntry): void;
  printChange(change: ShownChange): void;
  printBooked(entry: Entry, receipt: string): void;
  printWritten(file: string): void;
  printKept(file: string): void;
  /**
   * Prints the accounts that the replaced ledger had revoked or closed, and the restored one has
   * not.
   */
  printUndone(accounts: readonly string[]): void;
  /** @param options `fingerprint` is the CA's, which a new client has to trust */
  printReissue(
    account: AccountName,
    options: { readonly code: string; readonly fingerprint: string },
  ): void;
  printClosure(account: AccountName): void;
  printRefusal(refusal: Refusal): void;
}

type Print = (line: string) => void;

export function ledgerOutput({ json, print }: { json: boolean; print: Print }): LedgerOutput {
  return json ? jsonOutput(print) : textOutput(print);
}

function jsonOutput(print: Print): LedgerOutput {
  const line = (value: object) => print(jsonLine(value));
  return {
    printAudit(result, { seconds, lastAt }) {
      const rate = result.outcome === "in_order" && { entriesPerSecond: rateOf(result, seconds) };
      line({ ...result, ...(lastAt !== undefined && { lastAt }), ...rate });
    },
    printBalances(accounts) {
      for (const account of accounts) line(accountFields(account));
    },
    printAccount: (account) => {
      const { certificate, changes, entries } = account;
      line({
        ...accountFields(account),
        certificate,
        changes: changes.map(storedFields),
        entries: entries.map(storedFields),
      });
    },
    printEntry: (entry) => line(storedFields(entry)),
    printChange: (change) => line(storedFields(change)),
    printBooked: ({ id, number }, receipt) =>
      line({ code: 130, text: codes[130].text, id, entry: number, receipt }),
    printCreated: (name, { isNew }) => line({ ledger: name, new: isNew }),
    printWritten: (file) => line({ written: file }),
    printKept: (file) => line({ kept: file }),
    printUndone: (accounts) => line({ undone: accounts }),
    printReissue: (account, { code }) => line({ account, code }),
    printClosure: (account) => line({ account, closed: true }),
    printRefusal: ({ code, text }) => line({ code, text }),
  };
}

function textOutput(print: Print): LedgerOutput {
  return {
    printAudit(result, { seconds, lastAt }) {
      if (result.outcome === "wrong") return print(faultText(result));
      print(`entries       ${result.entries}`);
      print(`changes       ${result.changes}`);
      if (lastAt !== undefined) print(`last entry    ${printable(lastAt)}`);
      print(`accounts      ${result.accounts}`);
      print(`certificates  ${result.certificates}`);
      print(`head          ${result.head}`);
      print(`checkpoint    ${result.size}:${result.head}`);
      print(`rate          ${rateOf(result, seconds)} entries/s`);
      print(
        result.since === undefined
          ? "All correct: tree, signatures, contents, balances, sum of zero, ids, refunds, changes, certificates."
          : `All correct after row ${result.since}. The stored hashes up to there are the ` +
            "checkpoint's; ledger audit --full checks the rows.",
      );
    },
    printBalances(accounts) {
      for (const account of accounts) print(accountText(account));
    },
    printAccount(account) {
      print(accountText(account));
      const isClosed = account.closed_at !== null;
      const none = isClosed ? "none: closed" : "none: waits to be registered anew";
      print(`certificate ${printable(account.certificate ?? none)}`);
      for (const change of account.changes) print(changeText(change));
      for (const entry of account.entries) print(entryText(entry));
    },
    printEntry: (entry) => printFields(print, entry),
    printChange: (change) => printFields(print, change),
    printBooked({ id, number }) {
      print(codes[130].text);
      print(`entry ${number}, id ${id}`);
    },
    printCreated: (name, { isNew }) =>
      print(
        `${isNew ? "New, empty ledger in" : "There is a ledger already in"} ${printable(name)}`,
      ),
    printWritten: (file) => print(printable(file)),
    printUndone(accounts) {
      const names = accounts.map(printable).join(", ");
      print(`Revoked or closed after the backup, and not any more: ${names}`);
      print("Revoke (ledger reissue) or close them again before the server starts");
    },
    printKept: (file) => print(`The ledger that was there is kept as ${printable(file)}`),
    printReissue(account, { code, fingerprint }) {
      print(code);
      print(`${account}'s certificate is revoked. ${account} registers anew with this code, once:`);
      const command = `micropay client SERVER_IP SERVER_PORT register ${account} --code ${code}`;
      print(`${command} --fingerprint ${fingerprint}`);
    },
    printClosure: (account) => print(`${account} is closed; its balance is kept`),
    printRefusal: ({ text }) => print(printable(text)),
  };
}

function rateOf({ entries }: AuditReport, seconds: number): number {
  return Math.round(entries / Math.max(seconds, 0.001));
}

function faultText({ entry, change, reason, entries }: AuditFault): string {
  const what = entry !== undefined
    ? `Entry ${entry} is wrong`
    : change !== undefined
    ? `Account change ${change} is wrong`
    : "The ledger is wrong";
  return `${what}: ${printable(reason)}\n(${entries} entries before that are in order)`;
}

function accountFields({ username, balance, online_status, closed_at }: StoredAccount) {
  return {
    account: storedField(username),
    balance: storedField(balance),
    online: online_status === 1,
    closed: closed_at !== null,
  };
}

function accountText({ username, balance, closed_at }: StoredAccount): string {
  const closed = closed_at === null ? "" : "  closed";
  return `${printableValue(username).padEnd(32)}  ${printableValue(balance).padStart(16)}${closed}`;
}

/** The columns as they are stored, for an operator who examines them. */
function storedFields(row: ShownEntry | StoredChange): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(row).map(([column, value]) => [column, storedField(value)]),
  );
}

/** JSON has no number past 2^53 and no bytes. */
function storedField<T>(value: T | bigint | Uint8Array): T | string {
  return typeof value === "bigint" || value instanceof Uint8Array ? storedText(value) : value;
}

/** A program that writes the ledger's file can put any text into any column. */
function printableValue(value: StoredValue): string {
  return printable(storedText(value));
}

function printFields(print: Print, row: ShownEntry | StoredChange): void {
  for (const [name, value] of Object.entries(storedFields(row))) {
    const text = typeof value === "object" ? JSON.stringify(value) : String(value);
    const note = name === "memo" ? quote(text) : printable(text);
    if (value !== null) print(`${name.padEnd(14)} ${note}`);
  }
}

function changeText({ number, at, kind, certificate }: StoredChange): string {
  const of = certificate === null
    ? []
    : [`certificate ${printable(storedText(certificate).slice(0, 16))}…`];
  return [...[number, at, kind].map(printableValue), ...of].join("  ");
}

function entryText({ number, at, kind, payer, payee, amount, memo }: ShownEntry): string {
  const [place, when, what] = [number, at, kind].map(printableValue);
  const note = memo === null ? "" : `  ${quote(storedText(memo))}`;
  return `${place}  ${when}  ${what}  ${printableValue(payer)} → ${printableValue(payee)}  ${
    printableValue(amount)
  }${note}`;
}
