/** The `balance` request: the balance of the sender's account. */
import * as v from "valibot";
import type { Exchange } from "./exchange.ts";
import { countShape } from "./shapes.ts";

const request = v.strictObject({});
const answer = v.strictObject({ balance: countShape });

export const balanceExchange = {
  type: "balance",
  request,
  success: 300,
  answer,
} as const satisfies Exchange<"balance", unknown, unknown>;
