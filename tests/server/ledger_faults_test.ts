/** How often a server reports that its ledger cannot be used, and that it can be used again. */
import { assertEquals } from "@std/assert";
import { LedgerFullError } from "../../src/errors.ts";
import { LedgerFaults } from "../../src/server/ledger_faults.ts";

Deno.test("a ledger that works again is reported, although one kind of request that failed never comes again", () => {
  const reported: string[] = [];
  const faults = new LedgerFaults({ report: ({ kind }) => reported.push(kind) });
  const error = new LedgerFullError("no room");
  faults.take({ attempt: "answer register", error });
  faults.take({ attempt: "answer submit", error });
  assertEquals(reported, ["fault"]);
  faults.succeeded("answer balance");
  assertEquals(reported, ["fault"]);
  faults.succeeded("answer submit");
  faults.succeeded("answer submit");
  assertEquals(reported, ["fault", "ledger_recovered"]);
  faults.take({ attempt: "answer submit", error });
  assertEquals(reported, ["fault", "ledger_recovered", "fault"]);
});
