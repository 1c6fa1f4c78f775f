/**
 * An order of this client that may be on its way.
 */
import type { AccountName } from "../account_name.ts";
import type { Amount } from "../money.ts";

export interface SentOrder {
  readonly id: string;
  readonly from: AccountName;
  readonly to: AccountName;
  readonly amount: Amount;
  /** The compact JWS. */
  readonly jws: string;
}
