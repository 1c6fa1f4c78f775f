/** REGISTER at a server that registers nobody. */
import { assert, assertEquals } from "@std/assert";
import { MemoryLedger } from "../../ledger/memory/memory_ledger.ts";
import { balanceRequestType } from "../../../src/protocol/balance.ts";
import { checkpointRequestType } from "../../../src/protocol/published_checkpoint.ts";
import { keepOpen } from "../kept_ledger.ts";
import { makeApplicant, makeAuthority, named, startServer } from "../test_server.ts";

Deno.test("register: a server that registers nobody answers 219, whatever the name, the key, the code and the token are", async () => {
  const authority = makeAuthority();
  const ledger = keepOpen(new MemoryLedger({ ledgerId: authority.anchor.fingerprint }));
  await using registering = await startServer({ authority, ledger });
  await using server = await startServer({ authority, ledger, registering: false });
  const alice = await registering.enroll("alice");
  const carol = makeApplicant("carol");
  assertEquals((await registering.register(carol)).outcome, "answered");
  const rows = [
    ["a free name", makeApplicant("bob"), {}],
    ["a taken name", makeApplicant("alice"), {}],
    ["the account's own key", carol, {}],
    ["a code", makeApplicant("alice"), { code: "wrong" }],
    ["an invitation", makeApplicant("bob"), { token: "A".repeat(22) }],
  ] as const;
  for (const [title, applicant, given] of rows) {
    const outcome = await server.register(applicant, undefined, given);
    assert(outcome.outcome === "refused", title);
    assertEquals(outcome.code, 219, title);
  }
  const other = await server.register(makeApplicant("bob"), named("dave"));
  assertEquals(other.outcome === "refused" && other.code, 219);
  // Members and strangers use it like every other server.
  const member = await server.link(alice);
  assertEquals((await member.ask(balanceRequestType, {})).outcome, "answered");
  const stranger = await server.link(makeApplicant("nobody").signer);
  assertEquals((await stranger.ask(checkpointRequestType, {})).outcome, "answered");
});
