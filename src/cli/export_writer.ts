/**
 * The writer of an export, as a command line asks for it.
 */
import { beancountWriter } from "../books/beancount.ts";
import type { ExportSelection, ExportWriter } from "../books/books_export.ts";
import { csvWriter } from "../books/csv.ts";
import { hledgerWriter } from "../books/hledger.ts";
import { jsonlWriter } from "../books/jsonl.ts";
import { UsageError } from "../errors.ts";

const writers = {
  csv: csvWriter,
  jsonl: jsonlWriter,
  hledger: hledgerWriter,
  beancount: beancountWriter,
};

interface ExportOptions extends ExportSelection {
  readonly format: keyof typeof writers;
  readonly bom: boolean;
}

/**
 * @param attempt the start of the error's text
 * @throws {UsageError} when the first day is after the last, or `bom` is given for a format other
 * than CSV
 */
export function exportWriter(options: ExportOptions, attempt: string): ExportWriter {
  const { format, bom, from, to } = options;
  if (from !== undefined && to !== undefined && from > to) {
    throw new UsageError(`${attempt}: --from ${from} is after --to ${to}`);
  }
  if (bom && format !== "csv") {
    throw new UsageError(`${attempt}: --bom is for csv, not for ${format}`);
  }
  return writers[format](options);
}
