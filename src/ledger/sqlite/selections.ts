/** What each `SELECT` of the SQLite ledger reads. */
import { wholeText } from "../../sqlite/whole_text.ts";
import { certificateColumns, changeColumns, entryColumns } from "../rows.ts";

const noTexts = ["number", "amount", "payer_balance", "payee_balance", "iat", "exp"];

/**
 * The columns of each `SELECT`, with complete texts: see {@link wholeText}. Hashes come as
 * hexadecimal digits. An entry comes with its signer's certificate, and a row without it.
 */
export const [entrySelection, rowSelection, changeSelection, certificateSelection] = [
  `${selectionOf(entryColumns)},
    (SELECT der FROM certificate WHERE fingerprint = entry.certificate) AS der`,
  selectionOf(entryColumns),
  selectionOf(changeColumns),
  selectionOf(certificateColumns),
] as const;

function selectionOf(columns: string): string {
  return columns.split(", ").map((column) => {
    if (column === "subtrees" || column === "order_digest") {
      return `lower(hex(${column})) AS ${column}`;
    }
    const isBytes = column === "der" || column === "signature";
    return isBytes || noTexts.includes(column) ? column : wholeText(column);
  }).join(", ");
}
