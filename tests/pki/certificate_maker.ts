/**
 * Makes certificates, most of them invalid. The program's own templates make what they can express.
 * `der_tree.ts` makes the rest: it changes DER and signs it again.
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

/** The current time of the tests: 2026-11-23, noon. */
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

/** Good certificates of one CA, except for the given fields. */
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

/** Makes a CA certificate for `root`, good except for the given fields. */
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

/** A CA with its key, to issue in its name. */
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

  /** A member certificate from yesterday to tomorrow, good except for the given fields. */
  member(parts: LeafParts = {}): Der {
    const dates = { notBeforeMs: atMs - dayMs, notAfterMs: atMs + dayMs };
    return this.members.make({ ...dates, ...parts });
  }

  /** A server certificate from yesterday to tomorrow, good except for the given fields. */
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

  /**
   * Returns the error that refuses a chain. Fails when the chain is accepted or another class is
   * thrown.
   */
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
