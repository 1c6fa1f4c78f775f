/** The `locate` request: the address of one member, which is all that a payer needs. */
import * as v from "valibot";
import type { RequestType } from "./request_type.ts";
import { onlineMemberShape } from "./list.ts";
import { accountNameShape } from "./shapes.ts";

export const locateRequestType = {
  type: "locate",
  request: v.strictObject({ name: accountNameShape }),
  success: 300,
  answer: onlineMemberShape,
} as const satisfies RequestType;
