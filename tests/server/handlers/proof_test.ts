/** PROOF: proofs about the tree, which a member verifies without seeing what others paid. */
import { assert, assertEquals } from "@std/assert";
import type { Ledger } from "../../../src/ledger/ledger.ts";
import { isConsistent, rootsOver, type TreeHead } from "../../../src/ledger/tree_proofs.ts";
import { verifyCheckpoint } from "../../../src/protocol/checkpoint.ts";
import { decodeProof, proofRequestType, verifyProofs } from "../../../src/protocol/proof.ts";
import { payment } from "../../ledger/ledger_samples.ts";
import { named, startServer, type TestServer } from "../test_server.ts";

/** Two of them are the openings. */
const rows = 45;
const [digest, other] = ["0".repeat(64), "f".repeat(64)];

Deno.test("proof: the newest tree has every entry, and grew from every earlier one", async () => {
  await using server = await startServer();
  const alice = await server.enroll("alice");
  await server.enroll("bob");
  await pay(server.ledger, rows - 2);
  const link = await server.link(alice);
  const history = await server.ledger.history(named("alice"), { limit: rows });
  const { head } = history[0]!;
  for (const { number, leaf, head: earlier } of history) {
    const question = {
      checkpoints: [{ size: number, digest }, { size: 1, digest: other }],
      receipts: [{ entry: number, digest: other }],
    };
    const reply = await link.ask(proofRequestType, question);
    assert(reply.outcome === "answered");
    const { answer } = reply;
    verifyProofs(question, answer, server.identity.certificate);
    assertEquals(treeOf(answer.checkpoint, server), { size: rows, head });
    const [known, tree] = [{ size: number, head: earlier }, { size: rows, head }];
    assert(isConsistent(known, tree, decodeProof(answer.consistency[0]!)));
    const proof = decodeProof(answer.inclusion[0]!);
    const roots = rootsOver({ leaf, index: number - 1, size: rows, proof });
    assertEquals(roots, { head: earlier, root: head });
  }
});

Deno.test("proof: past the end of the ledger, there are no proofs", async () => {
  await using server = await startServer();
  const link = await server.link(await server.enroll("alice"));
  const reply = await link.ask(proofRequestType, {
    checkpoints: [{ size: 2, digest }],
    receipts: [1, 2, 99].map((entry) => ({ entry, digest })),
  });
  assert(reply.outcome === "answered");
  const { head } = (await server.ledger.history(named("alice"), { limit: 1 }))[0]!;
  const { checkpoint, consistency, inclusion } = reply.answer;
  assertEquals(treeOf(checkpoint, server), { size: 1, head });
  assertEquals([consistency, inclusion], [[[]], [[], [], []]]);
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
