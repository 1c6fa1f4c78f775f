/**
 * The shapes of the files in this folder.
 */
import type { JsonObject } from "../../src/strict_json.ts";

export interface PartyVector {
  readonly uri: string;
  /** PKCS#8, PEM. */
  readonly privateKey: string;
  /** PEM. */
  readonly certificate: string;
}

export interface IdentitiesFile {
  /** Seconds since the epoch: the moment at which everything in this folder is valid. */
  readonly at: number;
  readonly ca: {
    readonly fingerprint: string;
    readonly privateKey: string;
    readonly certificate: string;
  };
  readonly server: PartyVector;
  readonly alice: PartyVector;
  readonly bob: PartyVector;
  /** Has no certificate yet. `request` is a PKCS#10 request, DER in base64url. */
  readonly carol: { readonly uri: string; readonly privateKey: string; readonly request: string };
}

export interface SessionKeyVector {
  readonly kid: string;
  readonly bits: number;
  /** With the private half; what is announced is `kty`, `alg`, `use`, `n`, `e`. */
  readonly jwk: JsonWebKey & { readonly n: string };
}

/** Of the server, alice, bob and carol. */
export type SessionKeysFile = Readonly<Record<VectorParty, SessionKeyVector>>;

export type VectorParty = "server" | "alice" | "bob" | "carol";

/** Something signed in clear: the same key and payload give the same text. */
export interface DocumentVector {
  readonly what: string;
  readonly typ: "micropay-greeting" | "micropay-order" | "micropay-receipt";
  readonly signer: "server" | "alice" | "bob";
  /** Which certificates are in `x5c`: the leaf, or the leaf and the CA's. */
  readonly x5c: "leaf" | "leaf and CA";
  readonly payload: JsonObject;
  readonly jws: string;
}

export interface MessageVector {
  readonly what: string;
  readonly from: VectorParty;
  readonly to: VectorParty;
  /** Whether it is the connecting side's first, which introduces its sender. */
  readonly first: boolean;
  readonly payload: JsonObject;
  /** What the line opens to: signing the payload again gives the same. */
  readonly jws: string;
  readonly line: string;
}

export interface RefusedVector {
  readonly what: string;
  /** Read as the connecting side's first message, as a later one (both to the server, from alice), or as a greeting. */
  readonly as: "first" | "next" | "server greeting" | "member greeting";
  /** What the address has to be, for messages. */
  readonly conn?: string;
  readonly seq?: number;
  readonly reason: string;
  readonly line: string;
}

export interface LedgerFile {
  /** The identifier of the ledger, the head of the empty chain. */
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
    readonly orderJws: string;
    readonly at: string;
    readonly canonical: string;
    readonly digest: string;
    readonly head: string;
  }[];
}
