/**
 * The `checkpoint` and `cosign` requests. Everybody may make them, because a witness needs no
 * account: the one asks for the checkpoints that the server published, the other brings a witness's
 * cosignature of one.
 */
import * as v from "valibot";
import type { RequestType } from "./request_type.ts";
import { checkpointNoteShape } from "./shapes.ts";

export const checkpointRequestType = {
  type: "checkpoint",
  request: v.strictObject({}),
  success: 300,
  answer: v.strictObject({
    /**
     * The newest checkpoint. Behind it comes the earlier one with the most cosignatures, if that
     * has more. Each is the server's signed note with the cosignatures of its witnesses.
     */
    published: v.pipe(v.array(checkpointNoteShape), v.minLength(1), v.maxLength(2)),
  }),
} as const satisfies RequestType;

export const cosignRequestType = {
  type: "cosign",
  request: v.strictObject({
    /** A published checkpoint, with the cosignature of the witness. */
    checkpoint: checkpointNoteShape,
  }),
  success: 300,
  answer: v.strictObject({}),
} as const satisfies RequestType;
