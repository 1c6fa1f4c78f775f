/**
 * Sealing: a message is signed by its sender (JWS) and encrypted to its receiver's session key (JWE), in this order, so that
 * nobody but the receiver sees who signed. RFC 7516 section 7.1 (compact serialization), RFC 7518 sections 4.3 and 5.3.
 */
import { EnvelopeError } from "../errors.ts";
import { lineBytesMax } from "../limits.ts";
import { signDocument } from "../pki/signed_document.ts";
import { type Signer, signerKey } from "./peer.ts";
import { encodeMessage, type Message } from "./message.ts";
import { encryptJwe, jweBytes } from "./jwe.ts";
import type { RecipientKey, SessionKey } from "./session_key.ts";

/**
 * @param introduce given with the connecting side's first message: announces its session key, and its certificates or its
 * request for one
 * @returns the line, without its newline
 * @throws {EnvelopeError} when the line would be longer than `lineBytesMax`
 */
export async function seal(
  message: Message,
  { signer, recipient, introduce }: {
    signer: Signer;
    recipient: RecipientKey;
    introduce?: SessionKey | undefined;
  },
): Promise<string> {
  const payload = encodeMessage(message, introduce && introductionOf(signer, introduce));
  const jws = signDocument("micropay-message", payload, {
    signingKey: signerKey(signer),
    chain: introduce && signer.kind === "certified" ? signer.identity.chain : undefined,
  });
  const lineBytes = jweBytes(jws.length, recipient);
  if (lineBytes > lineBytesMax) {
    throw new EnvelopeError(
      `seal a ${message.type}: the line takes ${lineBytes} bytes, more than ${lineBytesMax}`,
    );
  }
  return await encryptJwe(jws, recipient);
}

function introductionOf(signer: Signer, { jwk }: SessionKey) {
  return { enc: jwk, csr: signer.kind === "applicant" ? signer.request.der : undefined };
}
