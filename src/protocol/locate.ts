/** The `locate` request: the address of one member, which is all that a payer needs. */
import * as v from "valibot";
import type { RequestType } from "./request_type.ts";
import { onlineMemberShape } from "./list.ts";
import { accountNameShape } from "./shapes.ts";

const request = v.strictObject({ name: accountNameShape });

/** Asks for the address of the member `name`. */
export const locateRequestType = {
  type: "locate",
  request,
  success: 300,
  answer: onlineMemberShape,
} as const satisfies RequestType<"locate", unknown, unknown>;
