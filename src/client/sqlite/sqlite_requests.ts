/**
 * The payment requests that one account made, in the table `payment_request`.
 */
import { requestsListedMax } from "../../limits.ts";
import type { SignedPaymentRequest } from "../../protocol/payment_request.ts";
import type { MadeRequests } from "../wallet/wallet_store.ts";
import { AccountPart, textIn } from "./wallet_statements.ts";

export class SqliteRequests extends AccountPart implements MadeRequests {
  async add({ id, text, payload }: SignedPaymentRequest): Promise<void> {
    const { amount, memo = null, payer = null, exp } = payload;
    const shown = [amount, memo, payer, new Date(exp * 1000).toISOString()];
    await this.store.write((sql) => void sql.addRequest.run(...this.owner, id, ...shown, text));
  }

  listed({ nowMs }: { readonly nowMs: number }): Promise<string[]> {
    const now = new Date(nowMs).toISOString();
    return this.store.read<string[]>(
      (sql) =>
        sql.listedRequests.all(...this.owner, now, requestsListedMax)
          .map((row) => textIn(row, "request_jws", this.store)),
      [],
    );
  }
}
