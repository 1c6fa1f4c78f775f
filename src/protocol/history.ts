/**
 * The `history` request: the entries of the sender's account with their proofs, newest first or
 * after an entry, in pages. A row on the wire leaves out what the receiver can derive. The receiver
 * rebuilds the complete order and receipt from it, byte for byte.
 */
import { decodeHex, encodeHex } from "@std/encoding/hex";
import * as v from "valibot";
import { decodeBase64UrlStrict, encodeBase64Url } from "../base64.ts";
import { ProtocolError } from "../errors.ts";
import { pageRowsMax } from "../limits.ts";
import { type Entry, entryKinds, entryLeaf, orderDigest } from "../ledger/entry.ts";
import type { CertificateChain } from "../pki/signed_document.ts";
import { isOrderId } from "../random.ts";
import { joinOrder } from "./order.ts";
import { joinReceipt } from "./receipt.ts";
import type { RequestType } from "./request_type.ts";
import {
  amountShape,
  certificateReferenceShape,
  compactJwsShape,
  countShape,
  entryNumberShape,
  entrySideShape,
  memoShape,
  orderIdShape,
  secondsShape,
} from "./shapes.ts";

/** The lengths of the byte strings in a row: the id, and the hash and the two signatures. */
const lengths = { id: 16, orderSignature: 64, head: 32, receiptSignature: 64 };
const rowBytes = Object.values(lengths).reduce((sum, length) => sum + length, 0);

/** A row on the wire. `docs/protocol.md` describes the elements. */
const packedRowShape = v.strictTuple([
  /** The entry's number. */
  entryNumberShape,
  /** The kind as an index into {@link entryKinds}. */
  v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(entryKinds.length - 1)),
  /** The payer. */
  entrySideShape,
  /** The payee. */
  entrySideShape,
  amountShape,
  v.nullable(memoShape),
  /** The order's `iat`. */
  secondsShape,
  /** Seconds from the order's `iat` to its `exp`. */
  secondsShape,
  /**
   * Milliseconds from the order's `iat` to the booking. The server's clock may have been behind.
   */
  v.pipe(v.number(), v.safeInteger()),
  /** The certificate of the order, as an index into the page's `certificates`. */
  countShape,
  /** The bytes of {@link lengths} one after the other, in base64url. */
  v.pipe(v.string(), v.regex(/^[\w-]{235}$/)),
  /** The id of the payment that a refund gives back, or the payment request that was paid. */
  v.optional(v.union([orderIdShape, compactJwsShape])),
]);
export type PackedHistoryRow = v.InferOutput<typeof packedRowShape>;

/** An entry of a history, with the order and the receipt as compact JWS. */
export interface HistoryRow {
  readonly entry: number;
  readonly id: string;
  /** When it was booked: ISO 8601 in UTC with milliseconds. */
  readonly at: string;
  readonly kind: Entry["kind"];
  readonly payer: Entry["payer"];
  readonly payee: Entry["payee"];
  readonly amount: Entry["amount"];
  readonly memo?: string;
  /** The id of the payment that a refund gives back. */
  readonly refunds?: string;
  /** The payment request that it paid, as a compact JWS by the payee. */
  readonly request?: string;
  /** The sender's balance after this entry. */
  readonly balance: number;
  /** The payer's order and the server's receipt for it. */
  readonly order: string;
  readonly receipt: string;
}

export const historyRequestType = {
  type: "history",
  request: v.strictObject({
    /** Most rows of the page. */
    limit: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(pageRowsMax)),
    /** Only entries with a smaller number, newest first. Without it and `after`: the newest. */
    before: v.optional(entryNumberShape),
    /** Only entries with a greater number, oldest first. Not together with `before`. */
    after: v.optional(countShape),
  }),
  success: 300,
  answer: v.strictObject({
    /** The sender's balance after the first row. Present when there is a row. */
    balance: v.optional(countShape),
    /** The certificates that signed the orders, each once. */
    certificates: v.pipe(v.array(certificateReferenceShape), v.maxLength(pageRowsMax)),
    entries: v.pipe(v.array(packedRowShape), v.maxLength(pageRowsMax)),
    /** Whether further pages follow. */
    more: v.boolean(),
  }),
} as const satisfies RequestType;
export type HistoryRequest = v.InferOutput<typeof historyRequestType.request>;
export type HistoryPage = v.InferOutput<typeof historyRequestType.answer>;

/**
 * Encodes an entry as a row.
 *
 * @param options.certificate where the page names the certificate of the order
 * @param options.receiptSignature 64 bytes
 */
export function packHistoryRow(
  entry: Entry,
  { certificate, receiptSignature }: {
    readonly certificate: number;
    readonly receiptSignature: Uint8Array;
  },
): PackedHistoryRow {
  const { number, kind, payer, payee, amount, memo, iat, exp, atMs } = entry;
  const id = decodeHex(entry.id.replaceAll("-", ""));
  const bytes = new Uint8Array(rowBytes);
  let end = 0;
  for (const part of [id, entry.signature, decodeHex(entry.head), receiptSignature]) {
    bytes.set(part, end);
    end += part.length;
  }
  const terms = [payer, payee, amount, memo ?? null] as const;
  const times = [iat, exp - iat, atMs - iat * 1000] as const;
  const row = [
    number,
    entryKinds.indexOf(kind),
    ...terms,
    ...times,
    certificate,
    encodeBase64Url(bytes),
  ] as const;
  const origin = entry.refunds ?? entry.request;
  return (origin === undefined ? row : [...row, origin]) as PackedHistoryRow;
}

/**
 * Decodes a page: the rows with complete documents. No signature is verified.
 *
 * @param options.asked what the page answers. Its rows are beyond `before` or `after`, in their
 * order, and each comes once
 * @param options.name the account of the history
 * @param options.ledgerId the ledger of the entries
 * @param options.receiptChain the server's certificate, which signed the receipts
 * @param options.chains the certificates that the page names, in its order
 * @throws {ProtocolError} when a row cannot be one of this account's history
 */
export function unpackHistory(
  { balance, entries }: Pick<HistoryPage, "balance" | "entries">,
  options: {
    readonly name: string;
    readonly ledgerId: string;
    readonly receiptChain: CertificateChain;
    readonly chains: readonly CertificateChain[];
    readonly asked: HistoryRequest;
  },
): HistoryRow[] {
  const { before = Infinity, after, limit } = options.asked;
  if (entries.length > limit) throw unreadable("it has more rows than were asked for");
  const rows: HistoryRow[] = [];
  let previous: HistoryRow | undefined;
  for (const packed of entries) {
    const row = unpackRow(packed, options);
    const beside = previous?.entry ?? after ?? before;
    if (after === undefined ? row.entry >= beside : row.entry <= beside) {
      throw unreadable(`the entry ${row.entry} is not beyond ${beside}`);
    }
    const own = balanceOf(row, { previous, first: balance, name: options.name });
    if (!Number.isSafeInteger(own) || own < 0) throw unreadable("its balances do not fit its rows");
    previous = { ...row, balance: own };
    rows.push(previous);
  }
  return rows;
}

/** Returns the account's balance after a row, from that after the row before it on the page. */
function balanceOf(
  row: Omit<HistoryRow, "balance">,
  { previous, first = NaN, name }: {
    readonly previous: HistoryRow | undefined;
    readonly first: number | undefined;
    readonly name: string;
  },
): number {
  if (previous === undefined) return first;
  const isForward = row.entry > previous.entry;
  const { payee, amount } = isForward ? row : previous;
  const change = payee === name ? amount : -amount;
  return previous.balance + (isForward ? change : -change);
}

function unpackRow(
  packed: PackedHistoryRow,
  { name, ledgerId, receiptChain, chains }: Parameters<typeof unpackHistory>[1],
): Omit<HistoryRow, "balance"> {
  const [number, kindIndex, payer, payee, amount, memo, iat, lifetime, delayMs] = packed;
  const [certificate, text, origin] = packed.slice(9) as [number, string, string | undefined];
  const { id, orderSignature, head, receiptSignature } = partsOf(text);
  if (payer !== name && payee !== name) {
    throw unreadable(`the entry ${number} is of somebody else's account`);
  }
  const chain = chains[certificate];
  if (chain === undefined) throw unreadable("a row names no certificate of the page");
  const atMs = iat * 1000 + delayMs;
  if (Number.isNaN(new Date(atMs).getTime())) throw unreadable("the time of a row is not a date");
  const kind = entryKinds[kindIndex]!;
  const terms = {
    ...{ id, payer, payee, amount },
    ...(memo !== null && { memo }),
    ...(origin !== undefined && (isOrderId(origin) ? { refunds: origin } : { request: origin })),
  };
  const contents = { ...terms, number, kind, atMs, iat, exp: iat + lifetime };
  const order = joinOrder(contents, { ledgerId, chain, signature: orderSignature });
  const digested = { ...contents, orderDigest: orderDigest(order) };
  const receipt = joinReceipt({ ...digested, leaf: entryLeaf(digested), head }, {
    ledgerId,
    signature: receiptSignature,
    chain: receiptChain,
  });
  const at = new Date(atMs).toISOString();
  return { entry: number, ...terms, at, kind, order, receipt };
}

/** Returns the byte strings of a row. */
function partsOf(text: string) {
  const bytes = decodeBase64UrlStrict(text);
  if (bytes?.length !== rowBytes) throw unreadable(`a row does not have ${rowBytes} bytes`);
  let start = 0;
  const take = (length: number) => bytes.slice(start, start += length);
  const digits = encodeHex(take(lengths.id));
  const id = digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  if (!isOrderId(id)) throw unreadable("the id of a row is not a UUID of version 7 or 8");
  return {
    id,
    orderSignature: take(lengths.orderSignature),
    head: encodeHex(take(lengths.head)),
    receiptSignature: take(lengths.receiptSignature),
  };
}

function unreadable(reason: string): ProtocolError {
  return new ProtocolError(`read a page of history: ${reason}`);
}
