/**
 * Checking a whole ledger, from its first entry, without believing any of it. Memory grows with the accounts, not with the entries.
 */
import { isAccountName } from "../account_name.ts";
import { CertificateError } from "../errors.ts";
import {
  chainHash,
  type Entry,
  entryDigest,
  type EntryParty,
  issuingAccount,
} from "../ledger/entry.ts";
import type { LedgerSnapshot, StoredCertificate } from "../ledger/snapshot.ts";
import { verifyChain } from "../pki/certificate_profile.ts";
import type { TrustAnchor } from "../pki/trust_anchor.ts";
import { OrderCheck } from "./order_check.ts";
import { decodeEntry } from "./stored_entry.ts";

/** What was found in order. */
export interface AuditReport {
  readonly outcome: "in_order";
  readonly entries: number;
  readonly accounts: number;
  readonly certificates: number;
  /** The head after the last entry: 64 hexadecimal digits. */
  readonly head: string;
}

/** The first thing that is wrong. */
export interface AuditFault {
  readonly outcome: "wrong";
  /** The number that the first wrong entry has, or should have; absent when no single entry is at fault. */
  readonly entry?: number | undefined;
  readonly reason: string;
}

export interface AuditOptions {
  readonly anchor: TrustAnchor;
  /** Told now and then how many entries were checked. */
  readonly onProgress?: ((entries: number) => void) | undefined;
}

const progressEntries = 1000;

/**
 * @returns what was checked, or the first entry that is wrong and why
 * @throws {LedgerError} when the store cannot be read
 */
export async function auditLedger(
  snapshot: LedgerSnapshot,
  { anchor, onProgress }: AuditOptions,
): Promise<AuditReport | AuditFault> {
  if (snapshot.ledgerId !== anchor.fingerprint) {
    return wrong(`it belongs to the CA ${snapshot.ledgerId}, not to ${anchor.fingerprint}`);
  }
  const owners = await checkCertificates(snapshot, anchor);
  if (!(owners instanceof Map)) return owners;
  const entries = new EntryAudit(snapshot, new OrderCheck(anchor, owners));
  for (const row of snapshot.entries()) {
    const entry = decodeEntry(row);
    const reason = typeof entry === "string" ? entry : await entries.check(entry);
    if (reason !== undefined) return wrong(reason, entries.checked + 1);
    if (++entries.checked % progressEntries === 0) onProgress?.(entries.checked);
  }
  onProgress?.(entries.checked);
  const fault = checkAccounts(snapshot, entries.balances) ?? firstOf(snapshot.faults()) ??
    firstOf(snapshot.repeatedIds(), (id) => `the id ${id} is that of more than one entry`);
  if (fault) return wrong(fault);
  return {
    outcome: "in_order",
    entries: entries.checked,
    accounts: [...entries.balances.keys()].length,
    certificates: owners.size,
    head: entries.head,
  };
}

/** Goes along the chain and keeps the balances that its entries make. */
class EntryAudit {
  checked = 0;
  head: string;
  readonly balances = new Map<EntryParty, number>();
  readonly #snapshot: LedgerSnapshot;
  readonly #orders: OrderCheck;

  constructor(snapshot: LedgerSnapshot, orders: OrderCheck) {
    this.#snapshot = snapshot;
    this.#orders = orders;
    this.head = snapshot.ledgerId;
  }

  /** @returns what is wrong with the next entry */
  async check(entry: Entry): Promise<string | undefined> {
    const number = this.checked + 1;
    if (entry.number !== number) return `it is missing; the next one there is ${entry.number}`;
    this.head = chainHash(this.head, entryDigest(entry));
    if (entry.hash !== this.head) return "its hash does not follow from it and the entry before";
    return await this.#orders.check(entry) ?? this.#refund(entry) ?? this.#balance(entry);
  }

  #refund({ number, payer, payee, refunds }: Entry): string | undefined {
    if (refunds === undefined) return undefined;
    const row = this.#snapshot.entryById(refunds);
    const payment = row && decodeEntry(row);
    const isReverse = typeof payment === "object" && payment.kind === "payment" &&
      payment.number < number && payment.payer === payee && payment.payee === payer;
    if (!isReverse) {
      return `it refunds ${refunds}, which is no earlier payment from its payee to it`;
    }
    let refunded = 0;
    for (const refund of this.#snapshot.refundsOf(refunds)) {
      if (Number(refund.number) <= number) refunded += Number(refund.amount);
    }
    return refunded > payment.amount ? "all refunds of that payment exceed it" : undefined;
  }

  #balance({ payer, payee, amount, payerBalance, payeeBalance }: Entry): string | undefined {
    const payerHas = (this.balances.get(payer) ?? 0) - amount;
    const payeeHas = (this.balances.get(payee) ?? 0) + amount;
    this.balances.set(payer, payerHas).set(payee, payeeHas);
    if (payer !== issuingAccount && payerHas < 0) return `${payer} has ${payerHas} after it`;
    if (payerBalance !== payerHas) return balanceFault("payer", payerBalance, payerHas);
    return payeeBalance === payeeHas ? undefined : balanceFault("payee", payeeBalance, payeeHas);
  }
}

function balanceFault(side: string, stored: number, made: number): string {
  return `its ${side}_balance is ${stored}, the entries make ${made}`;
}

/** @returns whose each certificate is, by fingerprint; or the first that is wrong */
async function checkCertificates(
  snapshot: LedgerSnapshot,
  anchor: TrustAnchor,
): Promise<Map<string, EntryParty> | AuditFault> {
  const owners = new Map<string, EntryParty>();
  for (const row of snapshot.certificates()) {
    const fault = await certificateFault(row, anchor);
    if (fault) return wrong(`the certificate ${String(row.fingerprint).slice(0, 80)}: ${fault}`);
    owners.set(String(row.fingerprint), row.username as EntryParty);
  }
  return owners;
}

async function certificateFault(
  { der, fingerprint, key_fingerprint, username, issued_at }: StoredCertificate,
  anchor: TrustAnchor,
): Promise<string | undefined> {
  if (!(der instanceof Uint8Array)) return "it is not there";
  const atMs = Date.parse(String(issued_at));
  try {
    const chain = [new Uint8Array(der)];
    const certificate = await verifyChain(chain, { anchor, role: "member", atMs });
    const { party } = certificate;
    const agrees = certificate.fingerprint === fingerprint &&
      certificate.keyFingerprint === key_fingerprint &&
      party.role === "member" && party.name === username;
    return agrees ? undefined : "its row says something else than it";
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    return error.message;
  }
}

/** Every account is one that the entries know or has nothing, has what its entries make, and all together have nothing. */
function checkAccounts(
  snapshot: LedgerSnapshot,
  balances: Map<EntryParty, number>,
): string | undefined {
  let sum = 0;
  const seen = new Set<EntryParty>();
  for (const { username, balance } of snapshot.accounts()) {
    if (username !== issuingAccount && !isAccountName(username)) {
      return `an account cannot be named ${JSON.stringify(String(username).slice(0, 80))}`;
    }
    const made = balances.get(username) ?? 0;
    if (balance !== made) return `${username} has ${balance}, its entries make ${made}`;
    seen.add(username);
    balances.set(username, made);
    sum += made;
  }
  const unknown = [...balances.keys()].find((name) => !seen.has(name));
  if (unknown !== undefined) return `${unknown} has entries and no account`;
  balances.delete(issuingAccount);
  return sum === 0 ? undefined : `all balances together are ${sum}, not 0`;
}

function firstOf(values: Iterable<string>, say = (value: string) => value): string | undefined {
  for (const value of values) return say(value);
  return undefined;
}

function wrong(reason: string, entry?: number): AuditFault {
  return { outcome: "wrong", entry, reason };
}
