/**
 * `micropay verify`: checks receipts without the server.
 */
import { resolve } from "node:path";
import { type CheckedReceipt, checkReceipt } from "../../client/receipt_check.ts";
import type { SignedCheckpoint } from "../../protocol/checkpoint.ts";
import { readReceiptProof, verifyReceiptProof } from "../../protocol/receipt_proof.ts";
import { FileError, isDocumentError, systemReason, UsageError } from "../../errors.ts";
import { lineBytesMax } from "../../limits.ts";
import type { TrustAnchor } from "../../pki/trust_anchor.ts";
import { printable, quote } from "../../printable.ts";
import { type JsonObject, parseJsonObject } from "../../strict_json.ts";
import type { VerifyRequest } from "../command_line/command_line.ts";
import { type ExitCode, exitCodes } from "../exit_code.ts";
import { LineInput } from "../line_input.ts";
import { printVerdict } from "./print_verdict.ts";
import { nearbyCaPath } from "../given_file.ts";
import { readLedgerAnchor } from "../ledger_anchor.ts";
import { jsonLine } from "../json_line.ts";
import type { ProcessIo } from "../process_io.ts";

/**
 * Checks the receipts in files, and prints a verdict on each.
 *
 * @throws {UsageError} when there is no CA or no receipt
 * @throws {FileError} when a file cannot be read
 */
export async function runVerify(
  request: VerifyRequest,
  { openInput, print, say }: ProcessIo,
): Promise<ExitCode> {
  const anchor = await readLedgerAnchor(request.ca, "verify");
  if (request.evidence !== undefined) {
    if (request.files.length > 0) {
      throw new UsageError("verify --evidence: receipts are checked apart; leave them out");
    }
    if (request.ca === undefined && !request.json) say(nearbyCaText(anchor));
    return await printVerdict(request.evidence, { anchor, print, isJson: request.json });
  }
  const files = request.files.length === 0 ? ["-"] : request.files;
  let looked = 0;
  let wrong = 0;
  for (const name of files) {
    for await (const { file, number, text } of linesOf(name, { openInput })) {
      const verdict = verdictOf(text, anchor);
      if (verdict === "no_payment") continue;
      // The CA may have come in one folder with the receipts. With --json each line names the
      // ledger.
      if (looked++ === 0 && request.ca === undefined && !request.json) say(nearbyCaText(anchor));
      const isWrong = typeof verdict === "string";
      if (isWrong) wrong++;
      const place = `${file}:${number}`;
      if (request.json) {
        const said = isWrong ? { valid: false, text: verdict } : validFields(verdict);
        print(jsonLine({ ...said, place, file, line: number }));
      } else {
        print(
          isWrong
            ? `${printable(place)}: not valid: ${printable(verdict)}`
            : validSentence(verdict),
        );
      }
    }
  }
  if (looked === 0) {
    throw new UsageError(
      `verify ${files.join(", ")}: there is no receipt in it; give what the client's ` +
        `receipt or history --json prints`,
    );
  }
  return wrong === 0 ? exitCodes.ok : exitCodes.error;
}

/** A line of a file that is not empty. */
interface FileLine {
  /** The file's name as it was given; `stdin` for the standard input. */
  readonly file: string;
  /** From 1. */
  readonly number: number;
  /** Without white space around it; `undefined` when it is longer than any receipt's. */
  readonly text: string | undefined;
}

/**
 * Yields the lines of a file that are not empty.
 *
 * @param name the path, or `-` for the standard input
 * @throws {FileError} when it cannot be read
 */
async function* linesOf(
  name: string,
  { openInput }: Pick<ProcessIo, "openInput">,
): AsyncGenerator<FileLine> {
  const file = name === "-" ? "stdin" : name;
  const input = new LineInput(name === "-" ? openInput() : await openFile(name), {
    attempt: `read ${file}`,
    lineBytesMax,
  });
  try {
    for (let number = 1;; number++) {
      const line = await input.next();
      if (line.kind === "end") return;
      const text = line.kind === "line" ? line.text.trim() : undefined;
      if (text !== "") yield { file, number, text };
    }
  } finally {
    // Another `-` may follow. It reads nothing, as it does for `cat`.
    await input.close();
  }
}

async function openFile(path: string): Promise<ReadableStream<Uint8Array>> {
  try {
    if ((await Deno.stat(path)).isDirectory) {
      throw new FileError(`read ${path}: it is a folder; name the files in it`);
    }
    return (await Deno.open(path)).readable;
  } catch (cause) {
    if (cause instanceof FileError) throw cause;
    const isMissing = cause instanceof Deno.errors.NotFound;
    const reason = isMissing ? "there is no such file" : systemReason(cause);
    throw new FileError(`read ${path}: ${reason}`, { cause });
  }
}

/** A line's receipt, with the checkpoint up to which its proof leads, if it has one. */
interface CheckedLine extends CheckedReceipt {
  readonly checkpoint: SignedCheckpoint | undefined;
}

/**
 * @returns the checked receipt, a sentence about its fault, or `no_payment` for a line about
 * something else
 */
function verdictOf(
  text: string | undefined,
  anchor: TrustAnchor,
): CheckedLine | string | "no_payment" {
  if (text === undefined) return "the line is longer than any receipt";
  const bare: JsonObject | undefined = /^[^.\s]+(\.[^.\s]+){2}$/.test(text)
    ? { receipt: text }
    : undefined;
  const members = text.startsWith("{") ? parseJsonObject(text) : bare;
  if (!members) return "this is neither a receipt nor a line of JSON";
  // `receive --json` begins with this line.
  if (members.event === "online") return "no_payment";
  const { receipt, order } = members;
  if (typeof receipt !== "string") return "there is no receipt in this line of JSON";
  if (order !== undefined && typeof order !== "string") return "its order is no text";
  try {
    const checked = checkReceipt(receipt, order, { anchor });
    const proof = readReceiptProof(members);
    const { payload } = checked.receipt;
    const checkpoint = proof && verifyReceiptProof(payload, proof, { anchor });
    return contradiction(members, checked) ?? { ...checked, checkpoint };
  } catch (error) {
    if (!isDocumentError(error)) throw error;
    return error.message;
  }
}

const statedMembers = ["entry", "id", "kind", "at", "from", "to", "amount", "refunds"] as const;

/** @returns a sentence about a member of the JSON line that differs from the signed one */
function contradiction(line: JsonObject, { receipt, order }: CheckedReceipt): string | undefined {
  const { payer: from, payee: to } = receipt.payload;
  const memo = order && { memo: order.payload.memo, request: paidRequest(order) };
  const signed: JsonObject = { ...receipt.payload, from, to, ...memo };
  const names = order ? [...statedMembers, "memo", "request"] : statedMembers;
  const name = names.find((name) => Object.hasOwn(line, name) && line[name] !== signed[name]);
  if (name === undefined) return undefined;
  return `the line says ${name} ${JSON.stringify(line[name])}, and what was signed ${
    JSON.stringify(signed[name]) ?? "has none"
  }`;
}

/** Returns the id of the payment request that an order pays: the order's own. */
function paidRequest(order: CheckedReceipt["order"]): string | undefined {
  return order?.payload.request === undefined ? undefined : order.payload.id;
}

function validFields({ receipt, order, checkpoint }: CheckedLine): object {
  const { entry, id, kind, payer: from, payee: to, amount, refunds, at, ledger } = receipt.payload;
  const memo = order?.payload.memo;
  const request = paidRequest(order);
  const stated = { entry, id, kind, from, to, amount, memo, refunds, request, at, ledger };
  const proven = checkpoint && { rows: checkpoint.size, provenAt: timeOf(checkpoint) };
  return { valid: true, ...stated, order: order !== undefined, ...proven };
}

function validSentence({ receipt, order, checkpoint }: CheckedLine): string {
  const { payer, payee, amount, at, entry, id, kind, refunds } = receipt.payload;
  const memo = order?.payload.memo;
  const note = memo === undefined ? "" : ` (${quote(memo)})`;
  const asked = paidRequest(order) === undefined ? kind : `${kind} that ${payee} requested`;
  const what = refunds === undefined ? asked : `${kind} of ${refunds}`;
  const signed = order
    ? `signed by ${order.signer.party.role === "server" ? "the server" : "payer and server"}`
    : "signed by the server; the order is not here";
  const proven = checkpoint
    ? `; it was in the ledger of ${checkpoint.size} rows at ${timeOf(checkpoint)}`
    : "";
  return `${payer} paid ${payee} ${amount}${note} on ${at}: ${what}, entry ${entry}, id ${id}, ${signed}${proven}`;
}

function timeOf({ at }: SignedCheckpoint): string {
  return new Date(at * 1000).toISOString();
}

function nearbyCaText({ fingerprint }: TrustAnchor): string {
  const path = printable(resolve(nearbyCaPath));
  return `Checked with the CA ${fingerprint}, which is ${path}: compare it with the operator's ` +
    "fingerprint, or give the CA with --ca";
}
