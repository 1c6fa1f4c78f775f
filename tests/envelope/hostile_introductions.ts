/**
 * First messages that are refused because of their introduction.
 */
import { decodeBase64UrlStrict, encodeBase64, encodeBase64Url } from "../../src/base64.ts";
import type { HostileLine } from "./hostile_lines.ts";
import { aliceLine, type Place, type Wrong, x5c } from "./hostile_message.ts";
import {
  aliceCertificate,
  badSessionKeys,
  bobKeys,
  carolKeys,
  expired,
  notYet,
  otherCa,
  sameNameCa,
  selfSignedAlice,
  serverKeys,
} from "./hostile_parties.ts";
import { alice, anchor, identities, server } from "./vector_parties.ts";
import { sessionKeys } from "./vector_session_keys.ts";

function wrong(what: string, reason: string, how: Wrong): HostileLine {
  return { what, reason, only: "first", make: (place: Place) => aliceLine(place, how) };
}

const [leaf] = alice.chain as [Uint8Array<ArrayBuffer>];
const both = "it needs certificates or a request, not both";
const csr = identities.carol.request;
const brokenCsr = decodeBase64UrlStrict(csr)!;
brokenCsr[brokenCsr.length - 1]! ^= 1;

/** Introduces carol, who has no certificate. */
const applicant = { header: { x5c: undefined }, payload: { csr }, key: carolKeys };

export const introductionLines: readonly HostileLine[] = [
  wrong("no session key in the first message", "read a message: its members are not the expected", {
    payload: { enc: undefined },
  }),
  wrong("neither certificate nor request", both, { header: { x5c: undefined } }),
  wrong("both certificate and request", both, { payload: { csr } }),
  wrong("no certificate in x5c", "x5c is not 1 to 2 certificates", { header: { x5c: [] } }),
  wrong("x5c that is no array", "x5c is not 1 to 2 certificates", {
    header: { x5c: encodeBase64(leaf) },
  }),
  wrong("three certificates", "x5c is not 1 to 2 certificates", {
    header: { x5c: x5c(leaf, anchor.der, anchor.der) },
  }),
  wrong("a certificate in base64url", "a certificate is not base64", {
    header: { x5c: [encodeBase64Url(Uint8Array.of(0xfb, 0xff, ...leaf))] },
  }),
  wrong("a certificate with a space", "a certificate is not base64", {
    header: { x5c: [`${encodeBase64(leaf)} `] },
  }),
  wrong("a certificate of 4,099 bytes", "a certificate is not text of a sensible length", {
    header: { x5c: x5c(new Uint8Array(4099)) },
  }),
  wrong("a certificate that is no DER", "read DER", {
    header: { x5c: x5c(new TextEncoder().encode("not a certificate")) },
  }),
  wrong("the server's certificate as a member's", "verify the certificate of a member", {
    header: { x5c: x5c(server.chain[0]!) },
    key: serverKeys,
  }),
  wrong("the CA's certificate as a member's", "it is a CA's", {
    header: { x5c: x5c(anchor.der) },
  }),
  wrong("a certificate of another CA", "it was issued by", {
    header: { x5c: x5c(otherCa.alice) },
  }),
  wrong(
    "a certificate of another CA, with that CA's",
    "it does not end in the CA that is trusted",
    {
      header: { x5c: x5c(otherCa.alice, otherCa.der) },
    },
  ),
  wrong("a certificate of another CA of the same name", "it was not signed by the CA", {
    header: { x5c: x5c(sameNameCa) },
  }),
  wrong("a self-signed certificate", "it was issued by", {
    header: { x5c: x5c(selfSignedAlice) },
  }),
  wrong("an expired certificate", "expired on", {
    header: { x5c: x5c(aliceCertificate(expired)) },
  }),
  wrong("a certificate that is not valid yet", "valid only from", {
    header: { x5c: x5c(aliceCertificate(notYet)) },
  }),
  wrong("another's certificate", "verify a signature: it is not by the expected key", {
    key: bobKeys,
  }),
  wrong("a request with a broken signature", "it is not signed by its own key", {
    ...applicant,
    payload: { csr: encodeBase64Url(brokenCsr) },
  }),
  wrong("another's request", "verify a signature: it is not by the expected key", {
    ...applicant,
    key: bobKeys,
  }),
  wrong("a request that is no DER", "open a first message", {
    ...applicant,
    payload: { csr: "AAAA" },
  }),
  wrong("a request that is no base64url", "the certificate request is not base64url", {
    ...applicant,
    payload: { csr: `${csr}=` },
  }),
  ...badSessionKeys(sessionKeys.alice.jwk).map(({ what, enc, reason }) =>
    wrong(what, reason, { payload: { enc } })
  ),
];
