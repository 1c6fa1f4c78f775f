/**
 * Certificates and requests with damage before or after signing. The damage before signing is what
 * a careless or hostile CA or applicant would sign.
 *
 * Must hold: damage after signing is refused, unless it changes nothing. Accepted input fits the
 * profile, each field in its only encoding. Every refusal is a `CertificateError`.
 */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { decodeBase64UrlStrict } from "../../src/base64.ts";
import { CertificateError } from "../../src/errors.ts";
import { readCertificateRequest } from "../../src/pki/certificate_request.ts";
import { verifyChain } from "../../src/pki/certificate_profile.ts";
import { readDer } from "../../src/pki/x509/der.ts";
import { encodeName } from "../../src/pki/x509/distinguished_name.ts";
import { ed25519Algorithm } from "../../src/pki/x509/signed_structure.ts";
import { SigningKey } from "../../src/pki/signing_key.ts";
import { carolKeys } from "../envelope/hostile_parties.ts";
import { alice, anchor, atMs, identities, server } from "../envelope/vector_parties.ts";
import { bytes, type Der, tlv } from "../pki/certificate_maker.ts";
import { endOf } from "./before_decryption.ts";
import { type DerMutation, derMutation, mutatedDer } from "./der_mutations.ts";
import type { FuzzTarget } from "./fuzz_rounds.ts";
import { requireMember, requireRequest } from "./strict_profile.ts";

interface Input {
  readonly kind: "member" | "server" | "request";
  /** Whether it is signed after the damage. */
  readonly isSigned: boolean;
  readonly mutations: readonly DerMutation[];
  /** What stands after it in its chain. */
  readonly above: "nothing" | "the CA" | "itself" | "another" | "all";
}

const caKeys = SigningKey.read(identities.ca.privateKey);
const real: Readonly<Record<Input["kind"], Der>> = {
  member: alice.chain[0]!,
  server: server.chain[0]!,
  request: decodeBase64UrlStrict(identities.carol.request)!,
};

export function certificates(): FuzzTarget<Input> {
  return {
    inputs: fc.record({
      kind: fc.constantFrom(
        "member" as const,
        "member" as const,
        "server" as const,
        "request" as const,
      ),
      isSigned: fc.oneof({ weight: 2, arbitrary: fc.constant(true) }, fc.constant(false)),
      mutations: fc.array(derMutation, { minLength: 1, maxLength: 2 }),
      above: fc.oneof(
        { weight: 4, arbitrary: fc.constant("nothing" as const) },
        fc.constantFrom("the CA" as const, "itself" as const, "another" as const, "all" as const),
      ),
    }),
    honest: { kind: "member", isSigned: false, mutations: [], above: "nothing" },
    round,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

function round({ kind, isSigned, mutations, above }: Input): string {
  const [body] = readDer(real[kind]).children;
  const der = isSigned
    ? signed(mutations.reduce(mutatedDer, body!.bytes), kind)
    : mutations.reduce(mutatedDer, real[kind]);
  try {
    if (kind === "request") {
      const { name } = readCertificateRequest(der);
      requireRequest(der, { name });
    } else {
      const { party } = verifyChain(chainOf(der, above), { anchor, role: kind, atMs });
      if (party.role === "member") {
        requireMember(der, { name: party.name, issuer: encodeName(anchor.name) });
      }
    }
  } catch (error) {
    assert(error instanceof CertificateError, `refused with ${error}`);
    return endOf(error);
  }
  if (!isSigned) assertEquals(der, real[kind], "damage after signing is accepted");
  return isSigned ? "accepted, signed anew" : "accepted, unchanged";
}

function chainOf(der: Der, above: Input["above"]): Der[] {
  switch (above) {
    case "nothing":
      return [der];
    case "the CA":
      return [der, anchor.der];
    case "itself":
      return [der, der];
    case "another":
      return [der, real.server];
    case "all":
      return [der, real.server, anchor.der];
  }
}

function signed(body: Der, kind: Input["kind"]): Der {
  const signature = (kind === "request" ? carolKeys : caKeys).sign(body);
  return tlv(0x30, body, ed25519Algorithm, tlv(0x03, bytes(0), signature));
}
