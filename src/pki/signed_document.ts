/**
 * What an identity signs: greetings, messages, orders, receipts, account changes. Each is a compact JWS (RFC 7515 section 7.1) with EdDSA over
 * Ed25519 (RFC 8037), and one protected header:
 *
 *     {"alg":"EdDSA","typ":"micropay-…"}            or with   "x5c":["…", …]
 *
 * `typ` keeps a document of one kind from passing as another (RFC 8725 section 3.11). A document
 * has one spelling: padding, white space and stray bits in base64url, a member twice and unknown
 * header members are refused.
 */
import { Buffer } from "node:buffer";
import {
  decodeBase64Strict,
  decodeBase64UrlStrict,
  encodeBase64,
  encodeBase64Url,
} from "../base64.ts";
import type { BoundedMap } from "../bounded_map.ts";
import { EnvelopeError } from "../errors.ts";
import { certificateBytesMax, chainCertificatesMax, lineBytesMax } from "../limits.ts";
import { type JsonObject, parseJsonObject } from "../strict_json.ts";
import type { PublicKey, SigningKey } from "./signing_key.ts";

/** The kinds of document; the header's `typ`. */
const documentTypes = [
  "micropay-greeting",
  "micropay-message",
  "micropay-order",
  "micropay-receipt",
  "micropay-account-change",
] as const;
export type DocumentType = (typeof documentTypes)[number];

/**
 * Whether a document carries its signer's certificates. `single`: exactly one. `either` leaves it to the reader to decide by what
 * it finds.
 */
export type ChainRule = "required" | "single" | "absent" | "either";

/** Certificates in DER, leaf first. */
export type CertificateChain = readonly Uint8Array<ArrayBuffer>[];

/** A document in the right form, whose signature nobody has checked yet. */
export interface UnverifiedDocument {
  readonly jws: string;
  readonly payload: JsonObject;
  /** Not checked. */
  readonly chain: CertificateChain | undefined;
  /** 64 bytes. Not checked. */
  readonly signature: Uint8Array<ArrayBuffer>;
}

const encoder = new TextEncoder();

/**
 * Signs a payload.
 *
 * @param options.chain the signer's certificates, where the document carries them. An identity
 * gives the same array every time, so that its header is written once.
 * @returns the compact JWS over the payload's JSON
 */
export function signDocument(
  typ: DocumentType,
  payload: JsonObject,
  { signingKey, chain }: { signingKey: SigningKey; chain?: CertificateChain | undefined },
): string {
  const body = encodeBase64Url(encoder.encode(JSON.stringify(payload)));
  const signedText = `${chain ? headerWithChain(typ, chain) : plainHeaders[typ]}.${body}`;
  return `${signedText}.${encodeBase64Url(signingKey.sign(encoder.encode(signedText)))}`;
}

/** The length in base64url of the 64 bytes of every signature. */
const signatureLength = 86;
const headerLengthMax = 40_000;

/** Headers of one type of document that were read before, each with its certificates. */
export type KnownHeaders = BoundedMap<string, CertificateChain>;

/**
 * Takes a compact JWS apart. Checks its form and its header, not its signature and not its certificates.
 *
 * @param options.headers for a reader of many documents: one signer's documents all have the same header
 * @throws {EnvelopeError} when it is not exactly one document of this kind
 */
export function readDocument(
  jws: string,
  { typ, chain: rule, headers }: {
    typ: DocumentType;
    chain: ChainRule;
    headers?: KnownHeaders | undefined;
  },
): UnverifiedDocument {
  const headerEnd = jws.indexOf(".");
  const payloadEnd = jws.length - signatureLength - 1;
  const isForm = jws.length <= lineBytesMax && headerEnd > 0 && headerEnd <= headerLengthMax &&
    payloadEnd > headerEnd + 1 && jws.indexOf(".", headerEnd + 1) === payloadEnd;
  if (!isForm) throw new EnvelopeError(`read a ${typ}: not a compact JWS`);
  const payloadBytes = decodePart(jws.slice(headerEnd + 1, payloadEnd), typ);
  const signature = decodePart(jws.slice(payloadEnd + 1), typ);
  const header = jws.slice(0, headerEnd);
  const known = headers?.get(header);
  const chain = known ?? readHeader(header, typ);
  if (chain && !known) headers?.set(header, chain);
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

/** @throws {EnvelopeError} when the signature is not by this key */
export function verifyDocument(document: UnverifiedDocument, publicKey: PublicKey): void {
  if (!publicKey.verify(signedBytes(document), document.signature)) throw notByThisKey();
}

/**
 * Does what {@link verifyDocument} does, on another thread.
 *
 * @throws {EnvelopeError} when the signature is not by this key
 */
export async function verifyDocumentElsewhere(
  document: UnverifiedDocument,
  publicKey: PublicKey,
): Promise<void> {
  const isGood = await publicKey.verifyElsewhere(signedBytes(document), document.signature);
  if (!isGood) throw notByThisKey();
}

function signedBytes({ jws }: UnverifiedDocument): Uint8Array<ArrayBuffer> {
  // The types of the oldest Deno do not say what kind of memory an encoder writes to.
  const bytes = encoder.encode(jws.slice(0, jws.length - signatureLength - 1));
  return bytes as Uint8Array<ArrayBuffer>;
}

function notByThisKey(): EnvelopeError {
  return new EnvelopeError("verify a signature: it is not by the expected key");
}

const plainHeaders = Object.fromEntries(
  documentTypes.map((typ) => [typ, writeHeader(typ)]),
) as Readonly<Record<DocumentType, string>>;

/** The headers that were written for a chain, by type: as many as the program has identities. */
const headersWithChain = new WeakMap<CertificateChain, Map<DocumentType, string>>();

function headerWithChain(typ: DocumentType, chain: CertificateChain): string {
  const headers = headersWithChain.get(chain) ?? new Map<DocumentType, string>();
  const header = headers.get(typ) ?? writeHeader(typ, chain);
  headersWithChain.set(chain, headers.set(typ, header));
  return header;
}

/** @returns the header's JSON in base64url */
function writeHeader(typ: DocumentType, chain?: CertificateChain): string {
  const x5c = chain?.map(encodeBase64);
  return encodeBase64Url(Buffer.from(JSON.stringify({ alg: "EdDSA", typ, ...(x5c && { x5c }) })));
}

/** @returns the chain in it, or `undefined` when it has none */
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
  // RFC 7515 section 4.1.6: base64 with padding, not base64url.
  const attempt = "read x5c";
  if (typeof text !== "string" || text.length > Math.ceil(certificateBytesMax / 3) * 4) {
    throw new EnvelopeError(`${attempt}: a certificate is not text of a sensible length`);
  }
  const bytes = decodeBase64Strict(text);
  if (!bytes) throw new EnvelopeError(`${attempt}: a certificate is not base64`);
  return bytes;
}
