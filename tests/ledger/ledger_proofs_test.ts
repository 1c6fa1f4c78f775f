/**
 * Properties of signed proofs about a ledger that grew by any sequence of commits: they show all
 * that was signed before, and no bit of them can be changed.
 */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Entry } from "../../src/ledger/entry.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { openSqliteLedger } from "../../src/ledger/sqlite/open_sqlite_ledger.ts";
import { isConsistent } from "../../src/ledger/tree_proofs.ts";
import { sha256Hex } from "../../src/pki/signing_key.ts";
import { signCheckpoint, verifyCheckpoint } from "../../src/protocol/checkpoint.ts";
import {
  decodeProof,
  encodeProof,
  type ProofAnswer,
  type ProofQuestion,
  signProofs,
  verifyProofs,
} from "../../src/protocol/proof.ts";
import { signReceipt, verifyReceipt } from "../../src/protocol/receipt.ts";
import { inclusionFault } from "../../src/protocol/receipt_proof.ts";
import { anchor, atMs, server } from "../envelope/vector_parties.ts";
import { alice, bob, payment, registration } from "./ledger_samples.ts";

const { publicKey } = server.certificate;
const at = Math.floor(atMs / 1000);

/** What a member shows: texts that the server signed, and its later answer about them. */
interface Shown {
  readonly checkpoint: string;
  readonly receipt: string;
  readonly question: ProofQuestion;
  readonly answer: ProofAnswer;
}

/** Books payments in commits of these lengths. */
async function withLedger(
  commits: readonly number[],
  act: (ledger: Ledger, entries: readonly Entry[]) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "micropay-proofs-" });
  const ledger = await openSqliteLedger({
    file: `${folder}/server.db`,
    ledgerId: anchor.fingerprint,
  });
  try {
    for (const name of [alice, bob]) await ledger.register(registration(name, 1000));
    let id = 0;
    for (const length of commits) {
      // What is asked for at once shares a commit.
      const booked = await Promise.all(
        Array.from(
          { length },
          () => ledger.book(payment([alice, bob], 1, { id: id++, atMs: atMs + id })),
        ),
      );
      assert(booked.every(({ outcome }) => outcome === "booked"));
    }
    // All entries but the opening of bob.
    await act(ledger, await ledger.history(alice, { limit: 1000, after: 0 }));
  } finally {
    await ledger.close();
    await Deno.remove(folder, { recursive: true });
  }
}

/** Signs what the server said about the tree that an entry ended, and what it answers now. */
async function show(ledger: Ledger, known: Entry, held: Entry): Promise<Shown> {
  const signing = { identity: server, anchor };
  const state = { size: known.number, head: known.head, at };
  const checkpoint = signCheckpoint(state, signing).text;
  const receipt = signReceipt(held, signing).text;
  const question = {
    checkpoints: [{ size: known.number, digest: sha256Hex(checkpoint) }],
    receipts: [{ entry: held.number, digest: sha256Hex(receipt) }],
  };
  const { size, head, consistency, inclusion } = await ledger.proofs({
    sizes: [known.number],
    entries: [held.number],
  });
  const proofs = {
    checkpoint: signCheckpoint({ size, head, at }, signing).text,
    consistency: consistency.map(encodeProof),
    inclusion: inclusion.map(encodeProof),
  };
  return { checkpoint, receipt, question, answer: signProofs(question, proofs, server) };
}

/** Whether everything that is shown holds, and belongs together. */
function holds({ checkpoint, receipt, question, answer }: Shown): boolean {
  verifyProofs(question, answer, { publicKey });
  const newest = verifyCheckpoint(answer.checkpoint, { anchor, publicKey });
  const earlier = verifyCheckpoint(checkpoint, { anchor, publicKey });
  const { payload } = verifyReceipt(receipt, { anchor });
  const [asked, held] = [question.checkpoints[0]!, question.receipts[0]!];
  return asked.size === earlier.size && asked.digest === sha256Hex(checkpoint) &&
    held.entry === payload.entry && held.digest === sha256Hex(receipt) &&
    isConsistent(earlier, newest, decodeProof(answer.consistency[0]!)) &&
    inclusionFault(payload, newest, decodeProof(answer.inclusion[0]!)) === undefined;
}

/** Whether a text in JSON still shows all that. */
function textHolds(text: string): boolean {
  try {
    return holds(JSON.parse(text));
  } catch {
    return false;
  }
}

const commits = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 });

Deno.test("for any sequence of commits, proofs hold from any size and of any receipt", () =>
  fc.assert(
    fc.asyncProperty(commits, async (lengths) => {
      await withLedger(lengths, async (ledger, entries) => {
        for (const [index, known] of entries.entries()) {
          const held = entries[(index * 7) % entries.length]!;
          assert(holds(await show(ledger, known, held)), `${known.number} and ${held.number}`);
        }
      });
    }),
    { numRuns: 8 },
  ));

Deno.test("any bit changed in a receipt, checkpoint, question or answer breaks the proof", () =>
  withLedger([5, 8, 1], async (ledger, entries) => {
    const text = JSON.stringify(await show(ledger, entries[4]!, entries[9]!));
    assertEquals(textHolds(text), true);
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.integer({ min: 0, max: 6 }), (place, bit) => {
        const changed = String.fromCharCode(text.charCodeAt(place) ^ 1 << bit);
        const wrong = text.slice(0, place) + changed + text.slice(place + 1);
        assertEquals(textHolds(wrong), false, wrong.slice(Math.max(0, place - 40), place + 40));
      }),
      { numRuns: 2000 },
    );
  }));
