/** Forged account changes in the ledger's file: the server stops before it acts on one. */
import { assertEquals, assertRejects } from "@std/assert";
import { LedgerError } from "../../../src/errors.ts";
import { openSqliteLedger } from "../../../src/ledger/sqlite/open_sqlite_ledger.ts";
import { ledgerWatchMs } from "../../../src/limits.ts";
import { oneTimeCodeDigest, registerRequestType } from "../../../src/protocol/register.ts";
import { ManualClock } from "../../manual_clock.ts";
import { change, withoutTriggers } from "../../operator/tampering.ts";
import {
  makeApplicant,
  makeAuthority,
  named,
  startServer,
  type TestServer,
} from "../test_server.ts";

const thiefsCode = "GIVE-MEAL-ICE0-0000";

/** A server whose clock stands still, so that it does not look by itself. */
async function withServer(
  run: (server: TestServer, options: { file: string; clock: ManualClock }) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "micropay-forged-" });
  try {
    const authority = makeAuthority();
    const file = `${folder}/server.db`;
    const ledger = await openSqliteLedger({ file, ledgerId: authority.anchor.fingerprint });
    const clock = new ManualClock(Date.now());
    await using server = await startServer({ authority, ledger, clock });
    await run(server, { file, clock });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A revocation of alice with the thief's code, as somebody without a key can write it. */
function forgedRevocation(): string {
  const code = oneTimeCodeDigest(thiefsCode);
  return `INSERT INTO account_change
    SELECT max(number) + 1, 'revocation', 'alice', NULL, '${code}', 'a.b.c', max(at), zeroblob(64) FROM entry`;
}

Deno.test("a server accepts no code that somebody wrote into its ledger, and stops", () =>
  withServer(async (server, { file }) => {
    await server.enroll("alice");
    change(file, withoutTriggers(file, forgedRevocation()));
    const reason = "the account change number 2 (revocation of alice): its statement is not";
    const stopped = assertRejects(() => server.server.stopped, LedgerError, reason);
    const thief = await server.link((makeApplicant("alice")).signer);
    const asking = thief.ask(registerRequestType, { name: named("alice"), code: thiefsCode });
    await assertRejects(() => asking);
    await stopped;
  }));

Deno.test("a server compares a code with the statement, not with what somebody wrote beside it", () =>
  withServer(async (server, { file }) => {
    await server.enroll("alice");
    const codeDigest = oneTimeCodeDigest("7K2M-9QXD-4T0B-ZH5N");
    await server.end({ kind: "revocation", name: named("alice"), codeDigest });
    const digest = oneTimeCodeDigest(thiefsCode);
    change(file, withoutTriggers(file, `UPDATE account_change SET code_digest = '${digest}'`));
    const stopped = assertRejects(
      () => server.server.stopped,
      LedgerError,
      "its code_digest is",
    );
    const thief = await server.link((makeApplicant("alice")).signer);
    const asking = thief.ask(registerRequestType, { name: named("alice"), code: thiefsCode });
    await assertRejects(() => asking);
    await stopped;
  }));

const attacks: readonly { title: string; sql: string; reason: string }[] = [
  {
    title: "a closure that is gone",
    sql: "DELETE FROM account_change WHERE kind = 'closure'",
    reason: "the account change number 3 is gone",
  },
  {
    title: "a closure that is given to another account",
    sql: "UPDATE account_change SET username = 'bob' WHERE kind = 'closure'",
    reason: "the account change number 3 (closure of bob): it was changed",
  },
];

for (const { title, sql, reason } of attacks) {
  Deno.test(`a server that finds ${title} in its ledger stops`, () =>
    withServer(async (server, { file, clock }) => {
      await server.enroll("alice");
      await server.enroll("bob");
      await server.end({ kind: "closure", name: named("alice") });
      const { changes } = server;
      await changes.verifyAll();
      assertEquals(changes.lastChange(named("alice"))?.kind, "closure");
      change(file, withoutTriggers(file, sql));
      const stopped = assertRejects(() => server.server.stopped, LedgerError, reason);
      let isStopped = false;
      stopped.finally(() => isStopped = true).catch(() => {});
      // The next look is scheduled in a turn after the last one's.
      while (!isStopped) {
        clock.advance(ledgerWatchMs);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      await stopped;
    }));
}
