/**
 * Reading a file of payments: CSV (RFC 4180) or JSON lines. Every bad line is found.
 */
import { createHash } from "node:crypto";
import { CsvError, parse } from "csv-parse/sync";
import { accountNameRule, parseAccountName } from "../../../account_name.ts";
import type { Batch, BatchLine } from "../../../client/batch/batch.ts";
import { batchFileBytesMax, batchLinesMax } from "../../../limits.ts";
import { isMemo, memoRule } from "../../../memo.ts";
import { amountRuleFor, isAmount, parseAmount } from "../../../money.ts";
import { printable } from "../../../printable.ts";
import { parseJsonObject } from "../../../strict_json.ts";

/** What is wrong with a line. */
export interface LineFault {
  /** From 1. */
  readonly number: number;
  /** A sentence without a full stop, safe to print. */
  readonly text: string;
}

export interface ReadBatch {
  readonly batch: Batch;
  /** In the order of the lines. With a fault nothing should be paid. */
  readonly faults: readonly LineFault[];
}

/**
 * Reads payments. A file whose first character is `{` has JSON lines, any other one is CSV. A byte
 * order mark is passed over.
 */
export function readBatch(bytes: Uint8Array): ReadBatch {
  const digest = createHash("sha256").update(bytes).digest("hex");
  const { lines, faults } = linesOf(bytes);
  return { batch: { lines, digest }, faults };
}

interface ReadLines {
  readonly lines: BatchLine[];
  readonly faults: LineFault[];
}

function linesOf(bytes: Uint8Array): ReadLines {
  const whole = (text: string) => ({ lines: [], faults: [{ number: 1, text }] });
  if (bytes.length > batchFileBytesMax) {
    return whole(`the file has more than ${batchFileBytesMax} bytes; split it`);
  }
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return whole("the file is not UTF-8");
  }
  const read = /^\s*\{/.test(text) ? readJsonLines(text) : readCsv(text);
  if (read.lines.length + read.faults.length > batchLinesMax) {
    return whole(`the file has more than ${batchLinesMax} payments; split it`);
  }
  if (read.lines.length === 0 && read.faults.length === 0) {
    return whole("the file has no payment; a line is for example: bob,5,lunch");
  }
  return read;
}

/** The fields of a line as they were written. */
interface Fields {
  readonly to: unknown;
  readonly amount: unknown;
  readonly memo?: unknown;
}

/** Reads the fields of a line, or says what is wrong with each of them. */
function readFields(fields: Fields, number: number): BatchLine | LineFault {
  const payee = typeof fields.to === "string" ? parseAccountName(fields.to) : undefined;
  const amount = typeof fields.amount === "string"
    ? parseAmount(fields.amount)
    : isAmount(fields.amount)
    ? fields.amount
    : undefined;
  const { memo } = fields;
  const faults = [
    ...(payee === undefined ? [`to ${shown(fields.to)}: ${accountNameRule}`] : []),
    ...(amount === undefined
      ? [`amount ${shown(fields.amount)}: ${amountRuleFor(String(fields.amount))}`]
      : []),
    ...(memo === undefined || isMemo(memo) ? [] : [`memo ${shown(memo)}: ${memoRule}`]),
  ];
  if (payee === undefined || amount === undefined || faults.length > 0) {
    return { number, text: faults.join("; ") };
  }
  return { number, payee, amount, ...(memo !== undefined && { memo: memo as string }) };
}

function shown(value: unknown): string {
  if (value === undefined) return "is missing";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return printable(`"${text.length > 40 ? `${text.slice(0, 40)}…` : text}"`);
}

function collect(fields: BatchLine | LineFault, { lines, faults }: ReadLines): void {
  if ("text" in fields) faults.push(fields);
  else lines.push(fields);
}

function readJsonLines(text: string): ReadLines {
  const read: ReadLines = { lines: [], faults: [] };
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const number = index + 1;
    const { to, amount, memo, ...others } = parseJsonObject(line) ?? { others: undefined };
    const [other] = Object.keys(others);
    if (other !== undefined) {
      const what = parseJsonObject(line) === undefined
        ? "it is not one JSON object, each name once and every number an integer"
        : `it has the member ${shown(other)}; a payment has to, amount and memo`;
      read.faults.push({ number, text: what });
    } else if (typeof amount === "string") {
      read.faults.push({ number, text: `amount ${shown(amount)}: an amount in JSON is a number` });
    } else collect(readFields({ to, amount, memo }, number), read);
    if (read.lines.length + read.faults.length > batchLinesMax) break;
  }
  return read;
}

const header = ["to", "amount", "memo"];

function readCsv(text: string): ReadLines {
  const read: ReadLines = { lines: [], faults: [] };
  let count = 0;
  /** How many lines the parser has counted twice: it does so with CR between quotation marks. */
  let doubled = 0;
  let lastLine = 0;
  const takeRecord = (fields: readonly string[], number: number) => {
    const isHeader = ++count === 1 && fields.length > 1 && fields.length <= header.length &&
      fields.every((field, at) => field.trim().toLowerCase() === header[at]);
    if (isHeader) return;
    const [to, amount, memo = ""] = fields;
    if (fields.length < 2 || fields.length > header.length) {
      const fault = `it has ${fields.length} fields; a payment has 2 or 3: to,amount,memo`;
      read.faults.push({ number, text: fault });
    } else collect(readFields({ to, amount, memo: memo === "" ? undefined : memo }, number), read);
  };
  try {
    parse(text, {
      record_delimiter: ["\r\n", "\n"],
      relax_column_count: true,
      skip_empty_lines: true,
      // One that was never closed could make the whole file one field.
      max_record_size: 4096,
      on_record: (fields: string[], { lines }) => {
        const content = fields.join();
        doubled += countOf("\r", content);
        lastLine = lines - doubled;
        // A record with line breaks is named by its first line.
        if (count <= batchLinesMax + 1) takeRecord(fields, lastLine - countOf("\n", content));
        return null;
      },
    });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const { code, lines } = error as CsvError & { readonly lines?: number };
    // Where the next line begins is not known after such a fault.
    const what = csvFaults[code] ?? "it is not CSV as in RFC 4180";
    const number = endlessFaults.has(code)
      ? firstLineAfter(lastLine, text)
      : (lines ?? 1) - doubled;
    read.faults.push({ number, text: `${what}; later lines were not read` });
  }
  return read;
}

function countOf(part: string, text: string): number {
  return text.split(part).length - 1;
}

/** Returns the number of the first line after another one that is not empty. */
function firstLineAfter(line: number, text: string): number {
  const lines = text.split("\n").slice(line);
  return line + 1 + lines.findIndex((one) => one !== "" && one !== "\r");
}

/** Faults that the parser notices long after the line in which they are. */
const endlessFaults: ReadonlySet<string> = new Set(["CSV_QUOTE_NOT_CLOSED", "CSV_MAX_RECORD_SIZE"]);

const csvFaults: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: "a quotation mark is never closed",
  CSV_INVALID_CLOSING_QUOTE: "text follows a closing quotation mark",
  INVALID_OPENING_QUOTE: "a quotation mark stands inside of a field that has none around it",
  CSV_MAX_RECORD_SIZE: "it is too long, or a quotation mark is never closed",
};
