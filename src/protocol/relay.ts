/**
 * The relay: two members that cannot connect to each other exchange bytes through the server. A
 * relayed connection carries the same lines as a connection between them, and the server can read
 * none of them.
 */
import * as v from "valibot";
import { relayedBytesMax } from "../limits.ts";
import type { RequestType } from "./request_type.ts";
import { accountNameShape } from "./shapes.ts";

/** Names a relayed connection, at both ends. Its payer makes it from 16 random bytes. */
const connectionShape = v.pipe(v.string(), v.regex(/^[\w-]{22}$/));

/** What lines are made of: printable ASCII and newlines. */
const dataShape = v.pipe(v.string(), v.maxLength(relayedBytesMax), v.regex(/^[\x21-\x7e\n]+$/));

const ofConnectionShape = v.strictObject({ connection: connectionShape });
const bytesShape = v.strictObject({ connection: connectionShape, data: dataShape });

/** The payer's request for a relayed connection to a payee that is online. */
export const relayRequestType = {
  type: "relay",
  request: v.strictObject({ name: accountNameShape, connection: connectionShape }),
  success: 300,
  answer: v.strictObject({}),
} as const satisfies RequestType;

/** Either end's request to send bytes to the other end. */
export const relayDataRequestType = {
  type: "relay_data",
  request: bytesShape,
  success: 300,
  answer: v.strictObject({}),
} as const satisfies RequestType;

/** Either end's request to end the connection. */
export const relayEndRequestType = {
  type: "relay_end",
  request: ofConnectionShape,
  success: 300,
  answer: v.strictObject({}),
} as const satisfies RequestType;

/** The `type` of the server's push to the payee of a new relayed connection. */
export const relayedType = "relayed";
export const relayedShape = ofConnectionShape;

/** The `type` of the server's push with bytes of the other end. */
export const relayedDataType = "relayed_data";
export const relayedDataShape = bytesShape;

/** The `type` of the server's push when the other end has ended the connection, or has gone. */
export const relayedEndType = "relayed_end";
export const relayedEndShape = ofConnectionShape;
