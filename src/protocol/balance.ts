/** The `balance` request: the balance of the sender's account. */
import * as v from "valibot";
import type { RequestType } from "./request_type.ts";
import { countShape } from "./shapes.ts";

const request = v.strictObject({});
const answer = v.strictObject({ balance: countShape });

/** No members in the request. The answer is the balance, 0 or more. */
export const balanceRequestType = {
  type: "balance",
  request,
  success: 300,
  answer,
} as const satisfies RequestType<"balance", unknown, unknown>;
