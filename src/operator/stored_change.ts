/**
 * Decodes a row of account changes. Every value has to be spelled as this program writes it.
 */
import { isAccountName } from "../account_name.ts";
import { type ChangeKind, changeKinds, type RecordedChange } from "../ledger/account_change.ts";
import type { StoredChange, StoredValue } from "../ledger/snapshot.ts";
import { wrongValue } from "./stored_entry.ts";
import { decodeInstant } from "./stored_instant.ts";

/** @returns the change, or a sentence about the first wrong column */
export function decodeChange(row: StoredChange): RecordedChange | string {
  const { number, kind, username, certificate, code_digest, statement_jws, at, hash } = row;
  if (!Number.isSafeInteger(number)) return wrongValue("number", number);
  if (!isKind(kind)) return wrongValue("kind", kind);
  if (!isAccountName(username)) return wrongValue("username", username);
  if (certificate !== null && !isDigest(certificate)) return wrongValue("certificate", certificate);
  if (code_digest !== null && !isDigest(code_digest)) return wrongValue("code_digest", code_digest);
  if (typeof statement_jws !== "string") return wrongValue("statement_jws", statement_jws);
  const atMs = decodeInstant(at);
  if (atMs === undefined) return wrongValue("at", at);
  if (!isDigest(hash)) return wrongValue("hash", hash);
  return {
    number: number as number,
    kind,
    name: username,
    ...(certificate !== null && { certificate }),
    ...(code_digest !== null && { codeDigest: code_digest }),
    statementJws: statement_jws,
    atMs,
    hash,
  };
}

function isKind(value: StoredValue): value is ChangeKind {
  return (changeKinds as readonly StoredValue[]).includes(value);
}

function isDigest(value: StoredValue): value is string {
  return typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
}
