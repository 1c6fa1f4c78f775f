/** LOGIN: where the member takes payments; makes it online. */
import * as v from "valibot";
import type { Exchange } from "./exchange.ts";
import { accountNameShape, hostShape, portShape } from "./shapes.ts";

const request = v.strictObject({
  name: accountNameShape,
  /** The port the member listens on for peers. */
  port: portShape,
  /** The address to tell peers, when it is not the one the server sees. */
  host: v.optional(hostShape),
});

const answer = v.strictObject({
  /** The address that peers are told. */
  ip: hostShape,
  port: portShape,
});

export const loginExchange = {
  type: "login",
  request,
  success: 110,
  answer,
} as const satisfies Exchange<
  "login",
  unknown,
  unknown
>;
