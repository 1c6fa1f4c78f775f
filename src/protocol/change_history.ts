/**
 * The account changes of a ledger, verified before anybody acts on them. Somebody who can write the ledger's file can put
 * any row there. Only a row that the server's identity signed, in its place, counts.
 */
import type { AccountName } from "../account_name.ts";
import { encodeHex } from "@std/encoding/hex";
import { LedgerError } from "../errors.ts";
import {
  changeDigest,
  type LinkedChange,
  type RecordedChange,
  statementDigest,
} from "../ledger/account_change.ts";
import { chainHash } from "../ledger/entry.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { changesAtOnce } from "../limits.ts";
import type { TrustAnchor } from "../pki/trust_anchor.ts";
import { changeFault } from "./account_change.ts";

export class ChangeHistory {
  readonly #ledger: Ledger;
  readonly #anchor: TrustAnchor;
  /** Digests of the changes that were found genuine, by number. */
  readonly #genuine = new Map<number, string>();
  /** Of each account the last change that was found genuine. */
  readonly #lastChanges = new Map<AccountName, RecordedChange>();
  #verifying: Promise<string> | undefined;

  constructor({ ledger, anchor }: { ledger: Ledger; anchor: TrustAnchor }) {
    this.#ledger = ledger;
    this.#anchor = anchor;
  }

  /**
   * Looks at every row number and every change: for whoever opens a ledger.
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
   * Verifies the changes that are new, and that those from before are still there as they were.
   *
   * @returns what the next change has to name as `previous`
   * @throws {LedgerError} naming the first change that is missing, altered or not signed by the server's identity
   */
  verify(): Promise<string> {
    this.#verifying ??= this.#verify().finally(() => this.#verifying = undefined);
    return this.#verifying;
  }

  /** The account's last change as it was verified. */
  lastChange(name: AccountName): RecordedChange | undefined {
    return this.#lastChanges.get(name);
  }

  async #verify(): Promise<string> {
    const missing = new Set(this.#genuine.keys());
    let previous = this.#anchor.fingerprint;
    let after = 0;
    for (;;) {
      const page = await this.#ledger.changes({ after, limit: changesAtOnce });
      for (const linked of page) {
        const { change } = linked;
        await this.#verifyOne(linked, previous);
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
   * What an account is, the ledger finds by another way than the one that all changes were read by, and somebody can have tampered
   * with that alone. An account that is missing acts for nobody.
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

  async #verifyOne({ change, headBefore }: LinkedChange, previous: string): Promise<void> {
    const { number, kind, name, hash } = change;
    const digest = changeDigest(change);
    const known = this.#genuine.get(number);
    const isKnown = known === encodeHex(digest);
    const reason = isKnown
      ? undefined
      : known !== undefined
      ? "it was changed"
      : await changeFault(change, { anchor: this.#anchor, previous });
    const isLinked = headBefore !== undefined && chainHash(headBefore, digest) === hash;
    const fault = reason ??
      (isLinked ? undefined : "its hash does not follow from it and the row before");
    if (fault !== undefined) {
      throw distrust(`the account change number ${number} (${kind} of ${name}): ${fault}`);
    }
    if (isKnown) return;
    this.#genuine.set(number, encodeHex(digest));
    this.#lastChanges.set(name, change);
  }
}

function distrust(reason: string): LedgerError {
  return new LedgerError(
    `cannot trust the ledger: ${reason}; somebody wrote to its file: see who can, ` +
      "run micropay ledger audit, and restore a backup",
  );
}
