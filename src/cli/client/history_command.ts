/**
 * `history`: the newest entries, or with `--format` the member's own books.
 */
import type { Member } from "../../client/member.ts";
import { UsageError } from "../../errors.ts";
import type { Refusal } from "../../protocol/request_type.ts";
import type { ClientRequest } from "../command_line/command_line.ts";
import { exportWriter } from "../export_writer.ts";
import { historyEntriesDefault } from "./options.ts";
import type { ClientOutput } from "./output.ts";

type HistoryCommand = Extract<ClientRequest["command"], { readonly name: "history" }>;

interface HistoryPrinting {
  readonly output: ClientOutput;
  readonly print: (line: string) => void;
  readonly isReaderGone: () => boolean;
}

/**
 * Prints entries, or the lines of an export.
 *
 * @returns the server's refusal
 * @throws {UsageError} when the options do not go together
 */
export async function showHistory(
  command: HistoryCommand,
  member: Member,
  printing: HistoryPrinting,
): Promise<Refusal | undefined> {
  const { format } = command;
  return format === undefined
    ? await printEntries(command, member, printing)
    : await exportBooks({ ...command, format }, member, printing);
}

async function printEntries(
  { limit = historyEntriesDefault, before, bom, from, to }: HistoryCommand,
  member: Member,
  { output, isReaderGone }: HistoryPrinting,
): Promise<Refusal | undefined> {
  const given = { "--from": from !== undefined, "--to": to !== undefined, "--bom": bom };
  requireNone(given, "is for an export; give --format too");
  for await (const page of member.history({ limit, before })) {
    if (page.outcome === "refused") return page;
    for (const row of page.answer.entries) output.printHistoryRow(row);
    if (isReaderGone()) return;
  }
}

async function exportBooks(
  command: HistoryCommand & { readonly format: string },
  member: Member,
  { print, isReaderGone }: HistoryPrinting,
): Promise<Refusal | undefined> {
  const given = {
    "--limit": command.limit !== undefined,
    "--before": command.before !== undefined,
  };
  requireNone(given, "does not go with --format; give days with --from and --to");
  const { name: account } = member.context;
  const writer = exportWriter({ ...command, account }, "export the history");
  for await (const part of member.exportBooks(command, writer)) {
    if (part.outcome === "refused") return part;
    for (const line of part.answer) print(line);
    if (isReaderGone()) return;
  }
}

function requireNone(given: Readonly<Record<string, boolean>>, reason: string): void {
  const [option] = Object.entries(given).find(([, isGiven]) => isGiven) ?? [];
  if (option !== undefined) throw new UsageError(`show the history: ${option} ${reason}`);
}
