/**
 * The `checkpoint` and `cosign` requests. Everybody may make them, because a witness needs no
 * account: the one asks for the checkpoints that the server published, the other brings a witness's
 * cosignature of one.
 */
import * as v from "valibot";
import { checkpointCharactersMax } from "../limits.ts";
import { proofShape } from "./proof.ts";
import type { RequestType } from "./request_type.ts";
import { countShape } from "./shapes.ts";

const noteShape = v.pipe(v.string(), v.maxLength(checkpointCharactersMax));

const published = v.strictObject({
  /** The server's signed note, with the cosignatures of its witnesses. */
  checkpoint: noteShape,
  /** The proof between this tree and that of the asked size: the larger begins with the smaller. */
  consistency: proofShape,
});

/** A published checkpoint, with a proof about the asked size. */
export type PublishedCheckpoint = v.InferOutput<typeof published>;

export const checkpointRequestType = {
  type: "checkpoint",
  request: v.strictObject({
    /** The number of rows of a tree whose head the asker knows, or 0. */
    size: countShape,
  }),
  success: 300,
  answer: v.strictObject({
    /**
     * The newest checkpoint. Behind it comes an earlier one, if that has more cosignatures.
     */
    published: v.pipe(v.array(published), v.minLength(1), v.maxLength(2)),
  }),
} as const satisfies RequestType;

export const cosignRequestType = {
  type: "cosign",
  request: v.strictObject({
    /** A published checkpoint, with the cosignature of the witness. */
    checkpoint: noteShape,
  }),
  success: 300,
  answer: v.strictObject({}),
} as const satisfies RequestType;
