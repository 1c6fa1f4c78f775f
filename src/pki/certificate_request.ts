/**
 * A member's request for a certificate (PKCS#10, RFC 2986): the name it wants and the key it already holds.
 */
import type { AccountName } from "../account_name.ts";
import { CertificateError } from "../errors.ts";
import { certificateBytesMax } from "../limits.ts";
import { catchingAll, isSignedBy, readExtensions, readSigned } from "./certificate_fields.ts";
import {
  childrenOf,
  contentOf,
  type DerElement,
  derTag,
  equalBytes,
  readDer,
  requireUniversal,
} from "./der.ts";
import { parsePartyUri, partyUri } from "./party.ts";
import { importPublicKey, publicKeyFingerprint } from "./signing_key.ts";
import {
  Name,
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
} from "./x509.ts";

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
  keys: CryptoKeyPair,
): Promise<Uint8Array<ArrayBuffer>> {
  const uri = partyUri({ role: "member", name });
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: [{ CN: [name] }],
    keys,
    signingAlgorithm: { name: "Ed25519" },
    extensions: [new SubjectAlternativeNameExtension([{ type: "url", value: uri }])],
  });
  return new Uint8Array(request.rawData);
}

/**
 * Reads a request. Verified: size, DER, Ed25519, the sender holds the key, the key is not of small order, and the name is
 * the same in CN and SAN. Not verified: that the name is free.
 *
 * @throws {CertificateError} otherwise
 */
export async function readCertificateRequest(
  der: Uint8Array<ArrayBuffer>,
): Promise<CertificateRequest> {
  if (der.length > certificateBytesMax) {
    throw refused(`${der.length} bytes, more than ${certificateBytesMax}`);
  }
  const own = der.slice();
  const { signed, name, publicKeyInfo } = catchingAll("read a certificate request", () => {
    const { body, ...signed } = readSigned(readDer(own));
    const [version, subject, publicKeyInfo, attributes] = body;
    if (body.length !== 4 || !equalBytes(version!.bytes, version1)) {
      throw refused("unknown version");
    }
    return { signed, name: readName(subject!, attributes!), publicKeyInfo: publicKeyInfo!.bytes };
  });
  // The key is looked at before it verifies anything: under a small-order key the signature would prove nothing.
  const publicKey = await importPublicKey(publicKeyInfo);
  if (!await isSignedBy(signed, publicKey)) throw refused("it is not signed by its own key");
  return { name, publicKey, keyFingerprint: await publicKeyFingerprint(publicKey), der: own };
}

const version1 = Uint8Array.of(0x02, 0x01, 0x00);
/** extensionRequest (1.2.840.113549.1.9.14). */
const extensionRequestId = Uint8Array.of(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x0e);

function readName(subject: DerElement, attributes: DerElement): AccountName {
  const [attribute, ...others] = childrenOf(attributes, 0xa0);
  const [id, values] = childrenOf(attribute, derTag.sequence);
  const isOurs = others.length === 0 &&
    equalBytes(contentOf(id, derTag.objectIdentifier), extensionRequestId);
  if (!isOurs) throw refused("an attribute that is not its one list of extensions");
  const [extensions, ...more] = childrenOf(values, derTag.set);
  if (more.length !== 0) throw refused("two lists of extensions");
  const names = readExtensions(extensions).alternativeNames ?? [];
  const [only] = names;
  const party = names.length === 1 && only?.type === "url" ? parsePartyUri(only.value) : undefined;
  if (party?.role !== "member") throw refused("its alternative name is not one account's");
  requireUniversal(subject);
  const commonNames = new Name(subject.bytes).getField("CN");
  if (commonNames.length !== 1 || commonNames[0] !== party.name) {
    throw refused(`its common name is not ${party.name}`);
  }
  return party.name;
}

function refused(why: string): CertificateError {
  return new CertificateError(`read a certificate request: ${why}`);
}
