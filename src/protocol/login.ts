/** The `login` request: the member announces its address for payments and goes online. */
import * as v from "valibot";
import type { RequestType } from "./request_type.ts";
import { accountNameShape, hostShape, portShape } from "./shapes.ts";

export const loginRequestType = {
  type: "login",
  request: v.strictObject({
    name: accountNameShape,
    /** The port on which the member accepts peers. */
    port: portShape,
    /** The address for peers, when it differs from the one that the server sees. */
    host: v.optional(hostShape),
    /** Present when the member takes relayed connections. */
    relay: v.optional(v.literal(true)),
  }),
  success: 110,
  answer: v.strictObject({
    /** The address that the server gives to peers. */
    ip: hostShape,
    port: portShape,
  }),
} as const satisfies RequestType;
