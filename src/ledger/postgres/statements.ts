/**
 * The statements of the PostgreSQL ledger. Each reads or writes many rows at once, by arrays.
 *
 * docs/scaling.md compares what is in them with the documents of CockroachDB and YugabyteDB.
 */
import {
  relayedBacklogMax,
  relayedKeptMsMax,
  relayedReadAtOnce,
  serverAbsenceMsMax,
} from "../../limits.ts";
import { issuingAccount } from "../entry.ts";
import { certificateColumns, changeColumns, entryColumns, presenceColumns } from "../rows.ts";

/** Selects the columns of a table, with hashes as hexadecimal digits. */
function selectionOf(columns: string, table: string): string {
  return columns.split(", ").map((column) =>
    column === "subtrees" || column === "order_digest"
      ? `encode(${table}.${column}, 'hex') AS ${column}`
      : `${table}.${column}`
  ).join(", ");
}

const entrySelection = `${selectionOf(entryColumns, "entry")},
  (SELECT der FROM certificate WHERE fingerprint = entry.certificate) AS der`;
const changeSelection = selectionOf(changeColumns, "account_change");
const invitationSelection =
  "number, token_digest, username, balance, uses_max, uses, expires_at, created_at, revoked_at";

/** The last account change of each client. */
const lastChange = `LEFT JOIN LATERAL (
    SELECT kind, certificate FROM account_change
    WHERE username = client.username ORDER BY number DESC LIMIT 1) AS change ON true`;

/** Each half of a history uses its own index and stops at the limit. */
const half = (column: "payer" | "payee", onward: string) =>
  `(SELECT ${entrySelection} FROM entry WHERE ${column} = $1 AND ${onward} LIMIT $3)`;
const backward = "number < $2 ORDER BY number DESC";
const forward = "number > $2 ORDER BY number";

/** Whether a server was seen a short time ago. */
export const isServerPresent = `(seen_at
    BETWEEN now() - interval '${serverAbsenceMsMax} milliseconds'
    AND now() + interval '${serverAbsenceMsMax} milliseconds')`;

/** What is set of a client that goes offline. */
const offline = `ip = NULL, public_port = NULL, private_port = NULL, server = NULL,
    asked_to_leave = 0, online_status = 0`;

/** Returns an insert that takes an array for each column. Bytes come as hexadecimal digits. */
export function insertMany(table: string, columns: Readonly<Record<string, string>>): string {
  const names = Object.keys(columns);
  const arrays = Object.values(columns).map((type, at) =>
    `$${at + 1}::${type === "bytea" ? "text" : type}[]`
  );
  const values = names.map((name) => columns[name] === "bytea" ? `decode(${name}, 'hex')` : name);
  return `INSERT INTO ${table} (${names.join(", ")}) SELECT ${values.join(", ")}
    FROM unnest(${arrays.join(", ")}) AS added (${names.join(", ")})`;
}

export const sql = {
  // Reads of a batch.
  head: `SELECT number, encode(subtrees, 'hex') AS subtrees, void_number FROM head
    WHERE id = 1 FOR UPDATE`,
  servers: `SELECT id FROM server WHERE id = ANY($1::text[])`,
  batch: `SELECT batch FROM writer WHERE id = $1`,
  entries: `SELECT ${entrySelection} FROM entry WHERE id = ANY($1::text[])`,
  roots: `SELECT number, encode(subtrees, 'hex') AS subtrees FROM entry
      WHERE number = ANY($1::bigint[])
    UNION ALL SELECT number, encode(subtrees, 'hex') AS subtrees FROM account_change
      WHERE number = ANY($1::bigint[])`,
  sides: `SELECT client.username, client.balance, client.online_status,
      client.server, client.asked_to_leave,
      change.kind, change.certificate,
      (SELECT string_agg(fingerprint, ' ') FROM certificate
        WHERE username = client.username) AS fingerprints
    FROM client ${lastChange} WHERE client.username = ANY($1::text[])`,
  certificates: `SELECT ${certificateColumns} FROM certificate WHERE username = ANY($1::text[])`,
  known: `SELECT fingerprint FROM certificate WHERE fingerprint = ANY($1::text[])`,
  lastChanges: `SELECT DISTINCT ON (username) ${changeSelection} FROM account_change
    WHERE username = ANY($1::text[]) ORDER BY username, number DESC`,
  traces: `SELECT name FROM unnest($1::text[]) AS asked (name)
    WHERE EXISTS (SELECT 1 FROM entry WHERE payer = name)
      OR EXISTS (SELECT 1 FROM entry WHERE payee = name)
      OR EXISTS (SELECT 1 FROM account_change WHERE username = name)
      OR EXISTS (SELECT 1 FROM certificate WHERE username = name)`,
  refunded: `SELECT refunds, sum(amount)::bigint AS sum FROM entry
    WHERE refunds = ANY($1::text[]) GROUP BY refunds`,
  voided: `SELECT order_digest, payer, code, expires_at FROM voided_order
    WHERE order_digest = ANY($1::text[])`,
  floors: `SELECT payer, expires_at FROM void_floor WHERE payer = ANY($1::text[])`,
  voidingCounts: `SELECT payer, count(*) AS count FROM voided_order
    WHERE payer = ANY($1::text[]) GROUP BY payer`,
  // A batch forgets at most one void order for each that it adds.
  firstVoidings: `SELECT first.* FROM unnest($1::text[]) AS asked (name)
    CROSS JOIN LATERAL (SELECT order_digest, payer, code, expires_at FROM voided_order
      WHERE payer = name ORDER BY expires_at LIMIT $2) AS first`,
  invitationsBy: `SELECT ${invitationSelection} FROM invitation
    WHERE token_digest = ANY($1::text[]) OR number = ANY($2::bigint[])`,
  counts: `SELECT
      (SELECT count(*) FROM client WHERE username <> '${issuingAccount}') AS accounts,
      (SELECT coalesce(max(place), 0) FROM certificate) AS place,
      (SELECT coalesce(max(number), 0) FROM invitation) AS invitation`,
  lastStatement: `SELECT statement_jws FROM account_change ORDER BY number DESC LIMIT 1`,

  // Writes of a batch.
  addClients: insertMany("client", { username: "text" }),
  addCertificates: insertMany("certificate", {
    place: "bigint",
    fingerprint: "text",
    username: "text",
    key_fingerprint: "text",
    der: "bytea",
    issued_at: "text",
  }),
  addEntries: insertMany("entry", {
    number: "bigint",
    id: "text",
    kind: "text",
    payer: "text",
    payee: "text",
    amount: "bigint",
    memo: "text",
    order_digest: "bytea",
    at: "text",
    payer_balance: "bigint",
    payee_balance: "bigint",
    subtrees: "bytea",
    refunds: "text",
    request: "text",
    iat: "bigint",
    exp: "bigint",
    signature: "bytea",
    certificate: "text",
  }),
  addChanges: insertMany("account_change", {
    number: "bigint",
    kind: "text",
    username: "text",
    certificate: "text",
    code_digest: "text",
    statement_jws: "text",
    at: "text",
    subtrees: "bytea",
  }),
  setBalances: `UPDATE client SET balance = changed.balance
    FROM unnest($1::text[], $2::bigint[]) AS changed (username, balance)
    WHERE client.username = changed.username`,
  setPresences: `UPDATE client SET ip = changed.ip, public_port = changed.public_port,
      private_port = changed.private_port, online_status = changed.online_status,
      server = changed.server, asked_to_leave = 0
    FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[])
      AS changed (username, ip, public_port, private_port, online_status, server)
    WHERE client.username = changed.username`,
  setLeaves: `UPDATE client SET asked_to_leave = changed.asked_to_leave
    FROM unnest($1::text[], $2::bigint[]) AS changed (username, asked_to_leave)
    WHERE client.username = changed.username`,
  attend: `INSERT INTO server (id, seen_at) SELECT id, now() FROM unnest($1::text[]) AS added (id)
    ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at`,
  // A server that was seen in the future is absent, too: somebody set the database's clock back.
  forgetAbsentServers: `DELETE FROM server WHERE NOT ${isServerPresent}`,
  forgetRelayed: `DELETE FROM relayed_message
    WHERE sent_at < now() - interval '${relayedKeptMsMax} milliseconds'
      OR server NOT IN (SELECT id FROM server)`,
  takeAbsentOffline: `UPDATE client SET ${offline}
    WHERE online_status = 1 AND server NOT IN (SELECT id FROM server)`,
  forgetVoidingsOf: `DELETE FROM voided_order WHERE payer = ANY($1::text[])`,
  forgetVoidings: `DELETE FROM voided_order WHERE order_digest = ANY($1::text[])`,
  addVoidings: insertMany("voided_order", {
    order_digest: "text",
    payer: "text",
    code: "bigint",
    expires_at: "text",
    voided_at: "text",
    number: "bigint",
  }),
  setFloors: `${
    insertMany("void_floor", { payer: "text", expires_at: "text" })
  } ON CONFLICT (payer) DO UPDATE SET expires_at = excluded.expires_at`,
  addInvitations: insertMany("invitation", {
    number: "bigint",
    token_digest: "text",
    username: "text",
    balance: "bigint",
    uses_max: "bigint",
    expires_at: "text",
    created_at: "text",
  }),
  setInvitations: `UPDATE invitation SET uses = changed.uses, revoked_at = changed.revoked_at
    FROM unnest($1::bigint[], $2::bigint[], $3::text[]) AS changed (number, uses, revoked_at)
    WHERE invitation.number = changed.number`,
  setHead: `UPDATE head SET number = $1, subtrees = decode($2, 'hex'), void_number = $3
    WHERE id = 1`,
  setBatch: `INSERT INTO writer (id, batch, started_at) VALUES ($1, $2, now())
    ON CONFLICT (id) DO UPDATE SET batch = excluded.batch`,

  confirmBatch: `UPDATE writer SET batch = batch WHERE id = $1`,

  // The end of a process.
  leave: `UPDATE client SET ${offline}
    WHERE online_status = 1 AND server = ANY($1::text[])`,
  forgetRelayedFor: `DELETE FROM relayed_message WHERE server = ANY($1::text[])`,
  forgetServers: `DELETE FROM server WHERE id = ANY($1::text[])`,
  forgetWriter: `DELETE FROM writer WHERE id = $1`,

  // Relayed messages. They wait for no batch, and a repeated statement changes nothing.
  commitAtOnce: `SELECT set_config('synchronous_commit', 'off', true)
    WHERE current_setting('synchronous_commit', true) IS NOT NULL`,
  sendRelayed: `INSERT INTO relayed_message
      (server, connection, number, sender, payer, payee, data, is_end, sent_at)
    SELECT $1::text, $2::text, $3::bigint, $4::text, $5::text, $6::text, $7::text, 0, now()
    WHERE (SELECT count(*) FROM relayed_message WHERE server = $1::text) < ${relayedBacklogMax}
    ON CONFLICT (server, connection) DO UPDATE SET sent_at = excluded.sent_at
      WHERE relayed_message.number = excluded.number
    RETURNING number`,
  endRelayed: `INSERT INTO relayed_message (server, connection, number, sender, is_end, sent_at)
    VALUES ($1, $2, $3, $4, 1, now())
    ON CONFLICT (server, connection) DO UPDATE SET is_end = 1`,
  receiveRelayed: `SELECT server, connection, number, sender, payer, payee, data, is_end
    FROM relayed_message WHERE server = $1 AND connection <> ALL($2::text[])
    ORDER BY sent_at LIMIT ${relayedReadAtOnce}`,
  removeRelayed: `DELETE FROM relayed_message
    WHERE server = $1 AND connection = $2 AND number = $3 AND is_end = $4`,

  // Reads beside the batches.
  certificateBy: `SELECT ${certificateColumns} FROM certificate WHERE fingerprint = $1`,
  account:
    `SELECT client.balance, certificate.fingerprint, certificate.key_fingerprint, certificate.der,
      certificate.issued_at, ${
      changeColumns.split(", ").map((column) =>
        column === "subtrees"
          ? "encode(full_change.subtrees, 'hex') AS change_subtrees"
          : `full_change.${column} AS change_${column}`
      ).join(", ")
    }
    FROM client LEFT JOIN certificate ON certificate.username = client.username
    LEFT JOIN LATERAL (SELECT * FROM account_change
      WHERE username = client.username ORDER BY number DESC LIMIT 1) AS full_change ON true
    WHERE client.username = $1`,
  presence: `SELECT ${presenceColumns}, asked_to_leave FROM client
    WHERE username = $1 AND online_status = 1`,
  leaveRequests: `SELECT username FROM client WHERE server = $1 AND asked_to_leave = 1`,
  online: `SELECT ${presenceColumns} FROM client
    WHERE online_status = 1 AND username > $1 ORDER BY username LIMIT $2`,
  onlineCount: `SELECT count(*) AS count FROM client WHERE online_status = 1`,
  historyBefore: `${half("payer", backward)} UNION ALL ${half("payee", backward)}
    ORDER BY number DESC LIMIT $3`,
  historyAfter: `${half("payer", forward)} UNION ALL ${half("payee", forward)}
    ORDER BY number LIMIT $3`,
  lastNumber: `SELECT greatest(
      (SELECT coalesce(max(number), 0) FROM entry),
      (SELECT coalesce(max(number), 0) FROM account_change)) AS number`,
  totals: `SELECT
      (SELECT count(*) FROM client WHERE username <> '${issuingAccount}') AS accounts,
      (SELECT count(*) FROM entry) AS entries,
      (SELECT sum(balance)::bigint FROM client) AS sum,
      number, encode(subtrees, 'hex') AS subtrees FROM head WHERE id = 1`,
  // One statement, so that no row is appended between two reads.
  numbering: `SELECT greatest(entries.last, changes.last) AS last,
      entries.count + changes.count AS count,
      least(entries.first, changes.first) AS first
    FROM (SELECT count(*) AS count, coalesce(max(number), 0) AS last,
        coalesce(min(number), 1) AS first FROM entry) AS entries
    CROSS JOIN (SELECT count(*) AS count, coalesce(max(number), 0) AS last,
        coalesce(min(number), 1) AS first FROM account_change) AS changes`,
  missingNumber: `SELECT taken.number + 1 AS number
    FROM (SELECT 0 AS number UNION ALL SELECT number FROM entry
      UNION ALL SELECT number FROM account_change) AS taken
    WHERE NOT EXISTS (SELECT 1 FROM entry WHERE entry.number = taken.number + 1)
      AND NOT EXISTS (
        SELECT 1 FROM account_change WHERE account_change.number = taken.number + 1)
    ORDER BY taken.number LIMIT 1`,
  changesAfter: `SELECT ${changeSelection} FROM account_change
    WHERE number > $1 ORDER BY number LIMIT $2`,
  invitationsAfter: `SELECT ${invitationSelection} FROM invitation
    WHERE number > $1 ORDER BY number LIMIT $2`,
  invitation: `SELECT ${invitationSelection} FROM invitation WHERE token_digest = $1`,
  revision: `SELECT coalesce(max(number), 0) AS revision FROM account_change`,

  // What other processes decide. The notification's text is the id of the process that decided.
  place: `SELECT number, void_number FROM head WHERE id = 1`,
  entriesAfter: `SELECT number, id, kind, payer, payee FROM entry
    WHERE number > $1 ORDER BY number LIMIT $2`,
  voidedAfter: `SELECT number, order_digest, payer, code FROM voided_order
    WHERE number > $1 ORDER BY number LIMIT $2`,
  listen: `LISTEN micropay_decision`,
  notify: `SELECT pg_notify('micropay_decision', $1)`,
} as const;
