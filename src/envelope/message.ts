/**
 * The contents of a sealed line. The envelope checks sender, receiver, connection and order. The
 * protocol layer defines `type` and `body`.
 */
import { isSeconds } from "../clock.ts";
import { decodeBase64UrlStrict, encodeBase64Url } from "../base64.ts";
import { EnvelopeError } from "../errors.ts";
import type { JsonObject } from "../strict_json.ts";

/**
 * The place of a message: its connection, number and receiver. A replayed, forwarded or reflected
 * message has the wrong one.
 */
export interface Address {
  /** The nonce of the connection's greeting. */
  readonly conn: string;
  /** Counts up by one in each direction, from 0. */
  readonly seq: number;
  /** The receiver's URI. */
  readonly to: string;
}

/** A message with its place. */
export interface Message extends Address {
  readonly type: string;
  /** When it was sealed by the sender's clock, in seconds since the epoch. Not verified. */
  readonly iat: number;
  readonly body: JsonObject;
}

/** The connecting side's addition to its first message. */
export interface Introduction {
  /** Its session key as a JWK, not verified yet. */
  readonly enc: unknown;
  /** An applicant's certificate request in DER. Absent when the header has certificates. */
  readonly csr?: Uint8Array<ArrayBuffer> | undefined;
}

const typeShape = /^[a-z][a-z_]{0,31}$/;

/** Returns the payload to sign. */
export function encodeMessage(message: Message, introduction?: Introduction): JsonObject {
  const { type, seq, conn, to, iat, body } = message;
  const payload = { type, seq, conn, to, iat, body };
  if (!introduction) return payload;
  const { enc, csr } = introduction;
  return { ...payload, enc, ...(csr && { csr: encodeBase64Url(csr) }) };
}

/**
 * Reads the payload of a message. It must have exactly the expected members, each of its type. The
 * signature is the caller's to verify.
 *
 * @param options.first whether it is the connecting side's first message, which must introduce it
 * @throws {EnvelopeError} when the payload has any other form
 */
export function decodeMessage(
  payload: JsonObject,
  { first }: { first: boolean },
): { message: Message; introduction: Introduction | undefined } {
  const { type, seq, conn, to, iat, body, enc, csr, ...others } = payload;
  const introduces = Object.hasOwn(payload, "enc");
  const shaped = typeof type === "string" && typeShape.test(type) &&
    Number.isSafeInteger(seq) && typeof conn === "string" && typeof to === "string" &&
    isSeconds(iat) && typeof body === "object" && body !== null && !Array.isArray(body);
  if (!shaped || introduces !== first || Object.keys(others).length > 0) {
    throw new EnvelopeError("read a message: its members are not the expected ones");
  }
  if (!first && Object.hasOwn(payload, "csr")) {
    throw new EnvelopeError("read a message: a certificate request after the first message");
  }
  const message = {
    type,
    seq: seq as number,
    conn,
    to,
    iat,
    body: body as JsonObject,
  };
  return { message, introduction: introduces ? { enc, csr: decodeRequest(csr) } : undefined };
}

function decodeRequest(csr: unknown): Uint8Array<ArrayBuffer> | undefined {
  if (csr === undefined) return undefined;
  const der = typeof csr === "string" ? decodeBase64UrlStrict(csr) : undefined;
  if (!der) throw new EnvelopeError("read a message: the certificate request is not base64url");
  return der;
}
