/**
 * The `certificates` request: certificates by fingerprint. A page of history names those of its
 * orders, and a client asks for each once.
 */
import * as v from "valibot";
import { certificatesAskedMax } from "../limits.ts";
import type { RequestType } from "./request_type.ts";
import { base64UrlShape, certificateReferenceShape } from "./shapes.ts";

export const certificatesRequestType = {
  type: "certificates",
  request: v.strictObject({
    fingerprints: v.pipe(
      v.array(certificateReferenceShape),
      v.minLength(1),
      v.maxLength(certificatesAskedMax),
    ),
  }),
  success: 300,
  answer: v.strictObject({
    /** The asked ones in DER, from the first, as many as fit. */
    certificates: v.pipe(
      v.array(base64UrlShape),
      v.minLength(1),
      v.maxLength(certificatesAskedMax),
    ),
  }),
} as const satisfies RequestType;
