/**
 * `ledger copy` keeps every row of a ledger, and makes nothing that a server could use before its
 * audit.
 */
import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { type ProcessIo, systemProcessIo } from "../../../src/cli/process_io.ts";
import { run } from "../../../src/cli/run.ts";
import { LedgerError } from "../../../src/errors.ts";
import type { Ledger, Voiding } from "../../../src/ledger/ledger.ts";
import { isDatabaseUrl } from "../../../src/ledger/postgres/database_url.ts";
import { openPostgresLedger } from "../../../src/ledger/postgres/open_postgres_ledger.ts";
import { openPostgresSnapshot } from "../../../src/ledger/postgres/postgres_snapshot.ts";
import type { LedgerTable } from "../../../src/ledger/row_copy.ts";
import { openSqliteLedger } from "../../../src/ledger/sqlite/open_sqlite_ledger.ts";
import { signReceipt } from "../../../src/protocol/receipt.ts";
import { systemRandom } from "../../../src/random.ts";
import { testWith } from "../../installed_tool.ts";
import { payment } from "../../ledger/ledger_samples.ts";
import {
  accessTo,
  nameOf,
  sharedPostgres,
  type TemporaryPostgres,
} from "../../ledger/postgres/temporary_postgres.ts";
import { DatabaseProxy } from "../../ledger/postgres/database_proxy.ts";
import { waitUntil } from "../../server/wait_until.ts";
import { type Books, named, openBooks } from "../../operator/books.ts";

const [codeDigest, tokenDigest] = ["c0".repeat(32), "d0".repeat(32)];

/** Makes rows of every kind, and as many payments as several statements of a copy insert. */
async function openFullBooks({ payments = 5 } = {}): Promise<Books> {
  const books = await openBooks();
  const { ledger, clock } = books;
  for (const name of ["alice", "bob", "carol", "dora"]) await books.register(name, 5000);
  const { id } = await books.move(["alice", "bob"], 300, { memo: 'a "quoted" {memo}, é\\ 🙂' });
  await books.move(["bob", "alice"], 100, { refunds: id });
  await books.move(["@issuer", "carol"], 500, { kind: "deposit" });
  await books.revoke("alice", codeDigest);
  await books.reissue("alice", codeDigest);
  await books.revoke("carol", codeDigest);
  await books.closeAccount("dora");
  await Promise.all(Array.from({ length: payments }, () => books.move(["alice", "bob"], 1)));
  const expiresAtMs = clock.nowMs() + 60_000;
  for (const [at, payer] of [named("alice"), named("bob"), named("alice")].entries()) {
    await ledger.voidOrder(voidingOf(books, `a${at}`.repeat(32), { payer, expiresAtMs }));
  }
  const invitation = { usesMax: 3, expiresAtMs, createdAtMs: clock.nowMs() };
  await ledger.invite({ ...invitation, tokenDigest, balance: 7 });
  await ledger.invite({ ...invitation, tokenDigest: "d1".repeat(32), name: named("erin") });
  await ledger.revokeInvitation(2, { atMs: clock.nowMs() });
  await ledger.close();
  books.tamper("INSERT INTO void_floor VALUES ('alice', '2026-01-01T00:00:00.000Z')");
  return books;
}

function voidingOf(
  { members }: Books,
  digest: string,
  { payer, expiresAtMs }: Pick<Voiding, "payer" | "expiresAtMs">,
): Voiding {
  const id = "01930000-0000-7000-8000-000000000000";
  const { certificate: { fingerprint: certificate } } = members.get(payer)!;
  return { id, digest, payer, certificate, expiresAtMs, code: 260, atMs: 0 };
}

interface Ended {
  readonly code: number;
  readonly out: string[];
  readonly errors: string[];
}

/** Runs a ledger command of the books in this process. */
async function ledgerCommand(
  { folder }: Books,
  args: readonly string[],
  processIo: Partial<ProcessIo> = {},
): Promise<Ended> {
  const [out, errors]: [string[], string[]] = [[], []];
  const code = await run(["ledger", ...args, "--certs", `${folder}/certs`], {
    ...systemProcessIo,
    print: (line) => out.push(line),
    say: (line) => errors.push(line),
    ...processIo,
  });
  return { code, out, errors };
}

/** Copies a ledger, and returns the lines of the audit of the copy. */
async function copied(books: Books, from: string, to: string): Promise<string[]> {
  const { code, out, errors } = await ledgerCommand(books, ["copy", "--from", from, "--to", to]);
  assertEquals([code, out.at(-1)], [0, to], errors.join());
  const advice =
    `If the copy replaces ${from}, rename that database now, so that no server writes it`;
  assertEquals(errors, isDatabaseUrl(from) ? [`${advice} any more`] : []);
  return out.slice(0, -1).filter((line) => !line.startsWith("rate "));
}

/** Runs a copy that has to fail without a result, and returns what it says. */
async function refused(books: Books, from: string, to: string): Promise<string> {
  const { code, out, errors } = await ledgerCommand(books, ["copy", "--from", from, "--to", to]);
  assertEquals([code, out, errors.length], [1, [], 1]);
  return errors[0]!;
}

const tables: readonly LedgerTable[] = [
  "client",
  "certificate",
  "entry",
  "account_change",
  "voided_order",
  "void_floor",
  "invitation",
];

/** Returns all rows of a file, with their places. */
function rowsOf(file: string) {
  using database = new DatabaseSync(file, { readOnly: true });
  return Object.fromEntries(tables.map((table) => {
    const place = table === "client" ? "" : ", rowid AS place";
    const rows = database.prepare(`SELECT *${place} FROM ${table}`).all();
    return [table, rows.map((row) => ({ ...row }))];
  }));
}

/** Returns whether a database has no table and no function of its own. */
function isEmpty(postgres: TemporaryPostgres, url: string): boolean {
  const count = postgres.psql(
    nameOf(url),
    `SELECT (SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace)
      + (SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace)`,
  );
  return count === "0";
}

async function openDatabase({ anchor }: Books, url: string, { serve = false } = {}) {
  const ledgerId = anchor.fingerprint;
  return await openPostgresLedger({ access: accessTo(url), ledgerId, random: systemRandom, serve });
}

testWith(
  ["initdb"],
  "a ledger with rows of every kind is the same after its copy to PostgreSQL, to another database and back",
  async () => {
    // More than one statement of a copy, and several pages of the source.
    await using books = await openFullBooks({ payments: 1100 });
    const postgres = await sharedPostgres();
    const [first, second] = [postgres.makeDatabase(), postgres.makeDatabase()];
    const [back, copy] = [`${books.folder}/back.db`, `${books.folder}/copy.db`];
    const before = rowsOf(books.file);
    for (const table of tables) assertEquals(before[table]!.length > 0, true, table);

    const audited = await copied(books, books.file, first);
    assertMatch(audited.at(-1)!, /^All correct/);
    for (const [from, to] of [[first, second], [second, back], [back, copy]] as const) {
      assertEquals(await copied(books, from, to), audited, `${from} ${to}`);
    }
    assertEquals([rowsOf(back), rowsOf(copy)], [before, before]);
    assertEquals(Deno.statSync(back).mode! & 0o777, 0o600);

    // The receipt that a member kept is the one that any store makes from its rows.
    const entry = before.entry!.find(({ memo }) => memo !== null)!;
    const receiptIn = async (ledger: Ledger) => {
      try {
        return signReceipt((await ledger.entry(String(entry.id)))!, books.certificates).text;
      } finally {
        await ledger.close();
      }
    };
    const ledgerId = books.anchor.fingerprint;
    const kept = await receiptIn(await openSqliteLedger({ file: books.file, ledgerId }));
    assertEquals(await receiptIn(await openDatabase(books, second)), kept);
    assertEquals(await receiptIn(await openSqliteLedger({ file: back, ledgerId })), kept);
  },
);

testWith(
  ["initdb"],
  "a copied ledger goes on with the next numbers, codes and invitations",
  async () => {
    await using books = await openFullBooks();
    const url = (await sharedPostgres()).makeDatabase();
    await copied(books, books.file, url);
    const ledger = await openDatabase(books, url, { serve: true });
    try {
      assertEquals(await ledger.missingNumber(), undefined);
      const last = await ledger.lastNumber();
      const alice = (await ledger.account(named("alice")))!;
      const order = payment([named("alice"), named("bob")], 1);
      const outcome = await ledger.book({ ...order, certificate: alice.certificate! });
      assertEquals(outcome.outcome === "booked" && outcome.entry.number, last + 1);
      assertEquals((await ledger.account(named("carol")))?.lastChange?.codeDigest, codeDigest);
      assertEquals((await ledger.invitation(tokenDigest))?.balance, 7);
      const invitation = await ledger.invite({
        tokenDigest: "d2".repeat(32),
        usesMax: 1,
        expiresAtMs: 1,
        createdAtMs: 0,
      });
      assertEquals(invitation.number, 3);
      const voiding = voidingOf(books, "af".repeat(32), { payer: named("bob"), expiresAtMs: 1 });
      assertEquals((await ledger.voidOrder(voiding)).outcome, "voided");
    } finally {
      await ledger.close();
    }
  },
);

testWith(
  ["initdb"],
  "a copy is refused where something is, and where the source is used",
  async () => {
    await using books = await openFullBooks();
    const postgres = await sharedPostgres();
    const [filled, empty] = [postgres.makeDatabase(), postgres.makeDatabase()];
    const file = await Deno.realPath(books.file);
    await copied(books, file, filled);
    const nowhere = `${books.folder}/none.db`;

    assertStringIncludes(
      await refused(books, file, filled),
      "the database has a ledger already; make an empty one with createdb",
    );
    assertStringIncludes(await refused(books, filled, file), "there is a file of that name");
    assertStringIncludes(await refused(books, file, file), "there is a file of that name");
    const foreign = postgres.makeDatabase();
    postgres.psql(nameOf(foreign), "CREATE TABLE notes (text text)");
    assertStringIncludes(await refused(books, file, foreign), "a database of another program");
    assertStringIncludes(await refused(books, empty, nowhere), "is empty");

    const ledgerId = books.anchor.fingerprint;
    const served = await openSqliteLedger({ file, ledgerId });
    assertEquals(
      await refused(books, file, empty),
      `micropay: cannot copy the ledger ${file} to ${empty}: another server is using it; stop that one first`,
    );
    await served.close();
    const shared = await openDatabase(books, filled, { serve: true });
    await shared.attend("a server");
    const uses =
      "a server uses it; stop all its servers first, and wait 10 seconds for one that was";
    assertStringIncludes(await refused(books, filled, nowhere), uses);
    // A server that is frozen keeps its connections.
    const connected =
      "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE '% decisions'";
    shared.follow(() => Promise.resolve());
    await waitUntil(() => postgres.psql(nameOf(filled), connected) === "1");
    postgres.psql(nameOf(filled), "DELETE FROM server");
    assertStringIncludes(
      await refused(books, filled, nowhere),
      "a server that gives no sign of life is connected to it, and would write it later",
    );
    await shared.close();
    await copied(books, filled, nowhere);

    await using others = await openBooks();
    await others.ledger.close();
    assertStringIncludes(await refused(others, file, empty), "it belongs to the CA");
    assertEquals(isEmpty(postgres, empty), true);
  },
);

testWith(["initdb"], "a backup is restored into an empty database as it is copied", async () => {
  await using books = await openFullBooks();
  const postgres = await sharedPostgres();
  const [url, backup] = [postgres.makeDatabase(), `${books.folder}/backup.db`];
  await ledgerCommand(books, ["backup", backup, "--db", books.file]);
  const restore = ["restore", backup, "--db", url];
  const { code, out } = await ledgerCommand(books, restore);
  assertEquals([code, out.at(-1)], [0, url]);
  const names = Array.from(Deno.readDirSync(books.folder), ({ name }) => name);
  assertEquals(names.filter((name) => name.startsWith("backup.db")), ["backup.db"]);
  const again = await ledgerCommand(books, restore);
  assertEquals([again.code, again.out], [1, []]);
  assertStringIncludes(again.errors[0]!, "the database has a ledger already");
});

testWith(
  ["initdb"],
  "a copy whose last statement is not answered has an unknown outcome, and ledger create says whether it is finished",
  async () => {
    await using books = await openFullBooks();
    const postgres = await sharedPostgres();
    await using proxy = new DatabaseProxy(postgres.port);
    const to = `postgres://micropay@127.0.0.1:${proxy.port}/${nameOf(postgres.makeDatabase())}`;
    proxy.cutAt("unfinished = 0", { isPassed: false });
    const copy = await ledgerCommand(books, ["copy", "--from", books.file, "--to", to]);
    assertEquals([copy.code, copy.errors.length], [6, 1]);
    const next = `run micropay ledger create --db ${to}: it says whether the copy is finished`;
    assertStringIncludes(copy.errors[0]!, next);
    const create = await ledgerCommand(books, ["create", "--db", to]);
    assertEquals([create.code, create.out], [1, []]);
    assertStringIncludes(create.errors[0]!, "it has a copy of a ledger that was not finished");
  },
);

testWith(
  ["initdb"],
  "a copy that fails its audit, is interrupted, or is of changing rows leaves nothing",
  async () => {
    await using books = await openFullBooks();
    const postgres = await sharedPostgres();
    const [good, to] = [postgres.makeDatabase(), postgres.makeDatabase()];
    const file = `${books.folder}/copy.db`;
    await copied(books, books.file, good);
    const nothingIn = () => {
      assertEquals(isEmpty(postgres, to), true);
      const names = Array.from(Deno.readDirSync(books.folder), ({ name }) => name);
      assertEquals(names.filter((name) => /^copy\.db$|^new-ledger/.test(name)), []);
    };
    // A signal that comes when the copy begins to listen.
    const onSignal = (listener: () => void) => (listener(), () => {});
    for (const target of [to, file]) {
      const copy = ["copy", "--from", good, "--to", target];
      const interrupted = await ledgerCommand(books, copy, { onSignal });
      assertEquals([interrupted.code, interrupted.out], [1, []]);
      assertStringIncludes(interrupted.errors[0]!, "copy the ledger: interrupted");
      nothingIn();
      // A registration that comes after the copy's moment.
      const register = (line: string) => {
        if (!line.startsWith("All correct")) return;
        postgres.psql(nameOf(good), "UPDATE invitation SET uses = uses + 1 WHERE number = 1");
      };
      const changing = await ledgerCommand(books, copy, { print: register });
      assertEquals(changing.code, 1);
      assertStringIncludes(changing.errors[0]!, "somebody wrote the ledger meanwhile");
      nothingIn();
    }
    // A new account without money has no entry.
    const open = (line: string) => {
      if (!line.startsWith("All correct")) return;
      postgres.psql(
        nameOf(good),
        `INSERT INTO certificate SELECT place + 1, 'new', username, 'new', der, issued_at
          FROM certificate ORDER BY place DESC LIMIT 1`,
      );
    };
    const opened = await ledgerCommand(books, ["copy", "--from", good, "--to", to], {
      print: open,
    });
    assertEquals(opened.code, 1);
    assertStringIncludes(opened.errors[0]!, "somebody wrote the ledger meanwhile");
    nothingIn();
    books.tamper("UPDATE client SET balance = balance + 1 WHERE username = 'bob'");
    for (const target of [to, file]) {
      const { code, out } = await ledgerCommand(books, [
        "copy",
        "--from",
        books.file,
        "--to",
        target,
      ]);
      assertEquals(code, 1);
      assertStringIncludes(out[0]!, "The ledger is wrong: bob has");
      nothingIn();
    }
  },
);

testWith(
  ["initdb"],
  "a text that PostgreSQL cannot keep is refused, and leaves nothing",
  async () => {
    await using books = await openFullBooks();
    const postgres = await sharedPostgres();
    const url = postgres.makeDatabase();
    books.tamper("UPDATE invitation SET username = 'e' || char(0) WHERE number = 2");
    assertStringIncludes(
      await refused(books, books.file, url),
      "a row of its table invitation breaks the rules of a ledger (a text has a NUL)",
    );
    assertEquals(isEmpty(postgres, url), true);
  },
);

testWith(
  ["initdb"],
  "a copy that was killed in the middle is used by no server and no command",
  async () => {
    await using books = await openFullBooks();
    const postgres = await sharedPostgres();
    const url = postgres.makeDatabase();
    const name = nameOf(url);
    // The copy waits here when all rows are there, and can be killed.
    postgres.psql(
      name,
      `CREATE SCHEMA tests;
      CREATE FUNCTION tests.wait() RETURNS event_trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_sleep(600); END $$;
      CREATE EVENT TRIGGER wait ON ddl_command_start WHEN TAG IN ('CREATE INDEX')
        EXECUTE FUNCTION tests.wait()`,
    );
    const main = new URL("../../../main.ts", import.meta.url).pathname;
    const options = ["--from", books.file, "--to", url, "--certs", `${books.folder}/certs`];
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--allow-all", "--quiet", main, "ledger", "copy", ...options],
      stdout: "null",
      stderr: "null",
    }).spawn();
    const waiting = `FROM pg_stat_activity WHERE datname = '${name}' AND wait_event = 'PgSleep'`;
    while (postgres.psql("postgres", `SELECT count(*) ${waiting}`) === "0") {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    child.kill("SIGKILL");
    await child.status;
    postgres.psql("postgres", `SELECT pg_terminate_backend(pid) ${waiting}`);
    assertEquals(Number(postgres.psql(name, "SELECT count(*) FROM entry")) > 0, true);

    const says =
      "it has a copy of a ledger that was not finished; empty it with dropdb and createdb";
    for (const serve of [true, false]) {
      await assertRejects(() => openDatabase(books, url, { serve }), LedgerError, says);
    }
    assertStringIncludes(await refused(books, books.file, url), says);
    assertStringIncludes(await refused(books, url, `${books.folder}/copy.db`), says);
    postgres.psql("postgres", `DROP DATABASE ${name}`);
    postgres.psql("postgres", `CREATE DATABASE ${name}`);
    await copied(books, books.file, url);
    await using snapshot = await openPostgresSnapshot(accessTo(url));
    assertEquals(await Array.fromAsync(snapshot.faults()), []);
  },
);
