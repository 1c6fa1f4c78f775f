/**
 * `micropay ledger export`: prints the books, line by line.
 */
import { UsageError } from "../../errors.ts";
import type { LedgerSnapshot } from "../../ledger/snapshot.ts";
import { beancountWriter } from "../../operator/export_beancount.ts";
import { csvWriter } from "../../operator/export_csv.ts";
import { hledgerWriter } from "../../operator/export_hledger.ts";
import { jsonlWriter } from "../../operator/export_jsonl.ts";
import { exportLines } from "../../operator/exported_entries.ts";
import type { LedgerRequest } from "../command_line/command_line.ts";
import type { ProcessIo } from "../process_io.ts";

type ExportCommand = Extract<LedgerRequest["command"], { readonly name: "export" }>;

/**
 * Prints the entries in the requested format.
 *
 * @throws {UsageError} when the first day is after the last, or `--bom` is given for a format other
 * than CSV
 */
export function exportAll(
  snapshot: LedgerSnapshot,
  command: ExportCommand,
  { print, isReaderGone }: Pick<ProcessIo, "print" | "isReaderGone">,
): void {
  const { from, to } = command;
  if (from !== undefined && to !== undefined && from > to) {
    throw new UsageError(`export the ledger: --from ${from} is after --to ${to}`);
  }
  if (command.bom && command.format !== "csv") {
    throw new UsageError(`export the ledger: --bom is for csv, not for ${command.format}`);
  }
  const writers = {
    csv: csvWriter,
    jsonl: jsonlWriter,
    hledger: hledgerWriter,
    beancount: beancountWriter,
  };
  const writer = writers[command.format](command);
  for (const line of exportLines(snapshot, command, writer)) {
    print(line);
    if (isReaderGone()) return;
  }
}
