/**
 * An order with what a receipt for it has to agree with.
 */
import type { EntryParty } from "../ledger/entry.ts";
import type { Amount } from "../money.ts";

export interface SentOrder {
  readonly id: string;
  readonly from: EntryParty;
  readonly to: EntryParty;
  readonly amount: Amount;
  /** The compact JWS. */
  readonly jws: string;
}
