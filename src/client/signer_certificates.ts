/** The certificates that signed the orders of a member's history. Each is asked for once. */
import { decodeBase64UrlStrict } from "../base64.ts";
import { BoundedMap } from "../bounded_map.ts";
import { ProtocolError } from "../errors.ts";
import { certificatesAskedMax, certificatesKeptMax } from "../limits.ts";
import type { Identity } from "../pki/identity.ts";
import type { CertificateChain } from "../pki/signed_document.ts";
import { sha256Hex } from "../pki/signing_key.ts";
import { certificatesRequestType } from "../protocol/certificates.ts";
import { answerWith, type Outcome } from "../protocol/request_type.ts";
import { encodeFingerprint } from "../protocol/shapes.ts";
import type { ServerLink } from "./server_link.ts";

export class SignerCertificates {
  readonly #link: ServerLink;
  readonly #chains = new BoundedMap<string, CertificateChain>(certificatesKeptMax);

  /** @param identity the member's, whose certificate needs no question */
  constructor(link: ServerLink, { certificate, leaf }: Identity) {
    this.#link = link;
    this.#chains.set(encodeFingerprint(link.serverCertificate.fingerprint), link.serverChain);
    this.#chains.set(encodeFingerprint(certificate.fingerprint), leaf);
  }

  /**
   * Returns the certificates with these values of `x5t#S256`, in their order.
   *
   * @throws {ProtocolError} when the server answers with another certificate
   */
  async find(references: readonly string[]): Promise<Outcome<readonly CertificateChain[]>> {
    const found = references.map((reference) => this.#chains.get(reference));
    let missing = references.filter((_, at) => found[at] === undefined);
    const fetched = new Map<string, CertificateChain>();
    while (missing.length > 0) {
      const fingerprints = missing.slice(0, certificatesAskedMax);
      const reply = await this.#link.ask(certificatesRequestType, { fingerprints });
      if (reply.outcome === "refused") return reply;
      const { certificates } = reply.answer;
      if (certificates.length > fingerprints.length) {
        throw new ProtocolError(
          `read certificates: the server was asked for ${fingerprints.length} and gave ` +
            `${certificates.length}; tell the operator`,
        );
      }
      for (const [at, text] of certificates.entries()) {
        const reference = fingerprints[at]!;
        fetched.set(reference, [requireCertificate(text, reference)]);
      }
      missing = missing.slice(certificates.length);
    }
    for (const [reference, chain] of fetched) this.#chains.set(reference, chain);
    return answerWith(found.map((chain, at) => chain ?? fetched.get(references[at]!)!));
  }
}

function requireCertificate(text: string, reference: string): Uint8Array<ArrayBuffer> {
  const der = decodeBase64UrlStrict(text);
  if (der && encodeFingerprint(sha256Hex(der)) === reference) return der;
  throw new ProtocolError(
    `read certificates: one is not the certificate ${reference} that was asked for; ` +
      "tell the operator",
  );
}
