/** Servers that are alive, and silent ones, in a shared database. */
import { assertEquals, assertThrows } from "@std/assert";
import { openPostgresLedger } from "../../../src/ledger/postgres/open_postgres_ledger.ts";
import { Session } from "../../../src/ledger/postgres/session.ts";
import { relayedBytesMax, serverAbsenceMsMax } from "../../../src/limits.ts";
import { systemRandom } from "../../../src/random.ts";
import { testWith } from "../../installed_tool.ts";
import { relayStoreContract } from "../contract_relaying.ts";
import { alice, bob, ledgerId, presenceOf, registration } from "../ledger_samples.ts";
import { accessTo, emptyLedger, nameOf, sharedPostgres } from "./temporary_postgres.ts";

testWith(
  ["initdb"],
  "PostgreSQL ledger: the members of a server that was silent for too long go offline, and it is told that it was forgotten",
  async () => {
    const access = accessTo(await emptyLedger(await sharedPostgres()));
    const open = () => openPostgresLedger({ access, ledgerId, random: systemRandom });
    const [here, there] = [await open(), await open()];
    const session = await Session.open(access, { answerMsMax: 60_000 });
    try {
      for (const name of [alice, bob]) await here.register(registration(name, 0));
      assertEquals(await here.attend("here"), false);
      assertEquals(await there.attend("there"), false);
      await here.bringOnline(presenceOf(alice, 9, "here"));
      await there.bringOnline(presenceOf(bob, 9, "there"));
      assertEquals(await there.attend("there"), true);
      assertEquals(await there.presence(alice), presenceOf(alice, 9, "here"));
      await session.query(
        `UPDATE server SET seen_at = now() - interval '${serverAbsenceMsMax + 1} milliseconds'
        WHERE id = 'here'`,
      );
      assertEquals(await there.attend("there"), true);
      assertEquals(await here.presence(alice), undefined);
      assertEquals(await here.presence(bob), presenceOf(bob, 9, "there"));
      assertEquals(await here.attend("here"), false);
      await here.bringOnline(presenceOf(alice, 9, "here"));
      await here.close();
      assertEquals(await there.online({ limit: 9 }), [presenceOf(bob, 9, "there")]);
      assertEquals(await session.query("SELECT id FROM server"), [{ id: "there" }]);
    } finally {
      await session.close();
      await here.close();
      await there.close();
    }
  },
);

testWith(
  ["initdb"],
  "PostgreSQL ledger: a dead server's members go offline although the database's clock was set back an hour",
  async () => {
    const access = accessTo(await emptyLedger(await sharedPostgres()));
    const open = () => openPostgresLedger({ access, ledgerId, random: systemRandom });
    const [dead, there] = [await open(), await open()];
    const session = await Session.open(access, { answerMsMax: 60_000 });
    try {
      await dead.register(registration(alice, 0));
      await dead.attend("dead");
      await there.attend("there");
      await dead.bringOnline(presenceOf(alice, 9, "dead"));
      await session.query("UPDATE server SET seen_at = now() + interval '1 hour'");
      assertEquals(await there.attend("there"), true);
      assertEquals(await there.presence(alice), undefined);
      assertEquals(await session.query("SELECT id FROM server"), [{ id: "there" }]);
    } finally {
      await session.close();
      await dead.close();
      await there.close();
    }
  },
);

testWith(
  ["initdb"],
  "PostgreSQL ledger: a relayed message that no server sends cannot be added through psql",
  async () => {
    const postgres = await sharedPostgres();
    const database = nameOf(await emptyLedger(postgres));
    const add = (connection: string, number: string, data: string) =>
      postgres.psql(
        database,
        `INSERT INTO relayed_message (server, connection, number, sender, data, is_end, sent_at)
          VALUES ('there', ${connection}, ${number}, 'here', ${data}, 0, now())`,
      );
    const name = "repeat('A', 22)";
    for (const number of ["0", "9007199254740992"]) assertThrows(() => add(name, number, "'x'"));
    assertThrows(() => add(name, "1", `repeat('x', ${relayedBytesMax + 1})`));
    assertThrows(() => add("repeat('A', 23)", "1", "'x'"));
    add(name, "9007199254740991", `repeat('x', ${relayedBytesMax})`);
  },
);

relayStoreContract(
  "PostgreSQL ledger",
  (sentence, run) =>
    testWith(["initdb"], sentence, async () => {
      const access = accessTo(await emptyLedger(await sharedPostgres()));
      const ledger = await openPostgresLedger({ access, ledgerId, random: systemRandom });
      const session = await Session.open(access, { answerMsMax: 60_000 });
      try {
        await run(ledger, {
          pass: async (ms) => {
            const earlier = `sent_at - interval '${ms} milliseconds'`;
            await session.query(`UPDATE relayed_message SET sent_at = ${earlier}`);
          },
        });
      } finally {
        await session.close();
        await ledger.close();
      }
    }),
);
