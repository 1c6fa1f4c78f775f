/** PROOF: proofs about the tree, which a member verifies without seeing what others paid. */
import { assert, assertEquals } from "@std/assert";
import type { Ledger } from "../../../src/ledger/ledger.ts";
import { isConsistent, rootsOver, type TreeHead } from "../../../src/ledger/tree_proofs.ts";
import { verifyCheckpoint } from "../../../src/protocol/checkpoint.ts";
import { decodeProof, proofRequestType } from "../../../src/protocol/proof.ts";
import { payment } from "../../ledger/ledger_samples.ts";
import { named, startServer, type TestServer } from "../test_server.ts";

/** Two of them are the openings. */
const rows = 45;

Deno.test("proof: the newest tree has every entry, and grew from every earlier one", async () => {
  await using server = await startServer();
  const alice = await server.enroll("alice");
  await server.enroll("bob");
  await pay(server.ledger, rows - 2);
  const link = await server.link(alice);
  const history = await server.ledger.history(named("alice"), { limit: rows });
  const { head } = history[0]!;
  for (const { number, leaf, head: earlier } of history) {
    const reply = await link.ask(proofRequestType, { size: number, entries: [number] });
    assert(reply.outcome === "answered");
    const { answer } = reply;
    assertEquals(treeOf(answer.checkpoint, server), { size: rows, head });
    const [known, tree] = [{ size: number, head: earlier }, { size: rows, head }];
    assert(isConsistent(known, tree, decodeProof(answer.consistency)));
    const proof = decodeProof(answer.inclusion[0]!);
    const roots = rootsOver({ leaf, index: number - 1, size: rows, proof });
    assertEquals(roots, { head: earlier, root: head });
  }
});

Deno.test("proof: past the end of the ledger, there are no proofs", async () => {
  await using server = await startServer();
  const link = await server.link(await server.enroll("alice"));
  const reply = await link.ask(proofRequestType, { size: 2, entries: [1, 2, 99] });
  assert(reply.outcome === "answered");
  const { head } = (await server.ledger.history(named("alice"), { limit: 1 }))[0]!;
  const { checkpoint, ...proofs } = reply.answer;
  assertEquals(treeOf(checkpoint, server), { size: 1, head });
  assertEquals(proofs, { consistency: [], inclusion: [[], [], []] });
});

/** Returns what the server signed about its tree. */
function treeOf(checkpoint: string, { anchor, identity }: TestServer): TreeHead {
  const { publicKey } = identity.certificate;
  const { size, head } = verifyCheckpoint(checkpoint, { anchor, publicKey });
  return { size, head };
}

async function pay(ledger: Ledger, times: number): Promise<void> {
  const [payer, payee] = [named("alice"), named("bob")];
  const certificate = (await ledger.account(payer))!.certificate!.fingerprint;
  for (let time = 0; time < times; time++) {
    await ledger.book(payment([payer, payee], 1, { id: time, certificate }));
  }
}
