/**
 * One line of the ledger. Entries and account changes are numbered together, from 1 without gaps. They are never changed and
 * never removed.
 */
import { createHash } from "node:crypto";
import type { AccountName } from "../account_name.ts";
import type { Amount } from "../money.ts";

/**
 * The account that all money comes out of. Its balance is minus what was issued, so all balances always add up to zero. No
 * member can have this name: `@` is not allowed in one.
 */
export const issuingAccount = "@issuer";

/** A side of an entry: a member, or the issuing account. */
export type EntryParty = AccountName | typeof issuingAccount;

/**
 * `opening`, `deposit`: from the issuing account to a member, at registering or later; `withdrawal`: back to it. `payment`: one
 * member pays another. `refund`: the payee of a payment gives back all of it or a part.
 */
export const entryKinds = ["opening", "payment", "refund", "deposit", "withdrawal"] as const;
export type EntryKind = (typeof entryKinds)[number];

/** What is booked, and what an entry commits to. */
interface Terms {
  /** The order's id, a UUIDv7; booked at most once in a ledger's life. */
  readonly id: string;
  readonly kind: EntryKind;
  readonly payer: EntryParty;
  readonly payee: EntryParty;
  readonly amount: Amount;
  readonly memo?: string;
  /** Of a refund, and only of one: the id of the payment that it gives back. */
  readonly refunds?: string;
  /** The signed order, exactly as it came. */
  readonly orderJws: string;
  /** When the server took it, in milliseconds since the epoch. Not necessarily after the entry before: clocks jump. */
  readonly atMs: number;
}

/** An instruction that was checked and is ready to be booked. */
export interface Booking extends Terms {
  /** {@link orderDigest} of the order. */
  readonly orderDigest: string;
  /**
   * SHA-256 fingerprint of the certificate that the order is signed under. A payment and a refund
   * have one. The server signs the others.
   */
  readonly certificate?: string;
}

export interface Entry extends Terms {
  readonly number: number;
  /** {@link orderDigest} of the order. Not stored: it follows from the order. */
  readonly orderDigest: string;
  /** Balances of both sides after this entry. */
  readonly payerBalance: number;
  readonly payeeBalance: number;
  /** The ledger's head after this entry: 64 hexadecimal digits, see {@link chainHash}. */
  readonly hash: string;
}

/** What an entry commits to: everything in it that is not derived. */
export type EntryContents = Terms & { readonly number: number };

/**
 * Hashes an order's compact JWS.
 *
 * @returns SHA-256 as 64 hexadecimal digits, what `sha256sum` prints for the text
 */
export function orderDigest(orderJws: string): string {
  return createHash("sha256").update(orderJws, "utf8").digest("hex");
}

/** The format's name is part of what is hashed, so that another format can never collide with this one. */
const entryFormat = "micropay-entry-1";

/**
 * SHA-256 over an entry's canonical encoding: the JSON array
 * `["micropay-entry-1", number, id, kind, payer, payee, amount, memo or null, order_jws, at]`, for a refund with the id of the
 * refunded payment as one more element, in UTF-8, without white space, escaped as ECMA-262 JSON.stringify does; `at` is
 * ISO 8601 in UTC with milliseconds.
 *
 * The order's signature is part of it, so the digest tells somebody who does not hold the order nothing about the payment.
 *
 * @returns 32 bytes
 */
export function entryDigest(entry: EntryContents): Uint8Array {
  const canonical = JSON.stringify([
    entryFormat,
    entry.number,
    entry.id,
    entry.kind,
    entry.payer,
    entry.payee,
    entry.amount,
    entry.memo ?? null,
    entry.orderJws,
    new Date(entry.atMs).toISOString(),
    ...(entry.refunds === undefined ? [] : [entry.refunds]),
  ]);
  // A plain array: to slice Node's is to share its memory, and hexadecimal encoders that slice then write into it.
  return new Uint8Array(createHash("sha256").update(canonical, "utf8").digest());
}

/**
 * The head after an entry: SHA-256 over the 32 bytes of the head before it and the 32 bytes of its digest. The head of an
 * empty ledger is the ledger's own identifier, so two ledgers never share a chain.
 *
 * @param previousHash 64 hexadecimal digits
 * @returns 64 hexadecimal digits
 */
export function chainHash(previousHash: string, digest: Uint8Array): string {
  return createHash("sha256").update(previousHash, "hex").update(digest).digest("hex");
}
