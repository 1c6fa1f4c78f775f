/**
 * Runs `micropay verify` on receipts with the proof that a later ledger has their entry, and on
 * such lines with each kind of damage.
 */
import { assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import { encodeBase64 } from "../../../src/base64.ts";
import { entryLeaf } from "../../../src/ledger/entry.ts";
import { hashLeaf } from "../../../src/ledger/merkle_tree.ts";
import type { Amount } from "../../../src/money.ts";
import type { Identity } from "../../../src/pki/identity.ts";
import { readTrustAnchorOfAnyDate, type TrustAnchor } from "../../../src/pki/trust_anchor.ts";
import { signCheckpoint } from "../../../src/protocol/checkpoint.ts";
import { bookingOf, signOrder } from "../../../src/protocol/order.ts";
import { encodeProof } from "../../../src/protocol/proof.ts";
import { signReceipt } from "../../../src/protocol/receipt.ts";
import { otherCa, serverCertificate } from "../../envelope/hostile_parties.ts";
import { alice, anchor, atMs, server } from "../../envelope/vector_parties.ts";
import { runCommand } from "../../end_to_end/command.ts";
import { plainProver, plainRoot } from "../../ledger/plain_tree.ts";
import { ManualClock } from "../../manual_clock.ts";
import { named } from "../../server/test_server.ts";

type Line = Readonly<Record<string, unknown>> & {
  readonly receipt: string;
  readonly order: string;
  readonly checkpoint: string;
  readonly proof: readonly string[];
  readonly serverCertificate: string;
};

/** A ledger whose row `entry` is a payment of alice. The other rows are leaves of others. */
interface Book {
  readonly entry: number;
  readonly leaves: readonly string[];
  readonly receipt: string;
  readonly order: string;
}

const atSeconds = Math.floor(atMs / 1000) + 60;

function bookOf({ entry, rows }: { readonly entry: number; readonly rows: number }): Book {
  const id = "019aaf3e-7c00-7000-8000-00000000000a";
  const terms = { id, payer: named("alice"), payee: named("bob"), amount: 5 as Amount };
  const clock = new ManualClock(atMs);
  const order = signOrder(terms, { identity: alice, anchor, clock });
  const contents = { ...bookingOf(order, { kind: "payment", atMs }), number: entry };
  const leaf = entryLeaf(contents);
  const leaves = Array.from({ length: rows }, (_, index) => hashLeaf(`row ${index}`))
    .with(entry - 1, leaf);
  const balances = { payerBalance: 0, payeeBalance: 0 };
  const head = plainRoot(leaves.slice(0, entry));
  const signing = { identity: server, anchor };
  const receipt = signReceipt({ ...contents, ...balances, leaf, head }, signing);
  return { entry, leaves, receipt: receipt.text, order: order.text };
}

interface ProofOptions {
  /** The rows of the ledger that the checkpoint is of. */
  readonly size: number;
  /** The entry that is proven; the receipt's own when absent. */
  readonly of?: number;
  readonly at?: number;
  readonly signer?: Identity;
  /** The ledger that the checkpoint names. */
  readonly ledger?: TrustAnchor;
}

/** The line that `receipt --proof` prints when the ledger has so many rows. */
function lineOf(
  { leaves, entry, receipt, order }: Book,
  { size, of = entry, at = atSeconds, signer = server, ledger = anchor }: ProofOptions,
): Line {
  const prover = plainProver(leaves.slice(0, size));
  const signed = signCheckpoint({ size, head: prover.root(), at }, {
    identity: signer,
    anchor: ledger,
  });
  return {
    receipt,
    order,
    checkpoint: signed.text,
    proof: encodeProof(prover.inclusion(of - 1)),
    serverCertificate: encodeBase64(signer.certificate.der),
  };
}

/** Verifies lines, and returns what is printed about each. */
async function verdicts(lines: readonly object[], ...options: string[]): Promise<string[]> {
  const folder = await Deno.makeTempDir();
  try {
    const [file, ca] = [`${folder}/lines`, `${folder}/CA.pem`];
    await Deno.writeTextFile(file, lines.map((line) => JSON.stringify(line)).join("\n"));
    await Deno.writeTextFile(ca, anchor.pem);
    const { stdout } = await runCommand(["verify", file, "--ca", ca, ...options], { env: {} });
    const said = stdout.trimEnd().replaceAll(`${file}:`, "").split("\n");
    assertEquals(said.length, lines.length);
    return said;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const book = bookOf({ entry: 6, rows: 13 });
const good = lineOf(book, { size: 11 });

Deno.test("verify says in which ledger an entry was, and when", async () => {
  const [text] = await verdicts([good]);
  const time = new Date(atSeconds * 1000).toISOString();
  assertEquals(text!.split("; ")[1], `it was in the ledger of 11 rows at ${time}`);
  const [json] = await verdicts([good], "--json");
  const { valid, rows, provenAt } = JSON.parse(json!);
  assertEquals({ valid, rows, provenAt }, { valid: true, rows: 11, provenAt: time });
});

Deno.test("verify says nothing of a later ledger about a receipt without a proof", async () => {
  const { receipt, order } = good;
  const [json] = await verdicts([{ receipt, order }], "--json");
  const { valid, rows, provenAt } = JSON.parse(json!);
  assertEquals([valid, rows, provenAt], [true, undefined, undefined]);
});

Deno.test("verify accepts the proof of any entry up to any later checkpoint", async () => {
  const places = fc.record({ entry: fc.integer({ min: 1, max: 40 }), later: fc.nat(40) });
  await fc.assert(
    fc.asyncProperty(places, async ({ entry, later }) => {
      const size = entry + later;
      const [json] = await verdicts([lineOf(bookOf({ entry, rows: size }), { size })], "--json");
      assertEquals([JSON.parse(json!).valid, JSON.parse(json!).rows], [true, size]);
    }),
    { numRuns: 50 },
  );
});

const without = (name: keyof Line): object => ({ ...good, [name]: undefined });
const otherBook = bookOf({ entry: 6, rows: 13 });
const rewritten = { ...otherBook, leaves: otherBook.leaves.with(2, hashLeaf("another row")) };
const hash = encodeProof([hashLeaf("something else")]);
const ended = serverCertificate({ notAfterMs: (atSeconds - 1) * 1000 });
const later = serverCertificate({ notBeforeMs: (atSeconds + 1) * 1000 });
const noPath = /its hashes do not lead from the entry to the root$/;

const wrongLines: readonly { what: string; line: object; says: RegExp }[] = [
  { what: "no checkpoint", line: without("checkpoint"), says: /the line has no checkpoint$/ },
  { what: "no hashes", line: without("proof"), says: /the line has no proof$/ },
  {
    what: "no certificate",
    line: without("serverCertificate"),
    says: /the line has no serverCertificate$/,
  },
  {
    what: "a checkpoint alone",
    line: { receipt: good.receipt, checkpoint: good.checkpoint },
    says: /the line has no proof and no serverCertificate$/,
  },
  { what: "one hash less", line: { ...good, proof: good.proof.slice(1) }, says: noPath },
  { what: "one hash more", line: { ...good, proof: [...good.proof, ...hash] }, says: noPath },
  { what: "another hash", line: { ...good, proof: good.proof.with(2, hash[0]!) }, says: noPath },
  {
    what: "hashes in another order",
    line: { ...good, proof: [...good.proof].reverse() },
    says: noPath,
  },
  { what: "the proof of another entry", line: lineOf(book, { size: 11, of: 7 }), says: noPath },
  {
    what: "the proof up to another checkpoint",
    line: { ...good, proof: lineOf(book, { size: 12 }).proof },
    says: noPath,
  },
  {
    what: "the receipt of an entry that is not there",
    line: { ...lineOf(bookOf({ entry: 6, rows: 13 }), { size: 11 }), ...receiptOf(7) },
    says: noPath,
  },
  {
    what: "a ledger with another row before the entry",
    line: lineOf(rewritten, { size: 11 }),
    says: /its ledger had another head after the entry$/,
  },
  {
    what: "a checkpoint older than the entry",
    line: lineOf(book, { size: 5, of: 5 }),
    says: /its ledger of 5 rows ends before 6$/,
  },
  {
    what: "a checkpoint by a member",
    line: lineOf(book, { size: 11, signer: alice }),
    says: /verify the certificate of a server: it is a member's$/,
  },
  {
    what: "a checkpoint by a member, with the server's certificate",
    line: {
      ...lineOf(book, { size: 11, signer: alice }),
      serverCertificate: good.serverCertificate,
    },
    says: /the server did not sign it$/,
  },
  {
    what: "the certificate of another CA",
    line: { ...good, serverCertificate: encodeBase64(otherCa.server) },
    says: /verify the certificate of a server: it was issued by /,
  },
  {
    what: "a checkpoint of another ledger",
    line: lineOf(book, { size: 11, ledger: readTrustAnchorOfAnyDate(otherCa.der) }),
    says: /check a checkpoint: it is of the log micropay:ledger:/,
  },
  {
    what: "a certificate that had ended at the time of the checkpoint",
    line: { ...good, serverCertificate: encodeBase64(ended) },
    says: /it expired on 2026-11-23T12:00:59.000Z, and is used at 2026-11-23T12:01:00.000Z$/,
  },
  {
    what: "a certificate that began after the time of the checkpoint",
    line: { ...good, serverCertificate: encodeBase64(later) },
    says: /it is valid only from 2026-11-23T12:01:01.000Z, and is used at /,
  },
  {
    what: "a checkpoint of a time past every date",
    line: lineOf(book, { size: 11, at: Number.MAX_SAFE_INTEGER }),
    says: /the certificate of a server: it expired on /,
  },
  {
    what: "a certificate that is not base64",
    line: { ...good, serverCertificate: `${good.serverCertificate}\n` },
    says: /its serverCertificate is not base64$/,
  },
  { what: "a checkpoint that is a number", line: { ...good, checkpoint: 5 }, says: /checkpoint: / },
  { what: "hashes that are one text", line: { ...good, proof: hash[0] }, says: /proof: / },
  { what: "a null for hashes", line: { ...good, proof: null }, says: /proof: / },
  {
    what: "a hash of a byte too many",
    line: { ...good, proof: good.proof.with(0, `${hash[0]!}A`) },
    says: /read the proof: proof\.0: /,
  },
  {
    what: "a hash in another spelling",
    line: { ...good, proof: good.proof.with(0, respelled(good.proof[0]!)) },
    says: /a hash is not 32 bytes in base64url$/,
  },
];

for (const { what, line, says } of wrongLines) {
  Deno.test(`verify refuses a line with ${what}`, async () => {
    const [said] = await verdicts([line]);
    assertMatch(said!, /^1: not valid: /);
    assertMatch(said!, says);
  });
}

Deno.test("verify refuses a line after any change of one bit in a member", async () => {
  const members = ["receipt", "order", "checkpoint", "proof", "serverCertificate"] as const;
  const flips = fc.record({ member: fc.constantFrom(...members), at: fc.nat(), bit: fc.nat(6) });
  const lines = fc.sample(flips, 300).map(({ member, at, bit }) => {
    const text = member === "proof" ? good.proof.join() : good[member];
    const place = at % text.length;
    const flipped = String.fromCharCode(text.charCodeAt(place) ^ 1 << bit);
    const changed = text.slice(0, place) + flipped + text.slice(place + 1);
    return { ...good, [member]: member === "proof" ? changed.split(",") : changed };
  });
  for (const said of await verdicts(lines)) assertMatch(said, /^\d+: not valid: /);
});

/** A receipt and an order of another entry. */
function receiptOf(entry: number): object {
  const { receipt, order } = bookOf({ entry, rows: entry });
  return { receipt, order };
}

/** The same 32 bytes for a lenient decoder: the last character has two unused bits. */
function respelled(hash: string): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return hash.slice(0, -1) + alphabet[alphabet.indexOf(hash.at(-1)!) | 1];
}
