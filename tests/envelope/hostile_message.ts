/**
 * A message from alice to the server with any field changed.
 */
import { encodeBase64 } from "../../src/base64.ts";
import { messageHeader } from "../../src/envelope/jwe.ts";
import { partyUri } from "../../src/pki/party.ts";
import { forgeJwe, forgeJws, type Part } from "./forger.ts";
import { aliceKeys } from "./hostile_parties.ts";
import { alice, atMs, server } from "./vector_parties.ts";
import { sessionKeys } from "./vector_session_keys.ts";
import type { SigningKey } from "../../src/pki/signing_key.ts";

/** The place that the line must have. */
export interface Place {
  readonly conn: string;
  /** 0 for the first message, which introduces alice. */
  readonly seq: number;
  /** The receiver's URI, by default the server's. The session key is always the server's. */
  readonly to?: string;
}

export interface Wrong {
  /** Added or changed members of the payload. `undefined` removes one. */
  readonly payload?: object;
  /** The whole payload. */
  readonly payloadText?: string | Uint8Array<ArrayBuffer>;
  /** The same for the protected header of the JWS. */
  readonly header?: object;
  readonly headerText?: string;
  readonly key?: SigningKey;
  readonly signature?: string;
  /** Changes the JWS before the sealing. */
  readonly jws?: (jws: string) => string;
  /** Replaces the JWS. */
  readonly plaintext?: string | Uint8Array<ArrayBuffer>;
  /** Added or changed members of the JWE's protected header. `undefined` removes one. */
  readonly outerHeader?: object;
  readonly outerHeaderText?: string;
  readonly recipient?: JsonWebKey;
}

/** Returns the certificates of `chain` as `x5c` encodes them. */
export function x5c(...chain: readonly Uint8Array[]): string[] {
  return chain.map((der) => encodeBase64(der));
}

export function aliceJws({ conn, seq, to }: Place, wrong: Wrong = {}): string {
  const isFirst = seq === 0;
  const header = {
    alg: "EdDSA",
    typ: "micropay-message",
    ...(isFirst && { x5c: x5c(...alice.chain) }),
    ...wrong.header,
  };
  const payload = {
    type: "balance",
    seq,
    conn,
    to: to ?? partyUri(server.party),
    iat: atMs / 1000,
    body: {},
    ...(isFirst && { enc: sessionKeys.alice.jwk }),
    ...wrong.payload,
  };
  return forgeJws({
    header: wrong.headerText ?? header as Part,
    payload: wrong.payloadText ?? payload,
    key: wrong.key ?? aliceKeys,
    signature: wrong.signature,
  });
}

export async function aliceLine(place: Place, wrong: Wrong = {}): Promise<string> {
  const jws = aliceJws(place, wrong);
  return await forgeJwe({
    header: wrong.outerHeaderText ??
      { ...messageHeader(sessionKeys.server.kid), ...wrong.outerHeader },
    plaintext: wrong.plaintext ?? wrong.jws?.(jws) ?? jws,
    recipient: wrong.recipient ?? sessionKeys.server.jwk,
  });
}
