/**
 * Seals messages. The sender signs (JWS), then encrypts to the receiver's session key (JWE), so
 * that only the receiver sees who signed.
 */
import { EnvelopeError } from "../errors.ts";
import { lineBytesMax } from "../limits.ts";
import { signDocument } from "../pki/signed_document.ts";
import { type Signer, signerKey } from "./peer.ts";
import { encodeMessage, type Message } from "./message.ts";
import { encryptJwe, jweBytes } from "./jwe.ts";
import type { RecipientKey, SessionKey } from "./session_key.ts";

/**
 * Seals a message.
 *
 * @param options.introduce this end's session key, for the connecting side's first message. That
 * message then carries the key, and the signer's certificates or certificate request.
 * @returns the line without its newline
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
