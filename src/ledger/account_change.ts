/**
 * A change of what an account is: its certificate is revoked, it gets a new one, or it is closed.
 *
 * The server's identity signs a statement of each change. Changes share their numbers and their chain with the entries, and
 * are never changed or removed either. What an account is follows from them alone.
 */
import { createHash } from "node:crypto";
import type { AccountName } from "../account_name.ts";

/**
 * `revocation`: the account has no certificate until a one-time code brings it another. `reissue`: it has this one now.
 * `closure`: nobody acts as it any more.
 */
export const changeKinds = ["revocation", "reissue", "closure"] as const;
export type ChangeKind = (typeof changeKinds)[number];

/** A change that is ready to be recorded. Its signature is not the ledger's business. */
export interface AccountChange {
  readonly kind: ChangeKind;
  readonly name: AccountName;
  /**
   * SHA-256 fingerprint, 64 hexadecimal digits. Of a revocation: the certificate that is revoked, absent when the account has
   * none. Of a reissue: the new certificate. A closure has none.
   */
  readonly certificate?: string;
  /** Of a revocation, and only of one: SHA-256 of the one-time code, 64 hexadecimal digits. */
  readonly codeDigest?: string;
  /** {@link statementDigest} of the ledger's change before this one; the ledger's identifier before the first. */
  readonly previous: string;
  /** The signed statement: a compact JWS. */
  readonly statementJws: string;
  readonly atMs: number;
}

/** A change in its place. The statement says what came before, so the row has no need to. */
export interface RecordedChange extends Omit<AccountChange, "previous"> {
  readonly number: number;
  /** The ledger's head after this change: 64 hexadecimal digits. */
  readonly hash: string;
}

/** A recorded change with the head that it has to follow from. */
export interface LinkedChange {
  readonly change: RecordedChange;
  /** The head before it; absent when the row before it is missing. */
  readonly headBefore?: string;
}

/** The format's name is part of what is hashed, so that no entry can pass as a change. */
const changeFormat = "micropay-account-change-1";

/**
 * SHA-256 over a change's canonical encoding: the JSON array `["micropay-account-change-1", number, kind, username,
 * certificate or null, code_digest or null, statement_jws, at]`, written as that of an entry is.
 *
 * @returns 32 bytes
 */
export function changeDigest(change: Omit<RecordedChange, "hash">): Uint8Array {
  const canonical = JSON.stringify([
    changeFormat,
    change.number,
    change.kind,
    change.name,
    change.certificate ?? null,
    change.codeDigest ?? null,
    change.statementJws,
    new Date(change.atMs).toISOString(),
  ]);
  // A plain array, as for an entry.
  return new Uint8Array(createHash("sha256").update(canonical, "utf8").digest());
}

/** SHA-256 over a statement's compact JWS: 64 hexadecimal digits. */
export function statementDigest(statementJws: string): string {
  return createHash("sha256").update(statementJws, "utf8").digest("hex");
}
