/**
 * Decodes rows of the store. Every value has to be spelled as this program writes it. A row with
 * another spelling was changed by another program.
 */
import { isAccountName } from "../account_name.ts";
import { isSeconds } from "../clock.ts";
import { changeKinds, type RecordedChange } from "./account_change.ts";
import {
  type EntryContents,
  entryKinds,
  type EntrySide,
  issuingAccount,
  type OrderParts,
} from "./entry.ts";
import {
  type StoredChange,
  type StoredEntry,
  type StoredRow,
  storedText,
  type StoredValue,
} from "./snapshot.ts";
import { isBookedMemo } from "../memo.ts";
import { isAmount } from "../money.ts";
import { isOrderId } from "../random.ts";

/** A row of the book, without what follows from it and the rows before it. */
export interface DecodedRow extends EntryContents, Omit<OrderParts, "certificate"> {
  /** The fingerprint of the signer's certificate. */
  readonly fingerprint: string;
  readonly payerBalance: number;
  readonly payeeBalance: number;
  /** In hexadecimal digits, 64 for each hash. */
  readonly subtrees: string;
}

/** A row of the book with its signer's certificate. */
export interface DecodedEntry extends Omit<DecodedRow, "fingerprint">, OrderParts {}

/** An account change as it is stored. */
export interface DecodedChange extends Omit<RecordedChange, "leaf"> {
  readonly subtrees: string;
}

/** @returns the entry, or a sentence about the first wrong column */
export function decodeEntry(row: StoredEntry): DecodedEntry | string {
  const decoded = decodeRow(row);
  if (typeof decoded === "string") return decoded;
  const { fingerprint, ...entry } = decoded;
  if (!(row.der instanceof Uint8Array)) return missingCertificate(fingerprint);
  return { ...entry, certificate: { fingerprint, der: new Uint8Array(row.der) } };
}

/** Returns a sentence about an entry whose signer's certificate the ledger does not have. */
export function missingCertificate(fingerprint: string): string {
  const shown = `${fingerprint.slice(0, 16)}…`;
  return `its order is signed under the certificate ${shown}, which the ledger does not have`;
}

/** @returns the row, or a sentence about the first wrong column */
export function decodeRow(row: StoredRow): DecodedRow | string {
  const { number, id, kind, payer, payee, amount, memo, at, subtrees, refunds, request, iat, exp } =
    row;
  const { order_digest: orderDigest, signature, certificate: fingerprint } = row;
  const { payer_balance: payerBalance, payee_balance: payeeBalance } = row;
  if (!isInteger(number)) return wrongValue("number", number);
  if (!isOrderId(id)) return wrongValue("id", id);
  if (!isOneOf(entryKinds, kind)) return wrongValue("kind", kind);
  if (!isParty(payer)) return wrongValue("payer", payer);
  if (!isParty(payee) || payee === payer) return wrongValue("payee", payee);
  if (!isAmount(amount)) return wrongValue("amount", amount);
  if (memo !== null && !isBookedMemo(memo)) return wrongValue("memo", memo);
  const atMs = decodeInstant(at);
  if (atMs === undefined) return wrongValue("at", at);
  if (!isInteger(payerBalance)) return wrongValue("payer_balance", payerBalance);
  if (!isInteger(payeeBalance)) return wrongValue("payee_balance", payeeBalance);
  if (!areHashes(subtrees)) return wrongValue("subtrees", subtrees);
  if (!isSeconds(iat)) return wrongValue("iat", iat);
  if (!isSeconds(exp)) return wrongValue("exp", exp);
  if (!isDigest(orderDigest)) return wrongValue("order_digest", orderDigest);
  if (!(signature instanceof Uint8Array) || signature.length !== 64) {
    return wrongValue("signature", signature);
  }
  if (!isDigest(fingerprint)) return wrongValue("certificate", fingerprint);
  const isRefund = kind === "refund";
  if (isRefund ? !isOrderId(refunds) : refunds !== null) return wrongValue("refunds", refunds);
  if (request !== null && typeof request !== "string") return wrongValue("request", request);
  return {
    number,
    id,
    kind,
    payer,
    payee,
    amount,
    ...(memo !== null && { memo }),
    ...(isRefund && { refunds: refunds as string }),
    ...(request !== null && { request }),
    orderDigest,
    ...{ iat, exp, atMs },
    signature: new Uint8Array(signature),
    fingerprint,
    payerBalance,
    payeeBalance,
    subtrees,
  };
}

/** @returns the change, or a sentence about the first wrong column */
export function decodeChange(row: StoredChange): DecodedChange | string {
  const { number, kind, username, certificate, code_digest, statement_jws, at, subtrees } = row;
  if (!isInteger(number)) return wrongValue("number", number);
  if (!isOneOf(changeKinds, kind)) return wrongValue("kind", kind);
  if (!isAccountName(username)) return wrongValue("username", username);
  if (certificate !== null && !isDigest(certificate)) return wrongValue("certificate", certificate);
  if (code_digest !== null && !isDigest(code_digest)) return wrongValue("code_digest", code_digest);
  if (typeof statement_jws !== "string") return wrongValue("statement_jws", statement_jws);
  const atMs = decodeInstant(at);
  if (atMs === undefined) return wrongValue("at", at);
  if (!areHashes(subtrees)) return wrongValue("subtrees", subtrees);
  return {
    number,
    kind,
    name: username,
    ...(certificate !== null && { certificate }),
    ...(code_digest !== null && { codeDigest: code_digest }),
    statementJws: statement_jws,
    atMs,
    subtrees,
  };
}

/**
 * Decodes a point in time. It accepts only the spelling that this program writes.
 *
 * @returns milliseconds since the epoch, or `undefined` for anything but ISO 8601 in UTC with
 * milliseconds
 */
export function decodeInstant(value: StoredValue): number | undefined {
  if (typeof value !== "string") return undefined;
  const atMs = Date.parse(value);
  return !Number.isNaN(atMs) && new Date(atMs).toISOString() === value ? atMs : undefined;
}

function isInteger(value: StoredValue): value is number {
  return Number.isSafeInteger(value);
}

function isOneOf<Kind extends string>(kinds: readonly Kind[], value: StoredValue): value is Kind {
  return (kinds as readonly StoredValue[]).includes(value);
}

function isParty(value: StoredValue): value is EntrySide {
  return value === issuingAccount || isAccountName(value);
}

/** @returns a sentence about a column with a value that this program never writes */
function wrongValue(column: string, value: StoredValue): string {
  const isText = typeof value === "string" || value instanceof Uint8Array;
  const text = storedText(value).slice(0, 80);
  return `its ${column} cannot be ${isText ? JSON.stringify(text) : text}`;
}

function isDigest(value: StoredValue): value is string {
  return typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
}

function areHashes(value: StoredValue): value is string {
  return typeof value === "string" && /^(?:[0-9a-f]{64})+$/.test(value);
}
