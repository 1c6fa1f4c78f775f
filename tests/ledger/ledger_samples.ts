/**
 * Sample registrations and bookings for the ledger's tests. The same arguments give the same value.
 */
import { createHash } from "node:crypto";
import type { AccountName } from "../../src/account_name.ts";
import type { AccountChange } from "../../src/ledger/account_change.ts";
import {
  type Booking,
  type CertificateRecord,
  type Entry,
  type EntryKind,
  type EntrySide,
  isSignedByPayer,
  issuingAccount,
  orderDigest,
} from "../../src/ledger/entry.ts";
import type { ChangeOutcome, Ledger, Presence, Registration } from "../../src/ledger/ledger.ts";
import type { Amount } from "../../src/money.ts";

export const ledgerId = "5a".repeat(32);
export const noonMs = Date.UTC(2026, 10, 23, 12);

export const alice = "alice" as AccountName;
export const bob = "bob" as AccountName;
export const carol = "carol" as AccountName;
export const nobody = "nobody" as AccountName;

/** Returns the id of order number `n`. */
export function orderId(n: number): string {
  return `019ab000-0000-7000-8000-${String(n).padStart(12, "0")}`;
}

export function certificateOf(name: string, options: { key?: string } = {}): CertificateRecord {
  const key = options.key ?? name;
  return {
    fingerprint: digest(`certificate of ${name} for ${key}`),
    keyFingerprint: digest(`key ${key}`),
    // A copy, because the oldest Deno's types leave open which buffer an encoder uses.
    der: Uint8Array.from(new TextEncoder().encode(`DER of ${name}`)),
    issuedAtMs: noonMs,
  };
}

export interface BookingOptions {
  readonly id?: number;
  readonly memo?: string;
  /** A text in place of a signed order. */
  readonly order?: string;
  /** The end of the order, in milliseconds since the epoch. */
  readonly expiresAtMs?: number;
  readonly atMs?: number;
  /** A payment by default. */
  readonly kind?: EntryKind;
  /** The fingerprint of the signer's certificate. By default that of {@link certificateOf}. */
  readonly certificate?: string;
}

export function payment(
  [payer, payee]: readonly [EntrySide, EntrySide],
  amount: number,
  options: BookingOptions = {},
): Booking {
  const { id = 1, memo, atMs = noonMs, kind = "payment" } = options;
  const record = certificateOf(isSignedByPayer(kind) ? payer : issuingAccount);
  const fingerprint = options.certificate ?? record.fingerprint;
  const order = options.order ?? `order ${id} ${payer} ${payee} ${amount} ${memo}`;
  const exp = (options.expiresAtMs ?? noonMs + 120_000) / 1000;
  return {
    id: orderId(id),
    kind,
    payer,
    payee,
    amount: amount as Amount,
    ...(memo === undefined ? {} : { memo }),
    certificate: { ...record, fingerprint },
    ...{ iat: exp - 120, exp },
    signature: signatureOf(order),
    orderDigest: orderDigest(order),
    atMs,
  };
}

/** Returns 64 bytes in place of the signature of an order. */
export function signatureOf(order: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(createHash("sha512").update(order).digest());
}

/** Returns a refund of a part of payment number `of`. */
export function refund(
  sides: readonly [EntrySide, EntrySide],
  amount: number,
  options: { readonly id: number; readonly of: number },
): Booking {
  const { id, of } = options;
  return { ...payment(sides, amount, { id, kind: "refund" }), refunds: orderId(of) };
}

/**
 * Returns a registration. A `balance` of 0 means no opening entry. Openings have ids from a million
 * by default.
 */
export function registration(
  name: AccountName,
  balance: number,
  options: { key?: string; id?: number } = {},
): Registration {
  const certificate = certificateOf(name, options);
  if (balance === 0) return { name, certificate };
  const id = options.id ?? 1_000_000 + Number.parseInt(digest(name).slice(0, 8), 16);
  return {
    name,
    certificate,
    opening: payment(["@issuer", name], balance, { id, kind: "opening" }),
  };
}

/** Returns a revocation or closure that is valid now. Its statement is an arbitrary text. */
export async function changeOf(
  ledger: Ledger,
  name: AccountName,
  { codeDigest, atMs = noonMs }: { readonly codeDigest?: string; readonly atMs?: number } = {},
): Promise<AccountChange> {
  const previous = await ledger.lastStatement();
  const kind = codeDigest === undefined ? "closure" : "revocation";
  const certificate = (await ledger.account(name))?.certificate?.fingerprint;
  return {
    kind,
    name,
    ...(codeDigest !== undefined && { codeDigest }),
    ...(codeDigest !== undefined && certificate !== undefined && { certificate }),
    previous,
    statementJws: `${kind} of ${name} after ${previous}`,
    atMs,
  };
}

export async function revoke(
  ledger: Ledger,
  name: AccountName,
  codeDigest: string,
): Promise<ChangeOutcome["outcome"]> {
  return (await ledger.changeAccount(await changeOf(ledger, name, { codeDigest }))).outcome;
}

export async function closeAccount(
  ledger: Ledger,
  name: AccountName,
): Promise<ChangeOutcome["outcome"]> {
  return (await ledger.changeAccount(await changeOf(ledger, name))).outcome;
}

/** Returns a registration with a one-time code. */
export async function reissueOf(
  ledger: Ledger,
  registration: Registration,
  codeDigest: string,
): Promise<Registration> {
  const { name, certificate } = registration;
  const previous = await ledger.lastStatement();
  const change: AccountChange = {
    kind: "reissue",
    name,
    certificate: certificate.fingerprint,
    previous,
    statementJws: `reissue for ${name} after ${previous}`,
    atMs: noonMs,
  };
  return { ...registration, reissue: { codeDigest, change } };
}

/** Returns what the entry of a booking says of it. */
export function termsOf(
  { certificate: { fingerprint, der }, ...terms }: Booking,
): Omit<Booking, "certificate"> & Pick<Entry, "certificate"> {
  return { ...terms, certificate: { fingerprint, der } };
}

export function presenceOf(
  name: AccountName,
  privatePort = 2000,
  server = "this server",
): Presence {
  return { name, host: "192.0.2.7", publicPort: 50_000, privatePort, server };
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
