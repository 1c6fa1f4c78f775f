/**
 * Revocations and closures by the operator, signed by the server's identity.
 */
import type { AccountName } from "../account_name.ts";
import type { Clock } from "../clock.ts";
import { LedgerBusyError } from "../errors.ts";
import type { AccountChange } from "../ledger/account_change.ts";
import type { ChangeOutcome, Ledger } from "../ledger/ledger.ts";
import { changeTriesMax } from "../limits.ts";
import type { Identity } from "../pki/identity.ts";
import type { TrustAnchor } from "../pki/trust_anchor.ts";
import { signAccountChange } from "../protocol/account_change.ts";
import { ChangeHistory } from "../protocol/change_history.ts";
import { untilDecided } from "./until_decided.ts";

export type Ending =
  | { readonly kind: "revocation"; readonly name: AccountName; readonly codeDigest: string }
  | { readonly kind: "closure"; readonly name: AccountName };

/** The dependencies of a revocation or closure. */
export interface EndingDependencies {
  readonly ledger: Ledger;
  /** The server's identity. */
  readonly identity: Identity;
  readonly anchor: TrustAnchor;
  readonly clock: Clock;
  /** Called when it is not known at first whether the change happened. */
  readonly onDoubt?: (() => void) | undefined;
}

/**
 * Revokes an account's certificate, or closes the account. A server may run on the same ledger.
 *
 * @throws {LedgerError} when the ledger has an account change that is not genuine
 * @throws {LedgerBusyError} when other changes always came first
 * @throws {UndecidedChangeError} when its outcome is not known
 */
export async function endAccount(
  ending: Ending,
  { ledger, identity, anchor, clock, onDoubt }: EndingDependencies,
): Promise<Exclude<ChangeOutcome, { readonly outcome: "outdated" }>> {
  const { kind, name } = ending;
  const history = new ChangeHistory({ ledger, anchor });
  for (let tries = 0; tries < changeTriesMax; tries++) {
    const previous = await history.verify();
    const account = await ledger.account(name);
    const certificate = kind === "revocation" ? account?.certificate?.fingerprint : undefined;
    const terms = { ...ending, ...(certificate && { certificate }), previous };
    const change = signAccountChange({ ...terms, atMs: clock.nowMs() }, { identity, anchor });
    const changed = await untilDecided(
      (wasInDoubt) => record(change, ledger, wasInDoubt),
      {
        ...{ clock, onDoubt, attempt: `record the ${kind} of ${name}` },
        advice: "When the database is back, run the command again",
      },
    );
    if (changed.outcome !== "outdated") return changed;
  }
  throw new LedgerBusyError(`record the ${kind} of ${name}: other account changes came first`);
}

/** Records a change, unless an earlier call did. */
async function record(
  change: AccountChange,
  ledger: Ledger,
  wasInDoubt: boolean,
): Promise<ChangeOutcome> {
  const changed = await ledger.changeAccount(change);
  if (changed.outcome === "changed" || !wasInDoubt) return changed;
  const last = (await ledger.account(change.name))?.lastChange;
  return last?.statementJws === change.statementJws
    ? { outcome: "changed", change: last }
    : changed;
}
