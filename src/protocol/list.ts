/** The `list` request: the sender's balance and the members online, in pages. */
import * as v from "valibot";
import { pageRowsMax } from "../limits.ts";
import type { RequestType } from "./request_type.ts";
import { accountNameShape, countShape, hostShape, portShape } from "./shapes.ts";

export const onlineMemberShape = v.strictObject({
  name: accountNameShape,
  ip: hostShape,
  port: portShape,
});
export type OnlineMember = v.InferOutput<typeof onlineMemberShape>;

export const listRequestType = {
  type: "list",
  request: v.strictObject({
    /** Only names after this one. Absent for the first page. */
    after: v.optional(accountNameShape),
    /** A program asks on its own, again and again. The server's log leaves the request out. */
    poll: v.optional(v.literal(true)),
  }),
  success: 300,
  answer: v.strictObject({
    balance: countShape,
    /** The number of all members online. */
    count: countShape,
    /** Sorted by name. */
    online: v.pipe(v.array(onlineMemberShape), v.maxLength(pageRowsMax)),
    /** Whether further pages follow. */
    more: v.boolean(),
  }),
} as const satisfies RequestType;
