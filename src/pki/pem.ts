/**
 * PEM, the text form of certificates and keys (RFC 7468), as the `openssl` command reads and writes it.
 */
import { decodeBase64Strict, encodeBase64 } from "../base64.ts";
import { CertificateError } from "../errors.ts";

export type PemLabel = "CERTIFICATE" | "CERTIFICATE REQUEST" | "PRIVATE KEY";

/** Longest PEM text that is read: a chain of two certificates at their size limit, with room for text around them. Past it: refused before it is parsed. */
export const pemCharactersMax = 64 * 1024;

/** One PEM block with a newline at its end, 64 characters a line. */
export function derToPem(der: Uint8Array, label: PemLabel): string {
  const lines = encodeBase64(der).match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}

/** {@link derToPem} for a certificate. */
export function certificateToPem(der: Uint8Array): string {
  return derToPem(der, "CERTIFICATE");
}

/**
 * Reads the only PEM block of a text. Text outside the block is allowed (`openssl x509 -text` writes some); a second block
 * is not, since two programs could then pick different ones.
 *
 * @throws {CertificateError} when there is no such block, more than one, one with another label, or bad base64
 */
export function pemToDer(pem: string, label: PemLabel): Uint8Array<ArrayBuffer> {
  const found = pemToDers(pem, label);
  if (found.length !== 1) {
    throw new CertificateError(`read PEM: ${found.length} ${label} blocks where one is expected`);
  }
  return found[0]!;
}

/**
 * Reads every PEM block of a text, in order; all of them have to carry the label.
 *
 * @throws {CertificateError} as {@link pemToDer}, except that there may be several blocks
 */
export function pemToDers(pem: string, label: PemLabel): Uint8Array<ArrayBuffer>[] {
  if (pem.length > pemCharactersMax) {
    throw new CertificateError(`read PEM: longer than ${pemCharactersMax} characters`);
  }
  const lines = pem.split("\n").map((line) => line.trim());
  const found: Uint8Array<ArrayBuffer>[] = [];
  let body: string[] | undefined;
  for (const line of lines) {
    if (/^-----BEGIN .*-----$/.test(line)) {
      if (body !== undefined || line !== `-----BEGIN ${label}-----`) throw notPem(label);
      body = [];
    } else if (/^-----END .*-----$/.test(line)) {
      if (body === undefined || line !== `-----END ${label}-----`) throw notPem(label);
      const der = decodeBase64Strict(body.join(""));
      if (der === undefined || der.length === 0) throw notPem(label);
      found.push(der);
      body = undefined;
    } else {
      body?.push(line);
    }
  }
  if (body !== undefined || found.length === 0) throw notPem(label);
  return found;
}

function notPem(label: PemLabel): CertificateError {
  return new CertificateError(`read PEM: this is not a ${label} in PEM`);
}
