/** Stores what a batch wrote, with a few statements for all rows of a kind. */
import { encodeHex } from "@std/encoding/hex";
import { rowFromChange, rowFromEntry, timeText } from "../rows.ts";
import { allAnswers } from "./answers.ts";
import type { BatchRows, NewRow } from "./batch_rows.ts";
import { arrayText, type Parameter, type Session } from "./session.ts";
import { sql } from "./statements.ts";

export interface StoredBatch {
  readonly writer: string;
  readonly batch: number;
  /** Whether the database passes notifications on. */
  readonly notifies: boolean;
}

/** Stores everything that a batch wrote, and commits. All of it is sent at once. */
export async function storeRows(
  session: Session,
  rows: BatchRows,
  { writer, batch, notifies }: StoredBatch,
): Promise<void> {
  const isDecision = rows.newRows.length + rows.newVoidings.size > 0;
  const statements = [
    ...accountStatements(rows),
    ...presenceStatements(rows),
    ...voidingStatements(rows),
    ...invitationStatements(rows),
    [sql.setHead, rows.tree.size, rows.tree.subtrees.join(""), rows.voidNumber] as const,
    [sql.setBatch, writer, batch] as const,
    ...(notifies && isDecision ? [[sql.notify, writer] as const] : []),
  ];
  const answers = statements.map(([text, ...parameters]) => session.query(text, parameters));
  await allAnswers<unknown>([...answers, session.commit()]);
}

/** A statement with its parameters. */
type Statement = readonly [text: string, ...parameters: Parameter[]];

type Value = string | number | null;

/** Returns the statement that takes rows as an array for each column, or none without rows. */
function forRows(text: string, rows: readonly (readonly Value[])[]): Statement[] {
  if (rows.length === 0) return [];
  const columns = rows[0]!.map((_, column) => arrayText(rows.map((row) => row[column]!)));
  return [[text, ...columns]];
}

/** New accounts come before the rows of the log, which name them. */
function accountStatements(rows: BatchRows): Statement[] {
  const place = rows.counts?.place ?? 0;
  return [
    ...forRows(sql.addClients, rows.newNames.map((name) => [name])),
    ...forRows(
      sql.addCertificates,
      rows.newCertificates.map(({ name, record }, at) => [
        place + 1 + at,
        record.fingerprint,
        name,
        record.keyFingerprint,
        encodeHex(record.der),
        timeText(record.issuedAtMs),
      ]),
    ),
    ...runsOf(rows.newRows).flatMap((run) => {
      const text = run[0]!.entry === undefined ? sql.addChanges : sql.addEntries;
      return forRows(text, run.map(valuesOf));
    }),
    ...forRows(
      sql.setBalances,
      rows.sides.changed().map(([name, side]) => [name, side!.balance]),
    ),
  ];
}

function presenceStatements(rows: BatchRows): Statement[] {
  return [
    ...forRows(
      sql.setPresences,
      rows.presences.changed().map(([name, presence]) =>
        presence
          ? [name, presence.host, presence.publicPort, presence.privatePort, 1, presence.server]
          : [name, null, null, null, 0, null]
      ),
    ),
    ...forRows(sql.setLeaves, rows.leaves.changed().map(([name, leave]) => [name, leave!])),
    ...(rows.attending.length === 0 ? [] : [
      [sql.attend, arrayText([...new Set(rows.attending)])] as const,
      [sql.forgetAbsentServers] as const,
      [sql.takeAbsentOffline] as const,
      [sql.forgetRelayed] as const,
    ]),
  ];
}

function voidingStatements(rows: BatchRows): Statement[] {
  return [
    ...forRows(sql.forgetVoidingsOf, [...rows.emptied].map((name) => [name])),
    ...forRows(sql.forgetVoidings, [...rows.forgotten].map((digest) => [digest])),
    ...forRows(
      sql.addVoidings,
      [...rows.newVoidings.values()].map(({ digest, payer, code, expiresAtMs, atMs, number }) => [
        digest,
        payer,
        code,
        timeText(expiresAtMs),
        timeText(atMs),
        number,
      ]),
    ),
    ...forRows(sql.setFloors, rows.floors.changed().map(([payer, ms]) => [payer, timeText(ms!)])),
  ];
}

function invitationStatements(rows: BatchRows): Statement[] {
  return [
    ...forRows(
      sql.addInvitations,
      rows.newInvitations.map((one) => [
        one.number,
        one.tokenDigest,
        one.name ?? null,
        one.balance ?? null,
        one.usesMax,
        timeText(one.expiresAtMs),
        timeText(one.createdAtMs),
      ]),
    ),
    ...forRows(
      sql.setInvitations,
      rows.invitationsByDigest.changed().map(([, one]) => [
        one!.number,
        one!.uses,
        one!.revokedAtMs === undefined ? null : timeText(one!.revokedAtMs),
      ]),
    ),
  ];
}

/** Splits rows into runs of one table, because their numbers go up across both. */
function runsOf(rows: readonly NewRow[]): NewRow[][] {
  const runs: NewRow[][] = [];
  for (const row of rows) {
    const last = runs.at(-1);
    const isSame = last !== undefined &&
      (last[0]!.entry === undefined) === (row.entry === undefined);
    if (isSame) last.push(row);
    else runs.push([row]);
  }
  return runs;
}

function valuesOf({ entry, change }: NewRow): Value[] {
  const values = entry === undefined ? rowFromChange(change) : rowFromEntry(entry);
  return values.map((value) => value instanceof Uint8Array ? encodeHex(value) : value as Value);
}
