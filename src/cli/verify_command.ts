/**
 * `micropay verify`: checks receipts offline.
 */
import { readTextIfThere } from "../client/data_folder.ts";
import { type CheckedReceipt, checkReceipt } from "../client/receipt_check.ts";
import { systemClock } from "../clock.ts";
import {
  CertificateError,
  EnvelopeError,
  FileError,
  messageOf,
  ProtocolError,
  UsageError,
} from "../errors.ts";
import { readTrustAnchorPem, type TrustAnchor } from "../pki/trust_anchor.ts";
import { printable } from "../printable.ts";
import { parseJsonObject } from "../strict_json.ts";
import type { VerifyRequest } from "./command_line.ts";
import { type ExitCode, exitCodes } from "./exit_code.ts";
import { jsonLine } from "./json_line.ts";

/** A line with where it stands. */
interface ReceiptLine {
  readonly place: string;
  readonly text: string;
}

/**
 * @throws {UsageError} when there is no CA to check with
 * @throws {FileError} when a file cannot be read
 */
export async function runVerify(request: VerifyRequest): Promise<ExitCode> {
  const anchor = await readAnchor(request.ca);
  const files = request.files.length === 0 ? ["-"] : request.files;
  let checked = 0;
  let wrong = 0;
  for (const file of files) {
    for (const { place, text } of await readLines(file)) {
      const fault = await verifyLine(text, { anchor, json: request.json });
      if (fault === undefined) {
        checked++;
        continue;
      }
      wrong++;
      const line = request.json
        ? jsonLine({ valid: false, place, text: fault })
        : `${printable(place)}: ${printable(fault)}`;
      console.log(line);
    }
  }
  if (checked + wrong > 0) return wrong === 0 ? exitCodes.ok : exitCodes.error;
  throw new UsageError(`verify ${files.join(", ")}: there is no receipt in it`);
}

/** @returns what is wrong; a good receipt is printed */
async function verifyLine(
  text: string,
  { anchor, json }: { anchor: TrustAnchor; json: boolean },
): Promise<string | undefined> {
  const found = receiptIn(text);
  if (!found) return "this is neither a receipt nor a line of JSON with one";
  try {
    const checked = await checkReceipt(found.receipt, found.order, { anchor });
    console.log(json ? jsonLine({ valid: true, ...fieldsOf(checked) }) : sentenceOf(checked));
    return undefined;
  } catch (error) {
    const expected = error instanceof EnvelopeError || error instanceof CertificateError ||
      error instanceof ProtocolError;
    if (!expected) throw error;
    return error.message;
  }
}

/** A receipt on its own, or in the JSON that this program writes wherever it gives one. */
function receiptIn(text: string): { receipt: string; order: string | undefined } | undefined {
  if (!text.startsWith("{")) return { receipt: text, order: undefined };
  const { receipt, order } = parseJsonObject(text) ?? {};
  if (typeof receipt !== "string") return undefined;
  return { receipt, order: typeof order === "string" ? order : undefined };
}

function fieldsOf({ receipt, order }: CheckedReceipt) {
  const { entry, id, kind, from, to, amount, at, ledger } = receipt;
  return { entry, id, kind, from, to, amount, memo: order?.memo, at, ledger, order: !!order };
}

function sentenceOf({ receipt, order }: CheckedReceipt): string {
  const { from, to, amount, at, entry, id, kind } = receipt;
  const memo = order?.memo === undefined ? "" : ` (${printable(order.memo)})`;
  const signed = order
    ? "signed by payer and server"
    : "signed by the server; the order is not here";
  return `${from} paid ${to} ${amount}${memo} on ${at}: ${kind}, entry ${entry}, id ${id}, ${signed}`;
}

async function readLines(file: string): Promise<ReceiptLine[]> {
  const name = file === "-" ? "stdin" : file;
  const text = file === "-"
    ? await new Response(Deno.stdin.readable).text()
    : await readTextIfThere(file);
  if (text === undefined) throw new FileError(`verify ${file}: there is no such file`);
  return text.split("\n")
    .map((line, index) => ({ place: `${name}:${index + 1}`, text: line.trim() }))
    .filter((line) => line.text !== "");
}

async function readAnchor(ca: string | undefined): Promise<TrustAnchor> {
  const path = ca ?? "certs/CA.pem";
  const pem = await readTextIfThere(path);
  if (pem === undefined && ca === undefined) {
    throw new UsageError("verify: give the ledger's CA with --ca; there is no certs/CA.pem here");
  }
  if (pem === undefined) throw new FileError(`read the CA ${path}: there is no such file`);
  try {
    return await readTrustAnchorPem(pem, { atMs: systemClock.nowMs() });
  } catch (cause) {
    throw new FileError(`read the CA ${path}: ${messageOf(cause)}`, { cause });
  }
}
