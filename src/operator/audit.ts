/**
 * Checking a whole ledger, from its first entry, without believing any of it. Memory grows with the accounts, not with the entries.
 */
import { LedgerError } from "../errors.ts";
import { chainHash, type Entry, entryDigest } from "../ledger/entry.ts";
import type { LedgerSnapshot, StoredEntry } from "../ledger/snapshot.ts";
import type { TrustAnchor } from "../pki/trust_anchor.ts";
import { AuditedAccounts } from "./audited_accounts.ts";
import { readCertificates } from "./issued_certificates.ts";
import { OrderCheck } from "./order_check.ts";
import { RefundCheck } from "./refund_check.ts";
import { SignatureChecks } from "./signature_checks.ts";
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
  /** Entries that were found in order before. */
  readonly entries: number;
}

export interface AuditOptions {
  readonly anchor: TrustAnchor;
  /** Told now and then how many entries were checked. */
  readonly onProgress?: ((entries: number) => void) | undefined;
}

/**
 * Checks the entries one after the other, then what belongs to none of them: a wrong entry is always what is told first.
 *
 * @returns what was checked, or the first entry that is wrong and why
 * @throws {LedgerError} when the store cannot be read at all
 */
export async function auditLedger(
  snapshot: LedgerSnapshot,
  { anchor, onProgress }: AuditOptions,
): Promise<AuditReport | AuditFault> {
  const { ledgerId } = snapshot;
  if (ledgerId !== anchor.fingerprint) {
    const reason = `it belongs to the CA ${ledgerId}, not to ${anchor.fingerprint}`;
    return { outcome: "wrong", reason, entries: 0 };
  }
  const certificates = await readCertificates(snapshot, anchor);
  const accounts = new AuditedAccounts(snapshot, certificates.owners);
  using signatures = new SignatureChecks();
  const orders = new OrderCheck(anchor, { issued: certificates.byFingerprint, signatures });
  const entries = new EntryAudit(snapshot, { accounts, orders });
  const wrongEntry = await checkEntries(snapshot, { entries, signatures, onProgress });
  if (wrongEntry) return wrongEntry;
  const reason = accounts.fault ?? certificates.fault ?? accounts.settle() ??
    snapshot.faults()[Symbol.iterator]().next().value;
  if (reason !== undefined) return { outcome: "wrong", reason, entries: entries.checked };
  return {
    outcome: "in_order",
    entries: entries.checked,
    accounts: accounts.count,
    certificates: certificates.byFingerprint.size,
    head: entries.head,
  };
}

const progressEntries = 1000;

/** Signatures are known later than all else: one that is forged may be of an entry before the one that is found wrong first. */
async function checkEntries(
  snapshot: LedgerSnapshot,
  { entries, signatures, onProgress }:
    & { entries: EntryAudit; signatures: SignatureChecks }
    & Pick<AuditOptions, "onProgress">,
): Promise<AuditFault | undefined> {
  const reason = await entryFault(snapshot, { entries, signatures, onProgress });
  const forged = await signatures.settle();
  onProgress?.(entries.checked);
  if (forged !== undefined) {
    const reason = "the signature of its order is not by the one who had to sign it";
    return { outcome: "wrong", entry: forged, reason, entries: forged - 1 };
  }
  const { checked } = entries;
  return reason === undefined
    ? undefined
    : { outcome: "wrong", entry: checked + 1, reason, entries: checked };
}

/** @returns what is wrong with the entry after those that are checked; `undefined` also when a forged signature is known */
async function entryFault(
  snapshot: LedgerSnapshot,
  { entries, signatures, onProgress }:
    & { entries: EntryAudit; signatures: SignatureChecks }
    & Pick<AuditOptions, "onProgress">,
): Promise<string | undefined> {
  try {
    for (const row of snapshot.entries()) {
      const reason = await entries.check(row);
      if (reason !== undefined || signatures.forged !== undefined) return reason;
      if (entries.checked % progressEntries === 0) onProgress?.(entries.checked);
    }
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    return error.message;
  }
  return undefined;
}

/** Goes along the chain. */
class EntryAudit {
  checked = 0;
  head: string;
  readonly #accounts: AuditedAccounts;
  readonly #orders: OrderCheck;
  readonly #refunds: RefundCheck;
  /** Ids that more than one entry has, and whether the first of these came already. */
  readonly #repeated: Map<string, boolean>;

  constructor(
    snapshot: LedgerSnapshot,
    { accounts, orders }: { accounts: AuditedAccounts; orders: OrderCheck },
  ) {
    this.head = snapshot.ledgerId;
    this.#accounts = accounts;
    this.#orders = orders;
    this.#refunds = new RefundCheck(snapshot);
    this.#repeated = firstRepeated(snapshot);
  }

  /** @returns what is wrong with the next entry */
  async check(row: StoredEntry): Promise<string | undefined> {
    const entry = decodeEntry(row);
    const reason = typeof entry === "string" ? entry : this.#place(entry) ??
      await this.#orders.check(entry) ?? this.#link(entry) ?? this.#refunds.check(entry) ??
      this.#accounts.post(entry);
    if (reason === undefined) this.checked++;
    return reason;
  }

  #place({ number, id }: Entry): string | undefined {
    if (number !== this.checked + 1) return `it is missing; the next one there is ${number}`;
    if (!this.#repeated.has(id)) return undefined;
    if (this.#repeated.get(id)) return `its id ${id} is that of an earlier entry`;
    this.#repeated.set(id, true);
    return undefined;
  }

  /** After the order was compared: what differs there says more than a hash. */
  #link(entry: Entry): string | undefined {
    this.head = chainHash(this.head, entryDigest(entry));
    return entry.hash === this.head
      ? undefined
      : "its hash does not follow from what it says and from the entry before";
  }
}

/** In a ledger in order there is none; of any number of them the first few are enough to find one. */
const repeatedMax = 1000;

function firstRepeated(snapshot: LedgerSnapshot): Map<string, boolean> {
  const ids = new Map<string, boolean>();
  for (const id of snapshot.repeatedIds()) {
    ids.set(id, false);
    if (ids.size >= repeatedMax) break;
  }
  return ids;
}
