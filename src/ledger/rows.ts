/**
 * Converts rows of a store to the ledger's values and back. Decoding is strict, because a person
 * with `sqlite3` or `psql` can write anything.
 */
import type { AccountName } from "../account_name.ts";
import { LedgerError } from "../errors.ts";
import type { RecordedChange } from "./account_change.ts";
import type { CertificateRecord, Entry } from "./entry.ts";
import type { Invitation } from "./invitation.ts";
import type { FoundPresence, Presence } from "./ledger.ts";
import type { Placed } from "./posting.ts";
import type { StoredChange, StoredEntry, StoredValue } from "./snapshot.ts";
import { decodeChange, type DecodedEntry, decodeEntry } from "./stored_rows.ts";

/** A row by column name. Hashes are hexadecimal digits. */
export type Row = Record<string, StoredValue>;

/** The columns of the table `entry`. */
export const entryColumns =
  "number, id, kind, payer, payee, amount, memo, order_digest, at, payer_balance, payee_balance, subtrees, refunds, request, iat, exp, signature, certificate";

/** The columns of the table `account_change`. */
export const changeColumns =
  "number, kind, username, certificate, code_digest, statement_jws, at, subtrees";

/** The columns of a {@link CertificateRecord}. */
export const certificateColumns = "fingerprint, username, key_fingerprint, der, issued_at";

/** The columns of a {@link Presence}. */
export const presenceColumns = "username, ip, public_port, private_port, server";

/**
 * Returns the entry of a row.
 *
 * @throws {LedgerError} when a column holds what this program never writes
 */
export function entryFromRow(row: Row): DecodedEntry {
  return requireDecoded(row, decodeEntry(row as unknown as StoredEntry));
}

/** Returns an entry's values in the order of {@link entryColumns}. */
export function rowFromEntry({ row: entry, subtrees }: Placed<Entry>): StoredValue[] {
  return [
    entry.number,
    entry.id,
    entry.kind,
    entry.payer,
    entry.payee,
    entry.amount,
    entry.memo ?? null,
    entry.orderDigest,
    timeText(entry.atMs),
    entry.payerBalance,
    entry.payeeBalance,
    subtrees.join(""),
    entry.refunds ?? null,
    entry.request ?? null,
    entry.iat,
    entry.exp,
    entry.signature,
    entry.certificate.fingerprint,
  ];
}

/** @throws {LedgerError} as {@link entryFromRow} */
export function changeFromRow(row: Row): RecordedChange {
  const { subtrees, ...change } = requireDecoded(row, decodeChange(row as unknown as StoredChange));
  return { ...change, leaf: subtrees.slice(0, 64) };
}

/** Returns a change's values in the order of {@link changeColumns}, like an entry's. */
export function rowFromChange({ row: change, subtrees }: Placed<RecordedChange>): StoredValue[] {
  return [
    change.number,
    change.kind,
    change.name,
    change.certificate ?? null,
    change.codeDigest ?? null,
    change.statementJws,
    timeText(change.atMs),
    subtrees.join(""),
  ];
}

/** @throws {LedgerError} as {@link entryFromRow} */
export function presenceFromRow(row: Row): Presence {
  return {
    name: textIn(row, "username") as AccountName,
    host: textIn(row, "ip"),
    publicPort: integerIn(row, "public_port"),
    privatePort: integerIn(row, "private_port"),
    server: textIn(row, "server"),
  };
}

/**
 * Returns the presence of a row with the column `asked_to_leave`, and the request to leave.
 *
 * @throws {LedgerError} when a value has a wrong type
 */
export function foundPresenceFromRow(row: Row): FoundPresence {
  const leave = ([undefined, "asked", "considered"] as const)[integerIn(row, "asked_to_leave")];
  return { ...presenceFromRow(row), ...(leave && { leave }) };
}

/** @throws {LedgerError} as {@link entryFromRow} */
export function certificateFromRow(row: Row): CertificateRecord {
  return {
    fingerprint: textIn(row, "fingerprint"),
    keyFingerprint: textIn(row, "key_fingerprint"),
    der: bytesIn(row, "der"),
    issuedAtMs: timeIn(row, "issued_at"),
  };
}

/** Returns a time as ISO 8601 in UTC with milliseconds, readable for a person at a prompt. */
export function timeText(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

/** @throws {LedgerError} as {@link entryFromRow} */
export function textIn(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== "string") throw damagedError(column);
  return value;
}

/** @throws {LedgerError} as {@link entryFromRow} */
export function integerIn(row: Row, column: string): number {
  const value = row[column];
  if (!Number.isSafeInteger(value)) throw damagedError(column);
  return value as number;
}

/** @throws {LedgerError} as {@link entryFromRow} */
export function timeIn(row: Row, column: string): number {
  const timeMs = Date.parse(textIn(row, column));
  if (Number.isNaN(timeMs)) throw damagedError(column);
  return timeMs;
}

function requireDecoded<Decoded extends object>(row: Row, decoded: Decoded | string): Decoded {
  if (typeof decoded !== "string") return decoded;
  throw new LedgerError(`cannot read the ledger: row ${row.number}: ${decoded}; audit it`);
}

function bytesIn(row: Row, column: string): Uint8Array<ArrayBuffer> {
  const value = row[column];
  if (!(value instanceof Uint8Array)) throw damagedError(column);
  return new Uint8Array(value);
}

function damagedError(column: string): LedgerError {
  return new LedgerError(
    `cannot read the ledger: the column ${column} holds what does not belong there`,
  );
}

/** @throws {LedgerError} as {@link entryFromRow} */
export function invitationFromRow(row: Row): Invitation {
  const optional = <T>(column: string, read: (row: Row, column: string) => T) =>
    row[column] === null ? undefined : read(row, column);
  const name = optional("username", textIn) as AccountName | undefined;
  const balance = optional("balance", integerIn);
  const revokedAtMs = optional("revoked_at", timeIn);
  return {
    number: integerIn(row, "number"),
    tokenDigest: textIn(row, "token_digest"),
    ...(name !== undefined && { name }),
    ...(balance !== undefined && { balance }),
    usesMax: integerIn(row, "uses_max"),
    uses: integerIn(row, "uses"),
    expiresAtMs: timeIn(row, "expires_at"),
    createdAtMs: timeIn(row, "created_at"),
    ...(revokedAtMs !== undefined && { revokedAtMs }),
  };
}
