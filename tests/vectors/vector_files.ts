/**
 * The files in this folder, and their types.
 */
import type { JsonObject } from "../../src/strict_json.ts";

/** @param name of the file, without `.json` */
export async function readVectors<File>(name: string): Promise<File> {
  return JSON.parse(await Deno.readTextFile(new URL(`./${name}.json`, import.meta.url)));
}

export interface PartyVector {
  readonly uri: string;
  /** PKCS#8, PEM. */
  readonly privateKey: string;
  /** PEM. */
  readonly certificate: string;
}

export interface IdentitiesFile {
  /** The time in seconds since the epoch at which everything in this folder is valid. */
  readonly at: number;
  readonly ca: {
    readonly fingerprint: string;
    readonly privateKey: string;
    readonly certificate: string;
  };
  readonly server: PartyVector;
  readonly alice: PartyVector;
  readonly bob: PartyVector;
  /** Has no certificate yet. `request` is a PKCS#10 request: DER in base64url. */
  readonly carol: { readonly uri: string; readonly privateKey: string; readonly request: string };
}

export interface SessionKeyVector {
  readonly kid: string;
  readonly bits: number;
  /** Includes the private half. The announced members are `kty`, `alg`, `use`, `n` and `e`. */
  readonly jwk: JsonWebKey & { readonly n: string };
}

/** The keys of the server, alice, bob and carol. */
export type SessionKeysFile = Readonly<Record<VectorParty, SessionKeyVector>>;

export type VectorParty = "server" | "alice" | "bob" | "carol";

/** A document in clear. The same key and payload give the same text. */
export interface DocumentVector {
  readonly what: string;
  readonly typ: "micropay-greeting" | "micropay-order" | "micropay-request" | "micropay-receipt";
  readonly signer: "server" | "alice" | "bob";
  /** The certificates in `x5c`: the leaf, or the leaf and the CA's. */
  readonly x5c: "leaf" | "leaf and CA";
  readonly payload: JsonObject;
  readonly jws: string;
}

export interface MessageVector {
  readonly what: string;
  readonly from: VectorParty;
  readonly to: VectorParty;
  /** Whether it is the connecting side's first message, which introduces its sender. */
  readonly first: boolean;
  readonly payload: JsonObject;
  /** The JWS inside the line. Signing the payload again gives the same text. */
  readonly jws: string;
  readonly line: string;
}

export interface RefusedVector {
  readonly what: string;
  /** Read as the first message from alice to the server, as a later one, or as a greeting. */
  readonly as: "first" | "next" | "server greeting" | "member greeting";
  /** The expected place, for messages. */
  readonly conn?: string;
  readonly seq?: number;
  readonly reason: string;
  readonly line: string;
}

export interface TreeFile {
  /** Roots of trees whose leaf at index n is the hash of the text of n in decimal digits. */
  readonly roots: readonly { readonly size: number; readonly root: string }[];
  readonly inclusion: readonly {
    readonly index: number;
    readonly size: number;
    readonly proof: readonly string[];
  }[];
  readonly consistency: readonly {
    readonly from: number;
    readonly to: number;
    readonly proof: readonly string[];
  }[];
}

export interface LedgerFile {
  /** The ledger's identifier. */
  readonly ledger: string;
  readonly entries: readonly {
    readonly number: number;
    readonly id: string;
    readonly kind: string;
    readonly payer: string;
    readonly payee: string;
    readonly amount: number;
    readonly memo?: string;
    readonly refunds?: string;
    readonly order: string;
    readonly orderDigest: string;
    readonly at: string;
    readonly canonical: string;
    readonly leaf: string;
    readonly head: string;
  }[];
}

/** Order ids that accounts derived. */
export interface OrderIdsFile {
  readonly derived: readonly {
    /** The account's name. */
    readonly account: string;
    readonly purpose: string;
    readonly content: string;
    readonly id: string;
  }[];
}

/** Join lines, and what they say. */
export interface JoinLinesFile {
  readonly joinLines: readonly {
    readonly what: string;
    readonly uri: string;
    readonly fingerprint: string;
    readonly servers: readonly { readonly host: string; readonly port: number }[];
    readonly token?: string;
  }[];
}
