/**
 * CSV (RFC 4180): a line for each side of an entry, the amount with its sign, so that the amounts of an account add up to its balance.
 */
import type { AccountName } from "../account_name.ts";
import type { EntryParty } from "../ledger/entry.ts";
import type { CarriedBalances, ExportedEntry, ExportWriter } from "./exported_entries.ts";

const header = "entry,at,kind,id,account,other,amount,balance,memo,refunds";

/** What Excel needs before the header to read the file as UTF-8. */
const byteOrderMark = "\ufeff";

export interface CsvOptions {
  /** Only lines of this account. */
  readonly account?: AccountName | undefined;
  /** Whether to begin with a byte order mark. */
  readonly bom?: boolean;
}

export function csvWriter({ account, bom = false }: CsvOptions): ExportWriter {
  const isWanted = (party: EntryParty) => account === undefined || party === account;
  return {
    *begin(carried: CarriedBalances) {
      yield bom ? `${byteOrderMark}${header}` : header;
      for (const [party, balance] of carried) {
        yield line(["", "", "carried", "", party, "", balance, balance, "", ""]);
      }
    },
    *entry({ entry }: ExportedEntry) {
      const { number, atMs, kind, id, payer, payee, amount, memo = "", refunds = "" } = entry;
      const start = [number, new Date(atMs).toISOString(), kind, id];
      const note = [harmless(memo), refunds];
      if (isWanted(payer)) {
        yield line([...start, payer, payee, -amount, entry.payerBalance, ...note]);
      }
      if (isWanted(payee)) {
        yield line([...start, payee, payer, amount, entry.payeeBalance, ...note]);
      }
    },
    *end() {},
  };
}

function line(fields: readonly (string | number)[]): string {
  return fields.map(field).join(",");
}

/** A semicolon too: it separates fields where the comma is the decimal point. White space at an end would be trimmed. */
function field(value: string | number): string {
  const text = String(value);
  return /[",;\t\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * A memo is a stranger's text, and a spreadsheet runs what begins like a formula: an apostrophe before it makes it text. One that
 * begins with an apostrophe is given another, so that whoever takes one away has the memo.
 */
function harmless(memo: string): string {
  return startsFormula(memo) || /^['\t\r\n]/.test(memo) ? `'${memo}` : memo;
}

/** Spreadsheets skip what is not seen before a formula, and some take the sign in full width or as a minus of typesetting. */
function startsFormula(text: string): boolean {
  const seen = text.replace(/^[\s\u2800\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]+/u, "");
  return /^[=+\-@\u2212]/.test(seen.slice(0, 1).normalize("NFKD"));
}
