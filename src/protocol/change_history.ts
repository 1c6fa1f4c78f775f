/**
 * Verifies a ledger's account changes before anybody acts on them. The ledger's file may have been
 * forged. Only rows that the server signed, in their places, count.
 */
import type { AccountName } from "../account_name.ts";
import { LedgerError } from "../errors.ts";
import { changeLeaf, type RecordedChange, statementDigest } from "../ledger/account_change.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { changesAtOnce } from "../limits.ts";
import type { TrustAnchor } from "../pki/trust_anchor.ts";
import { changeFault } from "./account_change.ts";

export class ChangeHistory {
  readonly #ledger: Ledger;
  readonly #anchor: TrustAnchor;
  /** Leaves of the verified changes, by number. */
  readonly #genuine = new Map<number, string>();
  /** The last verified change of each account. */
  readonly #lastChanges = new Map<AccountName, RecordedChange>();
  #verifying: Promise<string> | undefined;

  constructor({ ledger, anchor }: { ledger: Ledger; anchor: TrustAnchor }) {
    this.#ledger = ledger;
    this.#anchor = anchor;
  }

  /**
   * Verifies all row numbers and all changes. Called when a ledger is opened.
   *
   * @throws {LedgerError} as {@link verify}, and when a row is missing
   */
  async verifyAll(): Promise<void> {
    const missing = await this.#ledger.missingNumber();
    if (missing !== undefined) {
      throw distrust(`the row number ${missing}, an entry or an account change, is missing`);
    }
    await this.verify();
  }

  /**
   * Verifies the new changes, and that the known ones are unchanged.
   *
   * @returns the digest that the next change must name as `previous`
   * @throws {LedgerError} naming the first change that is missing, altered, or not signed by the
   * server
   */
  verify(): Promise<string> {
    this.#verifying ??= this.#verify().finally(() => this.#verifying = undefined);
    return this.#verifying;
  }

  /** Returns the account's last verified change, or `undefined` without one. */
  lastChange(name: AccountName): RecordedChange | undefined {
    return this.#lastChanges.get(name);
  }

  async #verify(): Promise<string> {
    const missing = new Set(this.#genuine.keys());
    let previous = this.#anchor.fingerprint;
    let after = 0;
    for (;;) {
      const page = await this.#ledger.changes({ after, limit: changesAtOnce });
      for (const change of page) {
        this.#verifyOne(change, previous);
        missing.delete(change.number);
        previous = statementDigest(change.statementJws);
        after = change.number;
      }
      if (page.length < changesAtOnce) break;
    }
    const [number] = missing;
    if (number !== undefined) throw distrust(`the account change number ${number} is gone`);
    await this.#verifyAccounts();
    return previous;
  }

  /**
   * Checks that the ledger finds each account's last change by name too, because only that index
   * may be forged. A missing account does no harm: nobody can act for it.
   */
  async #verifyAccounts(): Promise<void> {
    for (const [name, { number, kind }] of this.#lastChanges) {
      const account = await this.#ledger.account(name);
      if (account === undefined || (account.lastChange?.number ?? 0) >= number) continue;
      throw distrust(
        `the account change number ${number} (${kind} of ${name}): it is not found by the account's name`,
      );
    }
  }

  #verifyOne(change: RecordedChange, previous: string): void {
    const { number, kind, name } = change;
    const leaf = changeLeaf(change);
    const known = this.#genuine.get(number);
    const isKnown = known === leaf;
    const reason = isKnown
      ? undefined
      : known !== undefined
      ? "it was changed"
      : changeFault(change, { anchor: this.#anchor, previous });
    const fault = reason ??
      (change.leaf === leaf ? undefined : "its hashes do not follow from what it says");
    if (fault !== undefined) {
      throw distrust(`the account change number ${number} (${kind} of ${name}): ${fault}`);
    }
    if (isKnown) return;
    this.#genuine.set(number, leaf);
    this.#lastChanges.set(name, change);
  }
}

function distrust(reason: string): LedgerError {
  return new LedgerError(
    `cannot trust the ledger: ${reason}; somebody wrote to its file: see who can, ` +
      "run micropay ledger audit, and restore a backup",
  );
}
