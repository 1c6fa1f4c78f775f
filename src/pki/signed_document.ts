/**
 * What an identity signs: greetings, messages, orders, receipts, account changes. Each is a compact JWS (RFC 7515 section 7.1) with EdDSA over
 * Ed25519 (RFC 8037), and one protected header:
 *
 *     {"alg":"EdDSA","typ":"micropay-…"}            or with   "x5c":["…", …]
 *
 * `typ` keeps a document of one kind from passing as another (RFC 8725 section 3.11). `jose` does the signatures; it accepts
 * padding, white space and stray bits in base64url, members twice, and headers it does not know, so the form is checked here
 * before it is asked.
 */
import { CompactSign, compactVerify } from "jose";
import { decodeBase64Strict, decodeBase64UrlStrict, encodeBase64 } from "../base64.ts";
import { EnvelopeError } from "../errors.ts";
import { certificateBytesMax, chainCertificatesMax, lineBytesMax } from "../limits.ts";
import { type JsonObject, parseJsonObject } from "../strict_json.ts";

/** The kinds of document; the header's `typ`. */
export type DocumentType =
  | "micropay-greeting"
  | "micropay-message"
  | "micropay-order"
  | "micropay-receipt"
  | "micropay-account-change";

/**
 * Whether a document carries its signer's certificates. `single`: exactly one. `either` leaves it to the reader to decide by what
 * it finds.
 */
export type ChainRule = "required" | "single" | "absent" | "either";

/** A document in the right form, whose signature nobody has checked yet. */
export interface UnverifiedDocument {
  readonly jws: string;
  readonly payload: JsonObject;
  /** DER, leaf first. Not checked. */
  readonly chain: readonly Uint8Array<ArrayBuffer>[] | undefined;
}

/** @returns the compact JWS over the payload's JSON */
export async function signDocument(
  typ: DocumentType,
  payload: JsonObject,
  { privateKey, chain }: {
    privateKey: CryptoKey;
    chain?: readonly Uint8Array<ArrayBuffer>[] | undefined;
  },
): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(payload));
  const x5c = chain?.map((der) => encodeBase64(der));
  return await new CompactSign(bytes)
    .setProtectedHeader({ alg: "EdDSA", typ, ...(x5c && { x5c }) })
    .sign(privateKey);
}

/**
 * Takes a compact JWS apart. Checks its form and its header, not its signature and not its certificates.
 *
 * @throws {EnvelopeError} when it is not exactly one document of this kind
 */
export function readDocument(
  jws: string,
  { typ, chain: rule }: { typ: DocumentType; chain: ChainRule },
): UnverifiedDocument {
  const parts = /^([\w-]{1,40000})\.([\w-]{1,65536})\.([\w-]{86})$/.exec(
    jws.length <= lineBytesMax ? jws : "",
  );
  if (!parts) throw new EnvelopeError(`read a ${typ}: not a compact JWS`);
  const [header, payload, signature] = parts.slice(1).map(decodeBase64UrlStrict);
  if (!header || !payload || !signature) {
    throw new EnvelopeError(`read a ${typ}: a part is not base64url`);
  }
  const chain = readHeader(header, typ);
  if (rule !== "either" && (chain === undefined) !== (rule === "absent")) {
    throw new EnvelopeError(`read a ${typ}: x5c is ${chain ? "not expected" : "missing"}`);
  }
  if (rule === "single" && chain!.length !== 1) {
    throw new EnvelopeError(`read a ${typ}: x5c is ${chain!.length} certificates, not one`);
  }
  const members = parseJsonObject(payload);
  if (!members) throw new EnvelopeError(`read a ${typ}: the payload is not a JSON object`);
  return { jws, payload: members, chain };
}

/** @throws {EnvelopeError} when the signature is not by this key */
export async function verifyDocument(
  document: UnverifiedDocument,
  publicKey: CryptoKey,
): Promise<void> {
  try {
    await compactVerify(document.jws, publicKey, { algorithms: ["EdDSA"] });
  } catch (cause) {
    throw new EnvelopeError("verify a signature: it is not by the expected key", { cause });
  }
}

/** @returns the chain in it, or `undefined` when it has none */
function readHeader(
  bytes: Uint8Array,
  typ: DocumentType,
): Uint8Array<ArrayBuffer>[] | undefined {
  const header = parseJsonObject(bytes);
  if (!header) throw new EnvelopeError(`read a ${typ}: the header is not a JSON object`);
  const { alg, typ: found, x5c, ...others } = header;
  if (alg !== "EdDSA" || found !== typ || Object.keys(others).length > 0) {
    throw new EnvelopeError(`read a ${typ}: the header is not the expected one`);
  }
  if (!Object.hasOwn(header, "x5c")) return undefined;
  if (!Array.isArray(x5c) || x5c.length === 0 || x5c.length > chainCertificatesMax) {
    throw new EnvelopeError(`read a ${typ}: x5c is not 1 to ${chainCertificatesMax} certificates`);
  }
  return x5c.map(decodeCertificate);
}

function decodeCertificate(text: unknown): Uint8Array<ArrayBuffer> {
  // RFC 7515 section 4.1.6: base64 with padding, not base64url.
  const attempt = "read x5c";
  if (typeof text !== "string" || text.length > Math.ceil(certificateBytesMax / 3) * 4) {
    throw new EnvelopeError(`${attempt}: a certificate is not text of a sensible length`);
  }
  const bytes = decodeBase64Strict(text);
  if (!bytes) throw new EnvelopeError(`${attempt}: a certificate is not base64`);
  return bytes;
}
