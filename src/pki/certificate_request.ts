/**
 * A member's certificate request (PKCS#10, RFC 2986): the name that it wants and its public key.
 */
import { decodeHex } from "@std/encoding/hex";
import type { AccountName } from "../account_name.ts";
import { CertificateError } from "../errors.ts";
import { PublicKey, type SigningKey } from "./signing_key.ts";
import { type Bytes, derTag, elementAt, encodeDer } from "./x509/der.ts";
import { encodeName, type NameTag, nameTagOf, readName } from "./x509/distinguished_name.ts";
import { encodeAlternativeNames, readAlternativeNames } from "./x509/extensions.ts";
import { readStructure, signStructure, type StructureCodec } from "./x509/signed_structure.ts";

/** A request that {@link readCertificateRequest} verified. */
export interface CertificateRequest {
  readonly name: AccountName;
  readonly publicKey: PublicKey;
  readonly der: Uint8Array<ArrayBuffer>;
}

/**
 * Makes a certificate request for `name`, signed with its own key.
 *
 * @returns the request in DER
 */
export function createCertificateRequest(name: AccountName, signingKey: SigningKey): Bytes {
  const publicKeyInfo = signingKey.publicKey.info;
  const contents = { name, nameTag: nameTagOf(name), publicKeyInfo };
  return signStructure(contents, { codec: requestCodec, signingKey });
}

/**
 * Reads and verifies a certificate request.
 *
 * Verified: its size; its encoding, which is exactly ours; its key, which has prime order and
 * signed it. Not verified: that the name is free.
 *
 * @param given the request in DER
 * @throws {CertificateError} when one of these checks fails
 */
export function readCertificateRequest(given: Bytes): CertificateRequest {
  const { der, contents, signedBytes, signature } = readStructure(given, requestCodec);
  // The key's order is checked first. Under a small-order key the signature would prove nothing.
  const publicKey = PublicKey.read(contents.publicKeyInfo);
  if (!publicKey.verify(signedBytes, signature)) {
    throw new CertificateError("read a certificate request: it is not signed by its own key");
  }
  return { name: contents.name, publicKey, der };
}

interface RequestContents {
  readonly name: AccountName;
  /** Some programs write a name as UTF8String, others as PrintableString. */
  readonly nameTag: NameTag;
  readonly publicKeyInfo: Bytes;
}

const version1 = decodeHex("020100");
/** extensionRequest (1.2.840.113549.1.9.14). */
const extensionRequestId = decodeHex("06092a864886f70d01090e");

const requestCodec: StructureCodec<RequestContents> = {
  what: "a certificate request",
  readBody(body) {
    const { party } = readAlternativeNames(elementAt(body, 3, 0, 1, 0, 0));
    if (party.role !== "member") {
      throw new CertificateError("read a certificate request: it asks for the server's name");
    }
    const { name, tag: nameTag } = readName(elementAt(body, 1));
    if (name !== party.name) {
      throw new CertificateError(
        `read a certificate request: its common name is not ${party.name}`,
      );
    }
    return { name: party.name, nameTag, publicKeyInfo: elementAt(body, 2).bytes };
  },
  encodeBody({ name, nameTag, publicKeyInfo }) {
    const extension = encodeAlternativeNames({ party: { role: "member", name }, hosts: [] });
    const values = encodeDer(derTag.set, encodeDer(derTag.sequence, extension));
    const attribute = encodeDer(derTag.sequence, extensionRequestId, values);
    return encodeDer(
      derTag.sequence,
      version1,
      encodeName(name, nameTag),
      publicKeyInfo,
      encodeDer(0xa0, attribute),
    );
  },
};
