/** The `balance` request: the balance of the sender's account. */
import * as v from "valibot";
import type { RequestType } from "./request_type.ts";
import { countShape } from "./shapes.ts";

export const balanceRequestType = {
  type: "balance",
  request: v.strictObject({}),
  success: 300,
  answer: v.strictObject({ balance: countShape }),
} as const satisfies RequestType;
