/**
 * Money that the operator brings in or takes out: an entry like all others, with an order that the server's identity signed.
 */
import type { AccountName } from "../account_name.ts";
import type { Clock } from "../clock.ts";
import { type EntryParty, issuingAccount } from "../ledger/entry.ts";
import type { BookOutcome, Ledger } from "../ledger/ledger.ts";
import type { Amount } from "../money.ts";
import type { Identity } from "../pki/identity.ts";
import type { TrustAnchor } from "../pki/trust_anchor.ts";
import { signOrder } from "../protocol/order.ts";
import { makeOrderId, type Random } from "../random.ts";

export interface Correction {
  readonly kind: "deposit" | "withdrawal";
  readonly name: AccountName;
  readonly amount: Amount;
  readonly memo?: string | undefined;
}

export interface CorrectionDependencies {
  readonly ledger: Ledger;
  /** The server's. */
  readonly identity: Identity;
  readonly anchor: TrustAnchor;
  readonly clock: Clock;
  readonly random: Random;
}

/** Safe while a server runs on the same ledger. */
export async function bookCorrection(
  { kind, name, amount, memo }: Correction,
  { ledger, identity, anchor, clock, random }: CorrectionDependencies,
): Promise<BookOutcome> {
  const id = makeOrderId(clock, random);
  const isDeposit = kind === "deposit";
  const payer: EntryParty = isDeposit ? issuingAccount : name;
  const payee: EntryParty = isDeposit ? name : issuingAccount;
  const terms = { id, from: payer, to: payee, amount, memo };
  return await ledger.book({
    id,
    kind,
    payer,
    payee,
    amount,
    ...(memo !== undefined && { memo }),
    orderJws: await signOrder(terms, { identity, anchor, clock }),
    atMs: clock.nowMs(),
  });
}
