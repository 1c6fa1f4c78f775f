/**
 * Writes CSV (RFC 4180) with two lines for each entry, one for each side. Amounts have a sign, so
 * the amounts of an account add up to its balance.
 */
import type { EntrySide } from "../ledger/entry.ts";
import type {
  CarriedBalances,
  ExportedEntry,
  ExportSelection,
  ExportWriter,
} from "./books_export.ts";

const header = "entry,at,kind,id,account,other,amount,balance,memo,refunds";

/** Excel needs it before the header to read the file as UTF-8. */
const byteOrderMark = "\ufeff";

/**
 * @param selection only lines of its account; `bom` begins with a byte order mark
 * @returns a writer of CSV
 */
export function csvWriter(
  { account, bom = false }: Pick<ExportSelection, "account"> & { readonly bom?: boolean },
): ExportWriter {
  const isWanted = (side: EntrySide) => account === undefined || side === account;
  return {
    *begin(carried: CarriedBalances) {
      yield bom ? `${byteOrderMark}${header}` : header;
      for (const [side, balance] of carried) {
        yield line(["", "", "carried", "", side, "", balance, balance, "", ""]);
      }
    },
    *entry({ entry }: ExportedEntry) {
      const { number, atMs, kind, id, payer, payee, amount, memo = "", refunds = "" } = entry;
      const start = [number, new Date(atMs).toISOString(), kind, id];
      const note = [escapeFormula(memo), refunds];
      if (isWanted(payer)) {
        yield line([...start, payer, payee, -amount, entry.payerBalance ?? "", ...note]);
      }
      if (isWanted(payee)) {
        yield line([...start, payee, payer, amount, entry.payeeBalance ?? "", ...note]);
      }
    },
    *end() {},
  };
}

function line(fields: readonly (string | number)[]): string {
  return fields.map(field).join(",");
}

/**
 * Quotes a field where needed. A semicolon separates fields where the comma is the decimal point.
 * Programs trim white space at the ends of unquoted fields.
 */
function field(value: string | number): string {
  const text = String(value);
  return /[",;\t\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * Returns a memo that no spreadsheet runs as a formula. An apostrophe before it makes it text. A
 * memo that begins with an apostrophe gets another one, so that removing one restores every memo.
 */
function escapeFormula(memo: string): string {
  return startsFormula(memo) || /^['\t\r\n]/.test(memo) ? `'${memo}` : memo;
}

/**
 * Returns whether a spreadsheet takes a text for a formula. Spreadsheets skip invisible characters
 * at its start. Some accept full-width signs or the typographic minus.
 */
function startsFormula(text: string): boolean {
  const seen = text.replace(/^[\s\u2800\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]+/u, "");
  return /^[=+\-@\u2212]/.test(seen.slice(0, 1).normalize("NFKD"));
}
