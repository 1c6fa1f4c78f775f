/**
 * The packed form of orders and payment requests, for a receiver that has, or can ask for, the
 * signer's certificate. The certificate's `x5t#S256` replaces the first part of the compact JWS.
 */
import * as v from "valibot";
import type { VerifiedCertificate } from "../pki/certificate_profile.ts";
import { documentHeader, type DocumentType } from "../pki/signed_document.ts";
import { certificateReferenceShape, decodeFingerprint, encodeFingerprint } from "./shapes.ts";

/** Returns the packed form of a document. */
export function packDocument({ text, signer }: {
  readonly text: string;
  readonly signer: Pick<VerifiedCertificate, "fingerprint">;
}): string {
  return encodeFingerprint(signer.fingerprint) + text.slice(text.indexOf("."));
}

/**
 * Returns the SHA-256 fingerprint, 64 hex digits, of the certificate that a packed document refers
 * to; `undefined` for any other text.
 */
export function packedSigner(text: string): string | undefined {
  // A whole document begins with a header, which is longer than any reference.
  const [reference] = text.split(".", 1);
  return v.is(certificateReferenceShape, reference) ? decodeFingerprint(reference) : undefined;
}

/**
 * Returns the whole text of a document that came in a message. It is not verified.
 *
 * @param certificate what the sender may refer to. Any text that does not is returned as it is
 */
export function unpackDocument(
  text: string,
  { typ, certificate: { fingerprint, der } }: {
    readonly typ: DocumentType;
    readonly certificate: Pick<VerifiedCertificate, "fingerprint" | "der">;
  },
): string {
  if (packedSigner(text) !== fingerprint) return text;
  return documentHeader(typ, [der]) + text.slice(text.indexOf("."));
}
