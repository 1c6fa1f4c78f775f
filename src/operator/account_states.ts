/**
 * The accounts of an audited ledger: their balances and states as entries and account changes make
 * them. The state before a range of rows is what the last rows before it say, because other ranges
 * are audited too.
 */
import { issuingAccount } from "../ledger/entry.ts";
import type { LedgerSnapshot, StoredState } from "../ledger/snapshot.ts";
import type { DecodedChange, DecodedRow } from "../ledger/stored_rows.ts";
import { amountMax } from "../money.ts";
import type { Signer, Signers } from "./issued_certificates.ts";

/** An account after some row. */
interface AccountState {
  balance: number;
  hasEntries: boolean;
  /** The last account change. `undefined` before the first one. */
  changeKind: string | undefined;
  /** The certificate that this change gave or took. */
  certificate: string | undefined;
}

/**
 * Follows the accounts through a range of rows. Its memory grows with the accounts in the range.
 */
export class AccountStates {
  readonly #snapshot: LedgerSnapshot;
  readonly #signers: Signers;
  readonly #first: number;
  /** By name; `undefined` for a name without an account. */
  readonly #states = new Map<string, AccountState | undefined>();

  /** @param options.first the number of the first row of the range */
  constructor(
    snapshot: LedgerSnapshot,
    { signers, first }: { readonly signers: Signers; readonly first: number },
  ) {
    this.#snapshot = snapshot;
    this.#signers = signers;
    this.#first = first;
  }

  /** Reads the states of accounts that are not known yet, before other methods ask for them. */
  async load(names: Iterable<string>): Promise<void> {
    const unknown = [...new Set(names)].filter((name) => !this.#states.has(name));
    if (unknown.length === 0) return;
    const stored = await this.#snapshot.statesBefore(this.#first, unknown);
    for (const name of unknown) this.#states.set(name, stateOf(stored.get(name)));
  }

  /**
   * Posts an entry.
   *
   * @returns a sentence about its fault, or `undefined`
   */
  post(entry: DecodedRow): string | undefined {
    const { kind, payer, payee, amount } = entry;
    const [from, to] = [this.#states.get(payer), this.#states.get(payee)];
    if (!from) return `there is no account ${payer}`;
    if (!to) return `there is no account ${payee}`;
    if (kind === "opening" && to.hasEntries) return `it opens ${payee}, which had entries before`;
    if (isClosed(to)) return `${payee} was closed before`;
    // The operator can pay out the balance of a closed account.
    if (kind !== "withdrawal" && isClosed(from)) return `${payer} was closed before`;
    from.balance -= amount;
    to.balance += amount;
    from.hasEntries = to.hasEntries = true;
    // This bound on one side keeps every balance within exact numbers.
    const least = payer === issuingAccount ? -amountMax : 0;
    if (from.balance < least) return `${payer} has ${from.balance} after it`;
    return balanceFault("payer", entry.payerBalance, from.balance) ??
      balanceFault("payee", entry.payeeBalance, to.balance);
  }

  /**
   * Checks the certificate that an order is signed under. A certificate of the CA is not enough: it
   * has to be the payer's current one at that entry.
   *
   * @returns a sentence about the fault, or `undefined`
   */
  async certificateFault(
    { payer, fingerprint, number }: DecodedRow,
    signer: Signer,
  ): Promise<string | undefined> {
    if (signer.owner !== payer) {
      const shown = `${fingerprint.slice(0, 16)}…`;
      return `its order is signed under the certificate ${shown}, which the ledger does not have for ${payer}`;
    }
    const state = this.#states.get(payer);
    // A closed or missing account is reported by `post`.
    if (!state || isClosed(state) || isCurrent(state, { fingerprint, ...signer })) return undefined;
    return await this.#wasGiven(payer, { fingerprint, signer, before: number })
      ? "its order is signed under a certificate that was revoked before"
      : `its order is signed under a certificate that ${payer} got later`;
  }

  /**
   * Applies an account change.
   *
   * @returns a sentence about its fault, or `undefined`
   */
  async change(
    { kind, name, certificate, number }: DecodedChange,
  ): Promise<string | undefined> {
    const state = this.#states.get(name);
    if (!state) return `there is no account ${name}`;
    if (isClosed(state)) return `${name} was closed before`;
    const had = await this.#current(name, state);
    if (kind === "revocation" && certificate !== had) {
      return `it revokes a certificate that is not the one of ${name} then`;
    }
    if (kind === "reissue") {
      const signer = certificate === undefined ? undefined : await this.#signers.find(certificate);
      const isNew = signer?.owner === name && signer.isReissued &&
        !await this.#wasGiven(name, { fingerprint: certificate!, signer, before: number });
      if (!isNew) return `it gives ${name} a certificate that the ledger does not have for it`;
      if (had !== undefined) return `${name} had a certificate still`;
    }
    state.changeKind = kind;
    state.certificate = certificate;
    return undefined;
  }

  /** Returns the fingerprint of an account's current certificate, or `undefined` without one. */
  async #current(
    name: string,
    { changeKind, certificate }: AccountState,
  ): Promise<string | undefined> {
    if (changeKind === "reissue") return certificate;
    if (changeKind !== undefined) return undefined;
    const rows = (await this.#snapshot.certificatesOf([name])).get(name);
    const registered = rows?.find((row) => row.is_reissued !== 1);
    return registered && String(registered.fingerprint);
  }

  /** Returns whether an account got its certificate before a row. */
  async #wasGiven(
    name: string,
    { fingerprint, signer, before }: {
      readonly fingerprint: string;
      readonly signer: Signer;
      readonly before: number;
    },
  ): Promise<boolean> {
    if (!signer.isReissued) return true;
    for await (const page of this.#snapshot.changes(name)) {
      for (const { kind, certificate, number } of page) {
        if (kind === "reissue" && certificate === fingerprint) return Number(number) < before;
      }
    }
    return false;
  }
}

function stateOf(stored: StoredState | undefined): AccountState | undefined {
  if (!stored) return undefined;
  const { balance, change_kind: kind, change_certificate: certificate } = stored;
  return {
    balance: Number(balance),
    hasEntries: balance !== null,
    changeKind: kind === null ? undefined : String(kind),
    certificate: certificate === null ? undefined : String(certificate),
  };
}

function isClosed({ changeKind }: AccountState): boolean {
  return changeKind === "closure";
}

function isCurrent(
  { changeKind, certificate }: AccountState,
  { fingerprint, isReissued }: Pick<Signer, "isReissued"> & { readonly fingerprint: string },
): boolean {
  return changeKind === undefined ? !isReissued : certificate === fingerprint &&
    changeKind === "reissue";
}

function balanceFault(side: string, stored: number, made: number): string | undefined {
  return stored === made ? undefined : `its ${side}_balance is ${stored}, the entries make ${made}`;
}
