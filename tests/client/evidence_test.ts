/**
 * Evidence against a server shows what the server signed, and a member cannot make it up. Here a
 * test signs as the server, and a dishonest member puts the pieces together.
 */
import { assertEquals, assertThrows } from "@std/assert";
import { encodeBase64 } from "../../src/base64.ts";
import { type Evidence, type EvidenceVerdict, verifyEvidence } from "../../src/client/evidence.ts";
import { systemClock } from "../../src/clock.ts";
import { entryLeaf } from "../../src/ledger/entry.ts";
import { hashLeaf } from "../../src/ledger/merkle_tree.ts";
import type { Amount } from "../../src/money.ts";
import { CertificateAuthority } from "../../src/pki/certificate_authority.ts";
import type { Identity } from "../../src/pki/identity.ts";
import { signCheckpoint } from "../../src/protocol/checkpoint.ts";
import { encodeProof } from "../../src/protocol/proof.ts";
import { bookingOf, signOrder } from "../../src/protocol/order.ts";
import { signReceipt } from "../../src/protocol/receipt.ts";
import { systemRandom } from "../../src/random.ts";
import { plainProver, plainRoot } from "../ledger/plain_tree.ts";
import { issueMember, named, serverIdentity } from "../server/test_server.ts";

const { authority } = CertificateAuthority.create({ clock: systemClock, random: systemRandom });
const { authority: foreign } = CertificateAuthority.create({
  clock: systemClock,
  random: systemRandom,
});
const { anchor } = authority;
const [server, alice] = [serverIdentity(authority), issueMember(authority, "alice")];
const nowMs = systemClock.nowMs();
const at = Math.floor(nowMs / 1000);

/** The entry of a payment of alice: the seventh. */
const paid = (() => {
  const id = "019aaf3e-7c00-7000-8000-00000000000a";
  const terms = { id, payer: named("alice"), payee: named("bob"), amount: 5 as Amount };
  const order = signOrder(terms, { identity: alice, anchor, clock: systemClock });
  const contents = { ...bookingOf(order, { kind: "payment", atMs: nowMs }), number: 7 };
  return { ...contents, payerBalance: 0, payeeBalance: 0, leaf: entryLeaf(contents) };
})();

/** Ten rows, with the payment at its place. */
const leaves = Array.from(
  { length: 10 },
  (_, index) => index === paid.number - 1 ? paid.leaf : hashLeaf(`row ${index}`),
);
const forged = leaves.with(2, hashLeaf("another row"));

function treeOf(
  rows: readonly string[],
  { seconds = at, identity = server, ledger = anchor }: {
    readonly seconds?: number;
    readonly identity?: Identity;
    readonly ledger?: typeof anchor;
  } = {},
): Evidence["newest"] {
  const state = { size: rows.length, head: plainRoot(rows), at: seconds };
  return {
    checkpoint: signCheckpoint(state, { identity, anchor: ledger }).text,
    serverCertificate: encodeBase64(identity.certificate.der),
  };
}

/** The receipt of the payment, when these were the rows, with the proof of other rows. */
function receiptOf(rows: readonly string[], shown: readonly string[], changes = {}) {
  const head = plainRoot(rows.slice(0, paid.number));
  const signing = { identity: server, anchor };
  const receipt = signReceipt({ ...paid, ...changes, head }, signing);
  const proof = shown.length < paid.number ? [] : plainProver(shown).inclusion(paid.number - 1);
  return { receipt: receipt.text, proof: encodeProof(proof) };
}

function grown(from: readonly string[], to: readonly string[]): string[] {
  return encodeProof(from.length < to.length ? plainProver(to).consistency(from.length) : []);
}

interface Row {
  readonly title: string;
  readonly evidence: object;
  /** What it rests on, and a part of the verdict; or why it is refused. */
  readonly verdict: readonly [EvidenceVerdict["restsOn"] | "refused", RegExp];
}

const ledger = anchor.fingerprint;
const none: Evidence["receipts"] = [];
const random = encodeProof(Array.from({ length: 4 }, (_, at) => hashLeaf(`made up ${at}`)));
const minute = 60;

const rows: readonly Row[] = [
  {
    title: "two checkpoints of one size",
    evidence: { ledger, earlier: treeOf(leaves), newest: treeOf(forged), receipts: none },
    verdict: ["signatures", /^the server signed two different ledgers of 10 rows/],
  },
  {
    title: "a proof that leads from another earlier tree to the newest one",
    evidence: {
      ...{ ledger, earlier: treeOf(leaves.slice(0, 6)), newest: treeOf(forged) },
      ...{ consistency: grown(leaves.slice(0, 6), forged), receipts: none },
    },
    verdict: ["signatures", /two different ledgers of 6 rows/],
  },
  {
    title: "a receipt with another head than the rows before it",
    evidence: { ledger, newest: treeOf(forged), receipts: [receiptOf(leaves, forged)] },
    verdict: ["signatures", /two different ledgers of 7 rows: the receipt of entry 7 says/],
  },
  {
    title: "two receipts of one entry",
    evidence: {
      ...{ ledger, newest: treeOf(leaves) },
      receipts: [receiptOf(leaves, leaves), receiptOf(leaves, leaves, { leaf: leaves[0] })],
    },
    verdict: ["signatures", /two different entries 7/],
  },
  {
    title: "a longer ledger at an earlier time",
    evidence: {
      ...{ ledger, earlier: treeOf(leaves, { seconds: at - minute }), receipts: none },
      newest: treeOf(leaves.slice(0, 5)),
    },
    verdict: ["clock", /a ledger of 10 rows at .*, and later, at .*, a ledger of only 5 rows/],
  },
  {
    title: "a receipt of an entry past a later end",
    evidence: {
      ...{ ledger, newest: treeOf(leaves.slice(0, 5), { seconds: at + 2 * minute }) },
      receipts: [receiptOf(leaves, [])],
    },
    verdict: ["clock", /entry 7, booked at .*, and later, .* a ledger of only 5 rows/],
  },
  {
    title: "a longer ledger a moment earlier",
    evidence: {
      ...{ ledger, earlier: treeOf(leaves), newest: treeOf(leaves.slice(0, 5)), receipts: none },
    },
    verdict: ["word", /a ledger of 10 rows, and its proof that a ledger of 5 rows begins/],
  },
  {
    title: "a proof of an entry that does not hold",
    evidence: {
      ...{ ledger, newest: treeOf(forged) },
      receipts: [{ ...receiptOf(leaves, leaves), proof: random }],
    },
    verdict: ["word", /^the server signed entry 7, and its proof that a ledger of 10 rows has it/],
  },
  {
    title: "a proof of growth that does not hold",
    evidence: {
      ...{ ledger, earlier: treeOf(leaves.slice(0, 6)), newest: treeOf(leaves) },
      ...{ consistency: random, receipts: none },
    },
    verdict: [
      "word",
      /rests on the word .*: ask the server to prove it of the ledger that it has now$/,
    ],
  },
  {
    title: "proofs that hold",
    evidence: {
      ...{ ledger, earlier: treeOf(leaves.slice(0, 6)), newest: treeOf(leaves) },
      consistency: grown(leaves.slice(0, 6), leaves),
      receipts: [receiptOf(leaves, leaves)],
    },
    verdict: ["refused", /it proves nothing, because all proofs hold/],
  },
  {
    title: "an honest server's checkpoints in the wrong order",
    evidence: {
      ...{ ledger, earlier: treeOf(leaves), receipts: none },
      newest: treeOf(leaves.slice(0, 5), { seconds: at - 1 }),
    },
    verdict: ["refused", /the newest checkpoint is older than the earlier one/],
  },
  {
    title: "an honest server's checkpoint from before the entry",
    evidence: {
      ...{ ledger, newest: treeOf(leaves.slice(0, 5), { seconds: at - 2 }) },
      receipts: [receiptOf(leaves, [])],
    },
    verdict: ["refused", /its checkpoint is older than entry 7/],
  },
  {
    title: "a checkpoint that the member signed",
    evidence: {
      ...{ ledger, earlier: treeOf(leaves), receipts: none },
      newest: treeOf(forged, { identity: alice }),
    },
    verdict: ["refused", /certificate/],
  },
  {
    title: "a checkpoint that the member signed, with the server's certificate",
    evidence: {
      ...{ ledger, earlier: treeOf(leaves), receipts: none },
      newest: {
        ...treeOf(forged, { identity: alice }),
        serverCertificate: encodeBase64(server.certificate.der),
      },
    },
    verdict: ["refused", /the server did not sign it/],
  },
  {
    title: "a checkpoint of another CA's server",
    evidence: {
      ...{ ledger, earlier: treeOf(leaves), receipts: none },
      newest: treeOf(forged, { identity: serverIdentity(foreign) }),
    },
    verdict: ["refused", /certificate/],
  },
  {
    title: "evidence of another ledger",
    evidence: {
      ledger: foreign.anchor.fingerprint,
      newest: treeOf(leaves, { identity: serverIdentity(foreign), ledger: foreign.anchor }),
      receipts: none,
    },
    verdict: ["refused", /it is of the ledger/],
  },
  {
    title: "an unknown member",
    evidence: { ledger, newest: treeOf(leaves), receipts: none, verdict: "guilty" },
    verdict: ["refused", /verdict/],
  },
];

for (const { title, evidence, verdict: [restsOn, says] } of rows) {
  const what = restsOn === "refused" ? "proves nothing" : `rests on the ${restsOn}`;
  Deno.test(`evidence: ${title}: ${what}`, () => {
    const verify = () => verifyEvidence(JSON.stringify(evidence), { anchor });
    if (restsOn === "refused") return assertMatches(verify, says);
    const verdict = verify();
    assertEquals([verdict.restsOn, says.test(verdict.text)], [restsOn, true], verdict.text);
  });
}

Deno.test("evidence: a text that is not JSON proves nothing", () => {
  assertMatches(() => verifyEvidence("no", { anchor }), /it is not a JSON object/);
});

function assertMatches(action: () => unknown, says: RegExp): void {
  const { message } = assertThrows(action, Error);
  assertEquals(says.test(message), true, message);
}
