/**
 * The X.509 library behind one door: it resolves its own parts through decorator metadata, which has to be loaded first.
 *
 * It checks signatures and dates and nothing else. Everything that makes a certificate one of ours is in
 * `certificate_profile.ts`.
 */
import "reflect-metadata";

export {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Name,
  Pkcs10CertificateRequest,
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
export type { JsonGeneralNames } from "@peculiar/x509";
