/**
 * The entries of the ledger. Entries and account changes are numbered together, from 1 without
 * gaps. They are append-only.
 */
import { hash } from "node:crypto";
import type { AccountName } from "../account_name.ts";
import type { Amount } from "../money.ts";
import { hashLeaf } from "./merkle_tree.ts";

/**
 * The account that issues all money. Its balance is minus the issued sum, so all balances add up to
 * zero. No member can have this name, because `@` is not allowed in one.
 */
export const issuingAccount = "@issuer";

/** A side of an entry: a member or the issuing account. */
export type EntrySide = AccountName | typeof issuingAccount;

/**
 * The kinds of entries. An `opening` or `deposit` moves money from the issuing account to a member,
 * at registration or later, and a `withdrawal` moves it back. A `payment` goes from one member to
 * another. A `refund` returns a payment, in full or in part.
 */
export const entryKinds = ["opening", "payment", "refund", "deposit", "withdrawal"] as const;
export type EntryKind = (typeof entryKinds)[number];

/** What is booked, and what the leaf of its entry covers. */
interface Terms {
  /** The order's id, a UUID of version 7 or 8, booked at most once in a ledger. */
  readonly id: string;
  readonly kind: EntryKind;
  readonly payer: EntrySide;
  readonly payee: EntrySide;
  readonly amount: Amount;
  readonly memo?: string;
  /** The id of the payment that a refund gives back. Only a refund has it. */
  readonly refunds?: string;
  /** {@link orderDigest} of the signed order. */
  readonly orderDigest: string;
  /**
   * When the server accepted it, in milliseconds since the epoch. It may be before the previous
   * entry's time, because clocks jump.
   */
  readonly atMs: number;
}

/** What an order says and an entry does not. Both together give the order's text. */
export interface OrderParts {
  /** When the order was made, in seconds since the epoch. */
  readonly iat: number;
  /** From this second on it cannot be booked. */
  readonly exp: number;
  /** The payment request that it pays, as a compact JWS. */
  readonly request?: string;
  /** The order's signature, 64 bytes. */
  readonly signature: Uint8Array<ArrayBuffer>;
  /** The certificate of the payer, or of the server when a side is the issuing account. */
  readonly certificate: SignerCertificate;
}

/** The certificate that an order is signed under. */
export interface SignerCertificate {
  /** The SHA-256 of its DER, 64 hex digits. */
  readonly fingerprint: string;
  readonly der: Uint8Array<ArrayBuffer>;
}

/** The ledger's record of a certificate. */
export interface CertificateRecord extends SignerCertificate {
  /** The SHA-256 of its SubjectPublicKeyInfo in DER, 64 hex digits. */
  readonly keyFingerprint: string;
  /** When it was issued. Of a certificate of the server: when it begins to be valid. */
  readonly issuedAtMs: number;
}

/**
 * A verified order that is ready to be booked. The ledger records the certificate that signed it if
 * it is the server's.
 */
export interface Booking extends Terms, OrderParts {
  readonly certificate: CertificateRecord;
}

/** A booked entry. */
export interface Entry extends Terms, OrderParts {
  readonly number: number;
  /** Balances of both sides after this entry. */
  readonly payerBalance: number;
  readonly payeeBalance: number;
  /** Its leaf in the Merkle tree of the ledger, 64 hex digits: see {@link entryLeaf}. */
  readonly leaf: string;
  /** The ledger's head after this entry, 64 hex digits: the root of the tree of `number` leaves. */
  readonly head: string;
}

/** The fields that the leaf covers: all except the derived ones. */
export type EntryContents = Terms & { readonly number: number };

/** Returns whether the payer signs the orders of this kind. The server signs the others. */
export function isSignedByPayer(kind: EntryKind): boolean {
  return kind === "payment" || kind === "refund";
}

/**
 * Hashes an order's compact JWS.
 *
 * @returns SHA-256 as 64 hexadecimal digits, what `sha256sum` prints for the text
 */
export function orderDigest(text: string): string {
  return hash("sha256", text, "hex");
}

/** The format's name is part of the hashed text, so that formats never collide. */
const entryFormat = "micropay-entry-3";

/**
 * Returns the leaf of an entry: the leaf hash of its canonical encoding. That is the JSON array
 * `["micropay-entry-3", number, id, kind, payer, payee, amount, memo or null, order_digest, at]`.
 * A refund has the payment's id as a last element. The array is UTF-8 without white space, escaped
 * like ECMA-262's JSON.stringify. `at` is ISO 8601 in UTC with milliseconds. The balances are not
 * in it, because they follow from the entries.
 *
 * The order's digest covers its signature, so the leaf reveals nothing to somebody without the
 * order.
 *
 * @returns 64 hex digits
 */
export function entryLeaf(entry: EntryContents): string {
  return hashLeaf(JSON.stringify([
    entryFormat,
    entry.number,
    entry.id,
    entry.kind,
    entry.payer,
    entry.payee,
    entry.amount,
    entry.memo ?? null,
    entry.orderDigest,
    new Date(entry.atMs).toISOString(),
    ...(entry.refunds === undefined ? [] : [entry.refunds]),
  ]));
}
