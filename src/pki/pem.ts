/** PEM, the text form of certificates and keys (RFC 7468), as `openssl` reads and writes it. */
import { decodeBase64Strict, encodeBase64 } from "../base64.ts";
import { CertificateError } from "../errors.ts";

export type PemLabel =
  | "CERTIFICATE"
  | "CERTIFICATE REQUEST"
  | "PRIVATE KEY"
  | "ENCRYPTED PRIVATE KEY";

/**
 * Longest PEM text in characters: two certificates of the largest size, and text around them. Past
 * it: refused before it is parsed.
 */
export const pemCharactersMax = 64 * 1024;

/** Returns one PEM block with 64 characters a line and a newline at its end. */
export function derToPem(der: Uint8Array, label: PemLabel): string {
  const lines = encodeBase64(der).match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}

/**
 * Reads the only PEM block of a text. `openssl x509 -text` writes text around the block, which is
 * skipped. Two blocks are refused, because two programs could pick different ones.
 *
 * @returns the contents in DER
 * @throws {CertificateError} when the text has no such block or several, another label, or bad
 * base64
 */
export function pemToDer(pem: string, label: PemLabel): Uint8Array<ArrayBuffer> {
  const found = pemToDers(pem, label);
  if (found.length !== 1) {
    throw new CertificateError(`read PEM: ${found.length} ${label} blocks where one is expected`);
  }
  return found[0]!;
}

/**
 * Reads all PEM blocks of a text, in their order.
 *
 * @returns the contents of each in DER, at least one
 * @throws {CertificateError} when the text has no block, another label, or bad base64
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
