/**
 * Changed entries in the ledger's file: the server stops before it tells a member another order.
 */
import { assertRejects } from "@std/assert";
import { LedgerError } from "../../../src/errors.ts";
import { openSqliteLedger } from "../../../src/ledger/sqlite/open_sqlite_ledger.ts";
import { historyRequestType } from "../../../src/protocol/history.ts";
import { change, withoutTriggers } from "../../operator/tampering.ts";
import { makeAuthority, startServer } from "../test_server.ts";

/** What somebody writes into a column of alice's opening entry. */
const columns = {
  amount: "amount + 1",
  memo: "'a gift'",
  iat: "iat + 1",
  exp: "exp + 1",
  signature: "zeroblob(64)",
  order_digest: "zeroblob(32)",
  certificate: "(SELECT fingerprint FROM certificate WHERE username = 'alice')",
};

for (const [column, value] of Object.entries(columns)) {
  Deno.test(`a server with another ${column} in an entry stops when a member asks for it`, async () => {
    const folder = await Deno.makeTempDir({ prefix: "micropay-forged-" });
    try {
      const authority = makeAuthority();
      const file = `${folder}/server.db`;
      const ledger = await openSqliteLedger({ file, ledgerId: authority.anchor.fingerprint });
      await using server = await startServer({ authority, ledger });
      const link = await server.link(await server.enroll("alice"));
      change(file, withoutTriggers(file, `UPDATE entry SET ${column} = ${value}`));
      const reason = "row 1: its order is not the one that was booked";
      const stopped = assertRejects(() => server.server.stopped, LedgerError, reason);
      await assertRejects(() => link.ask(historyRequestType, { limit: 1 }));
      await stopped;
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}
