/** A payer that has as many void orders as a ledger keeps of one. */
import type { AccountName } from "../../../src/account_name.ts";
import type { Ledger } from "../../../src/ledger/ledger.ts";
import { voidedOrdersMax } from "../../../src/limits.ts";

export async function fillRoom(
  ledger: Ledger,
  { payer, atMs, places = 0 }: {
    readonly payer: AccountName;
    readonly atMs: number;
    /** How many more there is room for afterwards. */
    readonly places?: number;
  },
): Promise<void> {
  const certificate = (await ledger.account(payer))!.certificate!.fingerprint;
  const times = { atMs, expiresAtMs: atMs + 1000 };
  await Promise.all(Array.from({ length: voidedOrdersMax - places }, (_, index) => {
    const digest = String(index).padStart(64, "0");
    const order = { id: `order ${index}`, digest, payer, certificate };
    return ledger.voidOrder({ ...order, code: 265, ...times });
  }));
}
