/**
 * A member's request for a certificate (PKCS#10, RFC 2986): the name it wants and the key it already holds.
 */
import type { AccountName } from "../account_name.ts";
import { CertificateError } from "../errors.ts";
import { exportPublicKey, importPublicKey, publicKeyFingerprint } from "./signing_key.ts";
import { type Bytes, derTag, elementAt, encodeDer, hexBytes } from "./x509/der.ts";
import { encodeName, type NameTag, nameTagOf, readName } from "./x509/distinguished_name.ts";
import { encodeAlternativeNames, readAlternativeNames } from "./x509/extensions.ts";
import {
  isSignedBy,
  readStructure,
  signStructure,
  type StructureCodec,
} from "./x509/signed_structure.ts";

export interface CertificateRequest {
  readonly name: AccountName;
  readonly publicKey: CryptoKey;
  /** SHA-256 of the key's SubjectPublicKeyInfo, 64 lower-case hex digits. */
  readonly keyFingerprint: string;
  readonly der: Uint8Array<ArrayBuffer>;
}

/** Makes a request for `name`, signed with the private half of `keys`. */
export async function createCertificateRequest(
  name: AccountName,
  { publicKey, privateKey }: CryptoKeyPair,
): Promise<Bytes> {
  const publicKeyInfo = await exportPublicKey(publicKey);
  const contents = { name, nameTag: nameTagOf(name), publicKeyInfo };
  return await signStructure(contents, { codec: requestCodec, privateKey });
}

/**
 * Reads a request. Verified: size, that it has its one spelling for its name and key, the key is of prime order, and the sender
 * holds it. Not verified: that the name is free.
 *
 * @throws {CertificateError} otherwise
 */
export async function readCertificateRequest(given: Bytes): Promise<CertificateRequest> {
  const { der, contents, ...signed } = readStructure(given, requestCodec);
  // The key is looked at before it verifies anything: under a small-order key the signature would prove nothing.
  const publicKey = await importPublicKey(contents.publicKeyInfo);
  if (!await isSignedBy(signed, publicKey)) {
    throw new CertificateError("read a certificate request: it is not signed by its own key");
  }
  const keyFingerprint = await publicKeyFingerprint(publicKey);
  return { name: contents.name, publicKey, keyFingerprint, der };
}

interface RequestContents {
  readonly name: AccountName;
  /** Programs that make requests write a name as either kind of text. */
  readonly nameTag: NameTag;
  readonly publicKeyInfo: Bytes;
}

const version1 = hexBytes("020100");
/** extensionRequest (1.2.840.113549.1.9.14). */
const extensionRequestId = hexBytes("06092a864886f70d01090e");

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
