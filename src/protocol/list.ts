/** LIST: the own balance and who is online, a page at a time. */
import * as v from "valibot";
import { pageRowsMax } from "../limits.ts";
import type { Exchange } from "./exchange.ts";
import { accountNameShape, countShape, hostShape, portShape } from "./shapes.ts";

/** A member that takes payments. */
export const onlineMemberShape = v.strictObject({
  name: accountNameShape,
  ip: hostShape,
  port: portShape,
});
export type OnlineMember = v.InferOutput<typeof onlineMemberShape>;

const request = v.strictObject({
  /** Only names after this one. Absent for the first page. */
  after: v.optional(accountNameShape),
});

const answer = v.strictObject({
  balance: countShape,
  /** How many are online altogether. */
  count: countShape,
  /** In order of names. */
  online: v.pipe(v.array(onlineMemberShape), v.maxLength(pageRowsMax)),
  /** Whether there are names after the last one of this page. */
  more: v.boolean(),
});

export const listExchange = {
  type: "list",
  request,
  success: 300,
  answer,
} as const satisfies Exchange<
  "list",
  unknown,
  unknown
>;
