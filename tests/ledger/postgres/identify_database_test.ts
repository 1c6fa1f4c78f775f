import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { FileError, LedgerError } from "../../../src/errors.ts";
import {
  createSchema,
  identifyDatabase,
  openingError,
  openSession,
} from "../../../src/ledger/postgres/identify_database.ts";
import { postgresSchema } from "../../../src/ledger/postgres/schema.ts";
import { arrayText } from "../../../src/ledger/postgres/session.ts";
import { testWith } from "../../installed_tool.ts";
import { ledgerId } from "../ledger_samples.ts";
import { accessTo, nameOf, sharedPostgres } from "./temporary_postgres.ts";

const options = { answerMsMax: 10_000 };

testWith(
  ["initdb"],
  "several processes make the schema of one database at once, and one of them does",
  async () => {
    const url = (await sharedPostgres()).makeDatabase();
    const sessions = await Promise.all(
      Array.from({ length: 4 }, () => openSession(accessTo(url), options)),
    );
    const ids = sessions.map((session) => createSchema(session, ledgerId, "cannot open"));
    assertEquals(await Promise.all(ids), Array(4).fill(ledgerId));
    for (const session of sessions) await session.close();
  },
);

testWith(
  ["initdb"],
  "a database that does not confirm the tables in time is reported with what it may wait for",
  async () => {
    const url = (await sharedPostgres()).makeDatabase();
    const [first, second] = await Promise.all([
      openSession(accessTo(url), options),
      openSession(accessTo(url), { answerMsMax: 200 }),
    ]);
    await first.query("BEGIN");
    // The second one waits until this transaction ends.
    await first.query(postgresSchema(ledgerId)[0]!);
    const { message } = await assertRejects(
      () => createSchema(second, ledgerId, "open"),
      FileError,
    );
    assertEquals(
      message,
      "open: the database did not confirm its tables: the server was silent for 200 ms; if " +
        "synchronous_standby_names is set, start the standby or empty that setting, and try again",
    );
    await first.close();
  },
);

testWith(
  ["initdb"],
  "a session returns integers without loss, arrays, bytes and nulls",
  async () => {
    const url = (await sharedPostgres()).makeDatabase();
    const session = await openSession(accessTo(url), options);
    const [row] = await session.query(
      "SELECT $1::bigint AS safe, 9007199254740993 AS large, $2::text[] AS texts, $3::bytea AS bytes, $4::text AS none",
      [9007199254740991, arrayText(['a"b\\c', null, "{,}"]), Uint8Array.of(0, 255), null],
    );
    const { bytes, ...others } = row!;
    assertEquals(Uint8Array.from(bytes as Uint8Array), Uint8Array.of(0, 255));
    assertEquals(others, {
      safe: 9007199254740991,
      large: 9007199254740993n,
      texts: '{"a\\"b\\\\c",NULL,"{,}"}',
      none: null,
    });
    await session.close();
  },
);

testWith(
  ["initdb"],
  "an engine that sorts by bytes gets the same schema without collations",
  async () => {
    const postgres = await sharedPostgres();
    const url = postgres.makeDatabase();
    // CockroachDB has this setting.
    postgres.psql(
      nameOf(url),
      `CREATE FUNCTION public.current_setting(name text, missing_ok boolean) RETURNS text
        LANGUAGE sql AS $$ SELECT CASE name WHEN 'crdb_version' THEN 'CockroachDB'
          ELSE pg_catalog.current_setting(name, missing_ok) END $$`,
    );
    postgres.psql("postgres", `ALTER DATABASE ${nameOf(url)} SET search_path = public, pg_catalog`);
    const session = await openSession(accessTo(url), options);
    assertEquals(await createSchema(session, ledgerId, "cannot open"), ledgerId);
    const collated = "SELECT attrelid::regclass::text FROM pg_attribute JOIN pg_class " +
      "ON pg_class.oid = attrelid WHERE relnamespace = 'public'::regnamespace " +
      "AND attcollation = 'pg_catalog.\"C\"'::regcollation";
    assertEquals(await session.query(collated), []);
    await session.close();
    assertEquals(
      postgresSchema(ledgerId, { sortsByBytes: true }),
      postgresSchema(ledgerId).map((statement) => statement.replaceAll(' COLLATE "C"', "")),
    );
  },
);

testWith(["initdb"], "a database of another program is refused", async () => {
  const postgres = await sharedPostgres();
  const url = postgres.makeDatabase();
  postgres.psql(nameOf(url), "CREATE TABLE shop (id int)");
  const session = await openSession(accessTo(url), options);
  await assertRejects(
    () => identifyDatabase(session, "cannot open it"),
    LedgerError,
    "cannot open it: it is a database of another program",
  );
  await session.close();
});

testWith(["initdb"], "a database whose commits are not written through is refused", async () => {
  const postgres = await sharedPostgres();
  const url = postgres.makeDatabase();
  const set = `ALTER DATABASE ${nameOf(url)} SET synchronous_commit`;
  postgres.psql("postgres", `${set} = off`);
  await assertRejects(
    () => openSession(accessTo(url), options),
    LedgerError,
    "synchronous_commit is off",
  );
  postgres.psql("postgres", `${set} = local`);
  await (await openSession(accessTo(url), options)).close();
});

testWith(["initdb"], "each failed opening is one line that says what to do", async () => {
  const url = (await sharedPostgres()).makeDatabase();
  const table = [
    [url.replace(nameOf(url), "missing"), "make it with createdb"],
    [url.replace(/:\d+\//, ":1/"), "is it running there?"],
    [`${url}?sslmode=verify-full`, "its server has no TLS; turn it on there"],
  ] as const;
  for (const [wrong, reason] of table) {
    const access = accessTo(wrong);
    const error = await assertRejects(() => openSession(access, options));
    const { message } = openingError(access, error);
    assertStringIncludes(message, reason);
    assertStringIncludes(message, `cannot open the ledger ${wrong}: `);
    assertEquals(message.split("\n").length, 1);
  }
});

Deno.test("a database that refuses a connection is reported with TLS only if the URL has none", () => {
  const refused = Object.assign(new Error("no pg_hba.conf entry"), { code: "28000" });
  const reasonIn = (parameters: string) => {
    const access = accessTo(`postgres://micropay@localhost/ledger${parameters}`);
    return openingError(access, refused).message.split("ledger" + parameters + ": ")[1];
  };
  const reason = "no pg_hba.conf entry (SQLSTATE 28000); check the ";
  assertEquals(
    reasonIn(""),
    `${reason}server's pg_hba.conf, whose hostssl lines demand sslmode=verify-full in the URL`,
  );
  assertEquals(
    reasonIn("?sslmode=verify-full"),
    `${reason}URL's user and database, and the server's pg_hba.conf`,
  );
});
