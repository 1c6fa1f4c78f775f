/**
 * Makes certificates, above all wrong ones. What can be said with the templates of the program is made with them here. What cannot be
 * said with them is made by `der_tree.ts`, which changes DER and signs it again.
 */
import { assertInstanceOf } from "@std/assert";
import type { AccountName } from "../../src/account_name.ts";
import { CertificateError } from "../../src/errors.ts";
import { type VerifiedCertificate, verifyChain } from "../../src/pki/certificate_profile.ts";
import { type Host, parseHost } from "../../src/pki/host.ts";
import { type Party, partyUri, type Role } from "../../src/pki/party.ts";

import { readTrustAnchor, type TrustAnchor } from "../../src/pki/trust_anchor.ts";
import {
  authorityCodec,
  type AuthorityContents,
  leafCodec,
  type LeafContents,
} from "../../src/pki/x509/certificate.ts";
import { encodeDer } from "../../src/pki/x509/der.ts";
import { keyIdentifier } from "../../src/pki/x509/extensions.ts";
import { signStructure } from "../../src/pki/x509/signed_structure.ts";
import { SigningKey } from "../../src/pki/signing_key.ts";

export type Der = Uint8Array<ArrayBuffer>;

/** The moment at which the tests look: 2026-11-23, noon. */
export const atMs = Date.UTC(2026, 10, 23, 12);
export const dayMs = 86_400_000;

export const serial: Der = new Uint8Array(16).fill(0x42);

export function bytes(...values: number[]): Der {
  return Uint8Array.from(values);
}

/** One DER element. */
export const tlv = encodeDer;

export interface TestParty {
  readonly keys: SigningKey;
  readonly publicKeyInfo: Der;
}

export function makeParty(): TestParty {
  const { signingKey: keys } = SigningKey.generate();
  return { keys, publicKeyInfo: keys.publicKey.info };
}

export function memberParty(name: string): Party {
  return { role: "member", name: name as AccountName };
}

export const localHosts: readonly Host[] = ["localhost", "127.0.0.1", "::1"]
  .map((text) => parseHost(text)!);

export type LeafParts = Partial<LeafContents> & { readonly signWith?: SigningKey };
export type AuthorityParts = Partial<AuthorityContents> & { readonly signWith?: SigningKey };

/** Good certificates of one CA, but for what is given. */
export class LeafMaker {
  readonly #contents: LeafContents;
  readonly #caKey: SigningKey;

  private constructor(contents: LeafContents, caKey: SigningKey) {
    this.#contents = contents;
    this.#caKey = caKey;
  }

  static open(
    anchor: TrustAnchor,
    { caKey, publicKeyInfo, party }: { caKey: SigningKey; publicKeyInfo: Der; party: Party },
  ): LeafMaker {
    return new LeafMaker({
      serial,
      issuer: anchor.name,
      authorityKeyIdentifier: keyIdentifier(anchor.publicKey.info),
      notBeforeMs: anchor.notBeforeMs,
      notAfterMs: anchor.notAfterMs,
      publicKeyInfo,
      party,
      hosts: party.role === "server" ? localHosts : [],
    }, caKey);
  }

  make({ signWith = this.#caKey, ...parts }: LeafParts = {}): Der {
    const contents = { ...this.#contents, ...parts };
    return signStructure(contents, { codec: leafCodec, signingKey: signWith });
  }
}

/** Makes a CA's certificate for `root`, but for what is given. */
export function makeRoot(
  { keys, publicKeyInfo }: TestParty,
  { signWith = keys, ...parts }: AuthorityParts = {},
): Der {
  const contents = {
    serial,
    name: "micropay CA 00000000",
    notBeforeMs: atMs - 2 * dayMs,
    notAfterMs: atMs + 10 * dayMs,
    publicKeyInfo,
    ...parts,
  };
  return signStructure(contents, { codec: authorityCodec, signingKey: signWith });
}

/** A CA with what is needed to issue in its name. */
export class TestAuthority {
  private constructor(
    readonly anchor: TrustAnchor,
    readonly root: TestParty,
    readonly leaf: TestParty,
    readonly members: LeafMaker,
    readonly servers: LeafMaker,
  ) {}

  static make(parts: AuthorityParts = {}): TestAuthority {
    const [root, leaf] = [makeParty(), makeParty()];
    const anchor = readTrustAnchor(makeRoot(root, parts), { atMs });
    const common = { caKey: root.keys, publicKeyInfo: leaf.publicKeyInfo };
    return new TestAuthority(
      anchor,
      root,
      leaf,
      LeafMaker.open(anchor, { ...common, party: memberParty("alice") }),
      LeafMaker.open(anchor, { ...common, party: { role: "server" } }),
    );
  }

  /** A good member's certificate, from a day before to a day after, but for what is given. */
  member(parts: LeafParts = {}): Der {
    const dates = { notBeforeMs: atMs - dayMs, notAfterMs: atMs + dayMs };
    return this.members.make({ ...dates, ...parts });
  }

  /** A good server's certificate, from a day before to a day after, but for what is given. */
  server(parts: LeafParts = {}): Der {
    const dates = { notBeforeMs: atMs - dayMs, notAfterMs: atMs + dayMs };
    return this.servers.make({ ...dates, ...parts });
  }

  verify(
    chain: readonly Der[],
    role: Role = "member",
    at: number = atMs,
  ): VerifiedCertificate {
    return verifyChain(chain, { anchor: this.anchor, role, atMs: at });
  }

  /** The error with which a chain is refused; fails when it is accepted, or refused with any other class of error. */
  refusal(chain: readonly Der[], role: Role = "member"): CertificateError {
    let verified;
    try {
      verified = this.verify(chain, role);
    } catch (error) {
      assertInstanceOf(error, CertificateError);
      return error;
    }
    throw new Error(`accepted as ${partyUri(verified.party)}`);
  }
}
