/** Puts the rows of a ledger's file into a PostgreSQL database, for tests of what reads them. */
import { DatabaseSync } from "node:sqlite";
import { createSchema, openSession } from "../../../src/ledger/postgres/identify_database.ts";
import type { Parameter } from "../../../src/ledger/postgres/session.ts";
import { accessTo } from "./temporary_postgres.ts";

const entryColumns =
  "number, id, kind, payer, payee, amount, memo, order_digest, at, payer_balance, payee_balance, subtrees, refunds, request, iat, exp, signature, certificate";

/** In the order of foreign keys. Rows of the log come by their numbers. */
const tables = {
  client: "username, balance, online_status",
  certificate: "place, fingerprint, username, key_fingerprint, der, issued_at",
  account_change: "number, kind, username, certificate, code_digest, statement_jws, at, subtrees",
  entry: entryColumns,
};

/** Makes a ledger in an empty database, with the rows of a file. */
export async function copyToPostgres(
  { file, ledgerId, url }: {
    readonly file: string;
    readonly ledgerId: string;
    readonly url: string;
  },
): Promise<void> {
  const session = await openSession(accessTo(url), { answerMsMax: 30_000 });
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    await createSchema(session, ledgerId, "copy a ledger");
    await session.run(
      "BEGIN",
      "SET LOCAL session_replication_role = replica",
      "DELETE FROM client",
    );
    for (const [table, columns] of Object.entries(tables)) {
      const places = columns.split(", ").map((_, index) => `$${index + 1}`).join(", ");
      const selection = columns.replace("place,", "rowid AS place,");
      for (const row of database.prepare(`SELECT ${selection} FROM ${table}`).all()) {
        const values = Object.values(row) as Parameter[];
        await session.query(`INSERT INTO ${table} (${columns}) VALUES (${places})`, values);
      }
    }
    await session.commit();
  } finally {
    database.close();
    await session.close();
  }
}
