/** What the ledger's tests register and book. Deterministic: the same arguments make the same value. */
import { createHash } from "node:crypto";
import type { AccountName } from "../../src/account_name.ts";
import type { AccountChange } from "../../src/ledger/account_change.ts";
import type { Booking, EntryKind, EntryParty } from "../../src/ledger/entry.ts";
import type {
  CertificateRecord,
  ChangeOutcome,
  Ledger,
  Presence,
  Registration,
} from "../../src/ledger/ledger.ts";
import type { Amount } from "../../src/money.ts";

export const ledgerId = "5a".repeat(32);
export const noonMs = Date.UTC(2026, 10, 23, 12);

export const alice = "alice" as AccountName;
export const bob = "bob" as AccountName;
export const carol = "carol" as AccountName;
export const nobody = "nobody" as AccountName;

/** The id of order number `n`. */
export function orderId(n: number): string {
  return `019ab000-0000-7000-8000-${String(n).padStart(12, "0")}`;
}

export function certificateOf(name: string, options: { key?: string } = {}): CertificateRecord {
  const key = options.key ?? name;
  return {
    fingerprint: digest(`certificate of ${name} for ${key}`),
    keyFingerprint: digest(`key ${key}`),
    // A copy, because the types of the oldest Deno do not say what kind of memory an encoder writes to.
    der: Uint8Array.from(new TextEncoder().encode(`DER of ${name}`)),
    issuedAtMs: noonMs,
  };
}

export interface BookingOptions {
  readonly id?: number;
  readonly memo?: string;
  readonly orderJws?: string;
  readonly atMs?: number;
  /** A payment unless told. */
  readonly kind?: EntryKind;
  /** Of a payment or a refund: the fingerprint of its payer's certificate; that of {@link certificateOf} unless told. */
  readonly certificate?: string;
}

export function payment(
  [payer, payee]: readonly [EntryParty, EntryParty],
  amount: number,
  options: BookingOptions = {},
): Booking {
  const { id = 1, memo, atMs = noonMs, kind = "payment" } = options;
  const isByMember = kind === "payment" || kind === "refund";
  const certificate = options.certificate ?? certificateOf(payer).fingerprint;
  const orderJws = options.orderJws ?? `order ${id} ${payer} ${payee} ${amount} ${memo}`;
  return {
    id: orderId(id),
    kind,
    payer,
    payee,
    amount: amount as Amount,
    ...(memo === undefined ? {} : { memo }),
    ...(isByMember && { certificate }),
    orderJws,
    atMs,
  };
}

/** Gives back a part of the payment number `of`. */
export function refund(
  sides: readonly [EntryParty, EntryParty],
  amount: number,
  options: { readonly id: number; readonly of: number },
): Booking {
  const { id, of } = options;
  return { ...payment(sides, amount, { id, kind: "refund" }), refunds: orderId(of) };
}

/** `balance` 0 means without an opening entry. Openings take ids from a million on unless told. */
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

/** A revocation or a closure as it has to be now; its statement is any text. */
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

/** A registration with a one-time code. */
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

/** An entry is its booking without what only the booking is judged by. */
export function termsOf({ certificate: _, ...terms }: Booking): Omit<Booking, "certificate"> {
  return terms;
}

export function presenceOf(name: AccountName, privatePort = 2000): Presence {
  return { name, host: "192.0.2.7", publicPort: 50_000, privatePort };
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
