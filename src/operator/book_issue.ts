/** Deposits and withdrawals by the operator, each booked once. */
import type { Clock } from "../clock.ts";
import { type Entry, issuingAccount } from "../ledger/entry.ts";
import type { BookOutcome, Ledger } from "../ledger/ledger.ts";
import type { Identity } from "../pki/identity.ts";
import type { TrustAnchor } from "../pki/trust_anchor.ts";
import { type Issue, signIssue } from "../protocol/issue.ts";
import type { Random } from "../random.ts";
import { untilDecided } from "./until_decided.ts";

/** The dependencies of a deposit or withdrawal. */
export interface IssuingDependencies {
  readonly ledger: Ledger;
  /** The server's identity. */
  readonly identity: Identity;
  readonly anchor: TrustAnchor;
  readonly clock: Clock;
  readonly random: Random;
  /** Called when it is not known at first whether it is booked. */
  readonly onDoubt?: (() => void) | undefined;
}

/**
 * Books a deposit or withdrawal. A second call with the same id books nothing.
 *
 * @throws {CertificateError} when the server's certificate is not valid now
 * @throws {UndecidedChangeError} when its outcome is not known
 */
export async function bookIssue(
  issue: Issue,
  { ledger, onDoubt, ...issuer }: IssuingDependencies,
): Promise<BookOutcome> {
  const { kind, name, amount, id: given } = issue;
  const earlier = given === undefined ? undefined : await ledger.entry(given);
  if (earlier) return outcomeUnderId(earlier, issue);
  const booking = signIssue(issue, issuer);
  const { id } = booking;
  const outcome = await untilDecided(() => ledger.book(booking), {
    ...{ clock: issuer.clock, onDoubt, orderId: id },
    attempt: `book a ${kind} of ${amount}, account ${name}`,
    advice:
      `When the database is back, run the same command with --id ${id}: it books at most once`,
  });
  const isTaken = outcome.outcome === "id_conflict" && given !== undefined;
  const taken = isTaken ? await ledger.entry(given) : undefined;
  return taken ? outcomeUnderId(taken, issue) : outcome;
}

/** Returns what an earlier entry of the same id means for an issue. */
function outcomeUnderId(entry: Entry, { kind, name, amount, memo }: Issue): BookOutcome {
  const account = entry.payer === issuingAccount ? entry.payee : entry.payer;
  const isSame = entry.kind === kind && account === name && entry.amount === amount &&
    entry.memo === memo;
  return isSame ? { outcome: "repeated", entry } : { outcome: "id_conflict" };
}
