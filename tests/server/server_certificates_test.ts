/** Two servers of one ledger with certificates of their own: their documents are of one ledger. */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { checkReceipt } from "../../src/client/receipt_check.ts";
import type { Amount } from "../../src/money.ts";
import { verifyReceiptProof } from "../../src/protocol/receipt_proof.ts";
import { memberOf } from "../client/test_member.ts";
import { KeptWallet } from "../client/wallet/memory_wallet_store.ts";
import { MemoryLedger } from "../ledger/memory/memory_ledger.ts";
import { keepOpen } from "./kept_ledger.ts";
import { makeAuthority, named, startServer } from "./test_server.ts";

Deno.test("servers: receipts, checkpoints and openings of a server that is gone are good at another one with its own certificate", async () => {
  const authority = makeAuthority();
  const { anchor } = authority;
  const ledger = keepOpen(new MemoryLedger({ ledgerId: anchor.fingerprint }));
  await using first = await startServer({ authority, ledger });
  await using second = await startServer({ authority, ledger, registering: false });
  const [alice, bob] = [await first.enroll("alice"), await first.enroll("bob")];
  const kept = new KeptWallet();
  const there = await memberOf(first, alice, { kept });
  const terms = { payee: named("bob"), amount: 5 as Amount, viaServer: true };
  const paid = await there.pay(terms);
  assert(paid.outcome === "paid");
  assertEquals((await there.audit() as { evidence?: unknown }).evidence, undefined);
  const { id } = paid.receipt.payload;
  await first.server.stop();

  const here = await memberOf(second, alice, { kept });
  const again = await here.status(id);
  assert(again.outcome === "paid");
  assertEquals(again.receipt.payload, paid.receipt.payload);
  assertNotEquals(again.receipt.text, paid.receipt.text);
  // The checkpoint and the receipt in the wallet are those of the first server.
  const audit = await here.audit();
  assert(audit.outcome === "audited");
  const { entries, receipts, missing, rewrittenAt, evidence } = audit;
  assertEquals({ entries, receipts, missing, rewrittenAt, evidence }, {
    ...{ entries: 3, receipts: 1, missing: [], rewrittenAt: undefined, evidence: undefined },
  });
  const [stored] = await here.context.receipts.find({ id });
  assertEquals(stored!.receipt, paid.receipt.text);
  const proven = await here.prove(stored!);
  assert(proven.outcome === "proven");
  for (const { text } of [paid.receipt, again.receipt]) {
    const { receipt } = checkReceipt(text, stored!.order, { anchor });
    assertEquals(verifyReceiptProof(receipt.payload, proven.proof, { anchor }).size, 3);
  }
  // The first server signed the order of the opening entry.
  const page = await (await memberOf(second, bob)).page({ limit: 10 });
  assert(page.outcome === "answered");
  assertEquals(page.answer.entries.map(({ kind }) => kind), ["payment", "opening"]);
});
