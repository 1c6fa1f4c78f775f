/**
 * The signed documents: greetings, messages, orders, payment requests, receipts, account changes
 * and answers with proofs. Each is a compact JWS (RFC 7515 section 7.1) with EdDSA over Ed25519
 * (RFC 8037) and one protected header:
 *
 *     {"alg":"EdDSA","typ":"micropay-…"}            or with   "x5c":["…", …]
 *
 * `typ` keeps a document of one kind from passing as another (RFC 8725 section 3.11). A document
 * has one encoding. Padding, white space and stray bits in base64url are refused, as are repeated
 * members and unknown header members.
 */
import { Buffer } from "node:buffer";
import {
  decodeBase64Strict,
  decodeBase64UrlStrict,
  encodeBase64,
  encodeBase64Url,
} from "../base64.ts";
import { BoundedMap } from "../bounded_map.ts";
import { EnvelopeError } from "../errors.ts";
import {
  certificateBytesMax,
  chainCertificatesMax,
  documentHeaderCharactersMax,
  headersRememberedMax,
  lineBytesMax,
} from "../limits.ts";
import { type JsonObject, parseJsonObject } from "../strict_json.ts";
import type { PublicKey, SigningKey } from "./signing_key.ts";

/** The kinds of document, as the header's `typ` names them. */
const documentTypes = [
  "micropay-greeting",
  "micropay-message",
  "micropay-order",
  "micropay-request",
  "micropay-receipt",
  "micropay-account-change",
  "micropay-proof",
] as const;
export type DocumentType = (typeof documentTypes)[number];

/**
 * Whether a document carries its signer's certificates: one or more (`required`), exactly one
 * (`single`), none (`absent`), or as the signer chose (`either`).
 */
export type ChainRule = "required" | "single" | "absent" | "either";

/** Certificates in DER, leaf first. */
export type CertificateChain = readonly Uint8Array<ArrayBuffer>[];

/** A document of the right form. Its signature is not verified yet. */
export interface UnverifiedDocument {
  readonly jws: string;
  readonly payload: JsonObject;
  /** Not verified yet. */
  readonly chain: CertificateChain | undefined;
  /** 64 bytes, not verified yet. */
  readonly signature: Uint8Array<ArrayBuffer>;
}

/** What the check of a signature needs. */
type SignedText = Pick<UnverifiedDocument, "jws" | "signature">;

const encoder = new TextEncoder();

/**
 * Signs a payload.
 *
 * @param options.chain the signer's certificates, for documents that carry them. The same array
 * object gets its header encoded only once.
 * @returns the compact JWS over the payload's JSON
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { SigningKey } from "./signing_key.ts";
 *
 * const { signingKey } = SigningKey.generate();
 * const jws = signDocument("micropay-order", { amount: 5 }, { signingKey });
 * const document = readDocument(jws, { typ: "micropay-order", chain: "absent" });
 * verifyDocument(document, signingKey.publicKey);
 * assertEquals(document.payload, { amount: 5 });
 * ```
 */
export function signDocument(
  typ: DocumentType,
  payload: JsonObject,
  { signingKey, chain }: { signingKey: SigningKey; chain?: CertificateChain | undefined },
): string {
  const signedText = signedTextOf(typ, payload, chain);
  return `${signedText}.${encodeBase64Url(signingKey.sign(encoder.encode(signedText)))}`;
}

/**
 * Returns the compact JWS that {@link signDocument} made of the same parts.
 *
 * @param options.signature 64 bytes
 */
export function joinDocument(
  typ: DocumentType,
  payload: JsonObject,
  { signature, chain }: Pick<UnverifiedDocument, "signature" | "chain">,
): string {
  return `${signedTextOf(typ, payload, chain)}.${encodeBase64Url(signature)}`;
}

function signedTextOf(typ: DocumentType, payload: JsonObject, chain?: CertificateChain): string {
  const body = encodeBase64Url(encoder.encode(JSON.stringify(payload)));
  return `${chain ? documentHeader(typ, chain) : plainHeaders[typ]}.${body}`;
}

/** Characters of a signature in base64url: it has 64 bytes. */
const signatureLength = 86;

/**
 * Reads a compact JWS. Verified: its form and its header. Not verified: its signature and its
 * certificates.
 *
 * @throws {EnvelopeError} when the text is not exactly one document of this type
 */
export function readDocument(
  jws: string,
  { typ, chain: rule }: { typ: DocumentType; chain: ChainRule },
): UnverifiedDocument {
  const headerEnd = jws.indexOf(".");
  const payloadEnd = jws.length - signatureLength - 1;
  const isForm = jws.length <= lineBytesMax && headerEnd > 0 &&
    headerEnd <= documentHeaderCharactersMax &&
    payloadEnd > headerEnd + 1 && jws.indexOf(".", headerEnd + 1) === payloadEnd;
  if (!isForm) throw new EnvelopeError(`read a ${typ}: not a compact JWS`);
  const payloadBytes = decodePart(jws.slice(headerEnd + 1, payloadEnd), typ);
  const signature = decodePart(jws.slice(payloadEnd + 1), typ);
  const header = jws.slice(0, headerEnd);
  const chain = rule === "single" ? readHeaderOnce(header, typ) : readHeader(header, typ);
  if (rule !== "either" && (chain === undefined) !== (rule === "absent")) {
    throw new EnvelopeError(`read a ${typ}: x5c is ${chain ? "not expected" : "missing"}`);
  }
  if (rule === "single" && chain!.length !== 1) {
    throw new EnvelopeError(`read a ${typ}: x5c is ${chain!.length} certificates, not one`);
  }
  const payload = parseJsonObject(payloadBytes);
  if (!payload) throw new EnvelopeError(`read a ${typ}: the payload is not a JSON object`);
  return { jws, payload, chain, signature };
}

/**
 * Verifies the signature of a document.
 *
 * @throws {EnvelopeError} when another key made the signature
 */
export function verifyDocument(document: SignedText, publicKey: PublicKey): void {
  if (publicKey.verify(signedBytes(document), document.signature)) return;
  throw new EnvelopeError("verify a signature: it is not by the expected key");
}

function signedBytes({ jws }: SignedText): Uint8Array<ArrayBuffer> {
  // The oldest Deno's types leave open which buffer an encoder uses.
  const bytes = encoder.encode(jws.slice(0, jws.length - signatureLength - 1));
  return bytes as Uint8Array<ArrayBuffer>;
}

const plainHeaders = Object.fromEntries(
  documentTypes.map((typ) => [typ, writeHeader(typ)]),
) as Readonly<Record<DocumentType, string>>;

/** The encoded headers of each chain, by document type. The program has few identities. */
const headersWithChain = new WeakMap<CertificateChain, Map<DocumentType, string>>();

/**
 * Returns the first part of a document that carries these certificates.
 *
 * @param chain the same array object gets its header encoded only once
 */
export function documentHeader(typ: DocumentType, chain: CertificateChain): string {
  const headers = headersWithChain.get(chain) ?? new Map<DocumentType, string>();
  const header = headers.get(typ) ?? writeHeader(typ, chain);
  headersWithChain.set(chain, headers.set(typ, header));
  return header;
}

/** Returns the header's JSON in base64url. */
function writeHeader(typ: DocumentType, chain?: CertificateChain): string {
  const x5c = chain?.map(encodeBase64);
  return encodeBase64Url(Buffer.from(JSON.stringify({ alg: "EdDSA", typ, ...(x5c && { x5c }) })));
}

/** Chains by document type and header. All orders of a payer share a header, as do all receipts. */
const chainsRead = new BoundedMap<string, CertificateChain>(headersRememberedMax);

/** Does what {@link readHeader} does, and remembers the chain. */
function readHeaderOnce(text: string, typ: DocumentType): CertificateChain | undefined {
  const key = `${typ}.${text}`;
  const known = chainsRead.get(key);
  if (known) return known;
  const chain = readHeader(text, typ);
  if (chain) chainsRead.set(key, chain);
  return chain;
}

/** Returns the chain in a header, or `undefined` when the header has none. */
function readHeader(text: string, typ: DocumentType): CertificateChain | undefined {
  if (text === plainHeaders[typ]) return undefined;
  const header = parseJsonObject(decodePart(text, typ));
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

function decodePart(text: string, typ: DocumentType): Uint8Array<ArrayBuffer> {
  const bytes = decodeBase64UrlStrict(text);
  if (!bytes) throw new EnvelopeError(`read a ${typ}: a part is not base64url`);
  return bytes;
}

function decodeCertificate(text: unknown): Uint8Array<ArrayBuffer> {
  // RFC 7515 section 4.1.6: `x5c` is base64 with padding, not base64url.
  const attempt = "read x5c";
  if (typeof text !== "string" || text.length > Math.ceil(certificateBytesMax / 3) * 4) {
    throw new EnvelopeError(`${attempt}: a certificate is not text of a sensible length`);
  }
  const bytes = decodeBase64Strict(text);
  if (!bytes) throw new EnvelopeError(`${attempt}: a certificate is not base64`);
  return bytes;
}
