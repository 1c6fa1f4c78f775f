/**
 * Account changes: a certificate is revoked or replaced, or an account is closed.
 *
 * The server signs a statement of each change. Changes share their numbers and their Merkle tree
 * with the entries, and are append-only too. They alone determine the state of an account.
 */
import { createHash } from "node:crypto";
import type { AccountName } from "../account_name.ts";
import { hashLeaf } from "./merkle_tree.ts";

/**
 * The kinds of changes. After a `revocation` the account has no certificate until a one-time code
 * brings a new one. A `reissue` gives it a certificate. After a `closure` nobody can act for it.
 */
export const changeKinds = ["revocation", "reissue", "closure"] as const;
export type ChangeKind = (typeof changeKinds)[number];

/** A change that is ready to be recorded. The ledger does not verify its signature. */
export interface AccountChange {
  readonly kind: ChangeKind;
  readonly name: AccountName;
  /**
   * SHA-256 fingerprint, 64 hex digits: the revoked certificate, absent when the account has none,
   * or the new one of a reissue. A closure has none.
   */
  readonly certificate?: string;
  /** The SHA-256 of the one-time code, 64 hex digits. Only a revocation has one. */
  readonly codeDigest?: string;
  /**
   * {@link statementDigest} of the ledger's previous change, or the ledger's identifier for the
   * first.
   */
  readonly previous: string;
  /** The signed statement, a compact JWS. */
  readonly statementJws: string;
  readonly atMs: number;
}

/** A recorded change. Its statement contains `previous`. */
export interface RecordedChange extends Omit<AccountChange, "previous"> {
  readonly number: number;
  /** Its leaf in the Merkle tree of the ledger, 64 hex digits: see {@link changeLeaf}. */
  readonly leaf: string;
}

/** The format's name is part of the hashed text, so that no entry passes as a change. */
const changeFormat = "micropay-account-change-2";

/**
 * Returns the leaf of a change: the leaf hash of the JSON array `["micropay-account-change-2",
 * number, kind, username, certificate or null, code_digest or null, statement_jws, at]`, encoded
 * like an entry.
 *
 * @returns 64 hex digits
 */
export function changeLeaf(change: Omit<RecordedChange, "leaf">): string {
  return hashLeaf(JSON.stringify([
    changeFormat,
    change.number,
    change.kind,
    change.name,
    change.certificate ?? null,
    change.codeDigest ?? null,
    change.statementJws,
    new Date(change.atMs).toISOString(),
  ]));
}

/** Returns the SHA-256 of a statement's compact JWS, 64 hex digits. */
export function statementDigest(statementJws: string): string {
  return createHash("sha256").update(statementJws, "utf8").digest("hex");
}
