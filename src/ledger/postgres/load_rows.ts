/** Copies the rows that a batch may read, while the log's head is locked. */
import { LedgerError } from "../../errors.ts";
import { batchOperationsMax } from "../../limits.ts";
import { type ChangeKind, statementDigest } from "../account_change.ts";
import { subtreeCount } from "../merkle_tree.ts";
import {
  certificateFromRow,
  changeFromRow,
  entryFromRow,
  integerIn,
  invitationFromRow,
  textIn,
  timeIn,
} from "../rows.ts";
import { namedAnswers } from "./answers.ts";
import type { MergedKeys } from "./batch_keys.ts";
import { BatchRows, type Side, type VoidCopy } from "./batch_rows.ts";
import { arrayText, type Parameter, type Row, type Session } from "./session.ts";
import { placeIn } from "./shared_decisions.ts";
import { sql } from "./statements.ts";
import { headsAfter } from "./tree_nodes.ts";

/** A process that writes, and its ledger. */
export interface LedgerWriter {
  /** The id of this process among those that write. */
  readonly writer: string;
  readonly ledgerId: string;
}

/**
 * Begins a transaction, locks the log's head, and copies the rows with these keys.
 *
 * @returns the rows, and the number of the last batch of this process that was committed
 */
export async function loadRows(
  session: Session,
  keys: MergedKeys,
  { writer, ledgerId }: LedgerWriter,
): Promise<{ readonly rows: BatchRows; readonly batch: number }> {
  const answers = await askForRows(session, keys, writer);
  const [head, batch, statement] = [answers.head[0], answers.batch[0], answers.lastStatement[0]];
  const rows = new BatchRows(headIn(head));
  copyEntries(rows, keys, answers);
  copyAccounts(rows, keys, answers);
  copyVoidings(rows, keys, answers);
  copyInvitations(rows, keys, answers);
  for (const row of answers.servers) rows.servers.add(textIn(row, "id"));
  rows.lastStatement = statement === undefined
    ? ledgerId
    : statementDigest(textIn(statement, "statement_jws"));
  const entries = [...rows.entries.values()];
  const heads = await headsAfter(session, entries.map(({ number }) => number));
  entries.forEach(({ id }, at) => rows.heads.set(id, heads[at]!));
  return { rows, batch: batch === undefined ? 0 : integerIn(batch, "batch") };
}

type Answers = Awaited<ReturnType<typeof askForRows>>;

/** Sends all statements at once. Those after the second run when the head is locked. */
function askForRows(session: Session, keys: MergedKeys, writer: string) {
  const ask = (statement: string, ...parameters: Parameter[]) =>
    session.query(statement, parameters);
  const askIf = (isNeeded: boolean, statement: string, ...parameters: Parameter[]) =>
    isNeeded ? ask(statement, ...parameters) : Promise.resolve([]);
  const askFor = (statement: string, values: readonly (string | number)[]) =>
    askIf(values.length > 0, statement, arrayText(values));
  const { accounts, voiders, invitations, invitationNumbers } = keys;
  return namedAnswers({
    begin: ask("BEGIN"),
    head: ask(sql.head),
    batch: ask(sql.batch, writer),
    entries: askFor(sql.entries, keys.entries),
    refunded: askFor(sql.refunded, keys.refunded),
    voided: askFor(sql.voided, keys.digests),
    floors: askFor(sql.floors, keys.sides),
    sides: askFor(sql.sides, keys.sides),
    certificates: askFor(sql.certificates, accounts),
    lastChanges: askFor(sql.lastChanges, accounts),
    traces: askFor(sql.traces, accounts),
    voidingCounts: askFor(sql.voidingCounts, voiders),
    firstVoidings: askIf(
      voiders.length > 0,
      sql.firstVoidings,
      arrayText(voiders),
      batchOperationsMax,
    ),
    known: askFor(sql.known, keys.certificates),
    invitations: askIf(
      invitations.length + invitationNumbers.length > 0,
      sql.invitationsBy,
      arrayText(invitations),
      arrayText(invitationNumbers),
    ),
    counts: askIf(keys.needsCounts, sql.counts),
    servers: askFor(sql.servers, keys.servers),
    lastStatement: askIf(accounts.length > 0, sql.lastStatement),
  });
}

function headIn(row: Row | undefined) {
  const { number: size, voidNumber } = placeIn(row);
  const subtrees = textIn(row!, "subtrees").match(/.{64}/g) ?? [];
  if (subtrees.length !== subtreeCount(size)) {
    throw new LedgerError("cannot read the ledger: its head is damaged; audit it");
  }
  return { tree: { size, subtrees }, voidNumber };
}

function copyEntries(rows: BatchRows, keys: MergedKeys, answers: Answers): void {
  rows.entries.load(
    keys.entries,
    answers.entries.map((row) => [textIn(row, "id"), entryFromRow(row)]),
  );
  rows.refunded.load(
    keys.refunded,
    answers.refunded.map((row) => [textIn(row, "refunds"), integerIn(row, "sum")]),
  );
}

function copyAccounts(rows: BatchRows, keys: MergedKeys, answers: Answers): void {
  rows.sides.load(keys.sides, answers.sides.map((row) => [textIn(row, "username"), sideIn(row)]));
  rows.presences.load(keys.sides, []);
  rows.leaves.load(
    keys.sides,
    answers.sides.map((row) => [textIn(row, "username"), integerIn(row, "asked_to_leave")]),
  );
  const records = Map.groupBy(answers.certificates, (row) => textIn(row, "username"));
  rows.certificates.load(
    keys.accounts,
    [...records].map(([name, found]) => [name, found.map(certificateFromRow)]),
  );
  rows.lastChanges.load(
    keys.accounts,
    answers.lastChanges.map((row) => [textIn(row, "username"), changeFromRow(row)]),
  );
  for (const row of answers.traces) rows.traces.add(textIn(row, "name"));
  rows.serverCertificates.load(
    keys.certificates,
    answers.known.map((row) => [textIn(row, "fingerprint"), true]),
  );
  const [counts] = answers.counts;
  rows.counts = counts && {
    accounts: integerIn(counts, "accounts"),
    place: integerIn(counts, "place"),
    invitation: integerIn(counts, "invitation"),
  };
}

function copyVoidings(rows: BatchRows, keys: MergedKeys, answers: Answers): void {
  rows.voided.load(
    keys.digests,
    answers.voided.map((row) => [textIn(row, "order_digest"), voidIn(row)]),
  );
  rows.floors.load(
    keys.sides,
    answers.floors.map((row) => [textIn(row, "payer"), timeIn(row, "expires_at")]),
  );
  rows.voidingCounts.load(
    keys.voiders,
    answers.voidingCounts.map((row) => [textIn(row, "payer"), integerIn(row, "count")]),
  );
  for (const [name, found] of Map.groupBy(answers.firstVoidings, (row) => textIn(row, "payer"))) {
    rows.firstVoidings.set(name, found.map(voidIn));
  }
}

function copyInvitations(rows: BatchRows, keys: MergedKeys, answers: Answers): void {
  const found = answers.invitations.map(invitationFromRow);
  rows.invitationsByDigest.load(
    [...keys.invitations, ...found.map(({ tokenDigest }) => tokenDigest)],
    found.map((invitation) => [invitation.tokenDigest, invitation]),
  );
}

function sideIn(row: Row): Side {
  const kind = row.kind === null ? undefined : textIn(row, "kind") as ChangeKind;
  const fingerprints = row.fingerprints === null ? "" : textIn(row, "fingerprints");
  return {
    balance: integerIn(row, "balance"),
    server: integerIn(row, "online_status") === 1 ? textIn(row, "server") : undefined,
    certificates: fingerprints === "" ? [] : fingerprints.split(" "),
    lastChange: kind &&
      { kind, ...(row.certificate !== null && { certificate: textIn(row, "certificate") }) },
  };
}

function voidIn(row: Row): VoidCopy {
  return {
    digest: textIn(row, "order_digest"),
    payer: textIn(row, "payer"),
    code: integerIn(row, "code"),
    expiresAtMs: timeIn(row, "expires_at"),
  };
}
