/**
 * What is inside a sealed line. The envelope knows who speaks to whom on which connection in which order; what the `type` and
 * the `body` mean is the protocol's business.
 */
import { isSeconds } from "../clock.ts";
import { decodeBase64UrlStrict, encodeBase64Url } from "../base64.ts";
import { EnvelopeError } from "../errors.ts";
import type { JsonObject } from "../strict_json.ts";

/** Which line this is: of which connection, at which place, for whom. Replays, forwards and reflections fail on one of these. */
export interface Address {
  /** The nonce of the connection's greeting. */
  readonly conn: string;
  /** Counts up by one in each direction, from 0. */
  readonly seq: number;
  /** The URI of the one it is for. */
  readonly to: string;
}

export interface Message extends Address {
  readonly type: string;
  /** When it was sealed, in whole seconds since the epoch, by the sender's clock. Told, not checked: `conn` and `seq` are. */
  readonly iat: number;
  readonly body: JsonObject;
}

/** What the connecting side adds to its first message, beside the certificates in the header. */
export interface Introduction {
  /** Its session key, as a JWK. */
  readonly enc: unknown;
  /** An applicant's certificate request, DER. Absent when the header has certificates. */
  readonly csr?: Uint8Array<ArrayBuffer> | undefined;
}

const typeShape = /^[a-z][a-z_]{0,31}$/;

/** The payload to be signed. */
export function encodeMessage(message: Message, introduction?: Introduction): JsonObject {
  const { type, seq, conn, to, iat, body } = message;
  const payload = { type, seq, conn, to, iat, body };
  if (!introduction) return payload;
  const { enc, csr } = introduction;
  return { ...payload, enc, ...(csr && { csr: encodeBase64Url(csr) }) };
}

/**
 * Reads a payload whose signature was or will be checked. Exactly the expected members, each of its type.
 *
 * @param first whether this is the connecting side's first message, which must introduce its sender
 * @throws {EnvelopeError} when it is anything else
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
