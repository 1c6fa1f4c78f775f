/**
 * Evidence against a server, good and bad. Here the tests sign as the server.
 */
import { encodeBase64 } from "../../src/base64.ts";
import type { Evidence } from "../../src/client/evidence.ts";
import { systemClock } from "../../src/clock.ts";
import { entryLeaf } from "../../src/ledger/entry.ts";
import { hashLeaf } from "../../src/ledger/merkle_tree.ts";
import type { Amount } from "../../src/money.ts";
import { CertificateAuthority } from "../../src/pki/certificate_authority.ts";
import type { Identity } from "../../src/pki/identity.ts";
import { sha256Hex } from "../../src/pki/signing_key.ts";
import { signCheckpoint } from "../../src/protocol/checkpoint.ts";
import { encodeProof, type ProofAnswer, signProofs } from "../../src/protocol/proof.ts";
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
export const { anchor } = authority;
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

interface Signed {
  readonly checkpoint: string;
  readonly serverCertificate: string;
}

/** Signs a checkpoint of these rows. */
function treeOf(
  rows: readonly string[],
  { identity = server, ledger = anchor }: {
    readonly identity?: Identity;
    readonly ledger?: typeof anchor;
  } = {},
): Signed {
  const state = { size: rows.length, head: plainRoot(rows), at };
  return {
    checkpoint: signCheckpoint(state, { identity, anchor: ledger }).text,
    serverCertificate: encodeBase64(identity.certificate.der),
  };
}

/** Signs the receipt of the payment, when these were the rows. */
function receiptOf(rows: readonly string[], changes = {}): string {
  const head = plainRoot(rows.slice(0, paid.number));
  return signReceipt({ ...paid, ...changes, head }, { identity: server, anchor }).text;
}

interface Story {
  /** The rows when the server signed the checkpoint that the member knows. */
  readonly known?: readonly string[];
  /** The receipt that the member has. */
  readonly receipt?: string;
  /** The rows that the server showed later. */
  readonly shown: readonly string[];
  /** What the server answers instead of the right proofs. */
  readonly answered?: Partial<ProofAnswer>;
  /** Who signs the answer. */
  readonly signer?: Identity;
}

/** What a member keeps after the server answered its question. */
function evidenceOf({ known, receipt, shown, answered, signer = server }: Story): Evidence {
  const checkpoints = known ? [treeOf(known)] : [];
  const receipts = receipt === undefined ? [] : [receipt];
  const question = {
    checkpoints: checkpoints.map(({ checkpoint }) => ({
      size: known!.length,
      digest: sha256Hex(checkpoint),
    })),
    receipts: receipts.map((text) => ({ entry: paid.number, digest: sha256Hex(text) })),
  };
  const { checkpoint, serverCertificate } = treeOf(shown, { identity: signer });
  const { consistency, inclusion } = plainProver(shown).answer({
    sizes: question.checkpoints.map(({ size }) => size),
    entries: question.receipts.map(({ entry }) => entry),
  });
  const proofs = {
    checkpoint,
    consistency: consistency.map(encodeProof),
    inclusion: inclusion.map(encodeProof),
    ...answered,
  };
  const answer = signProofs(question, proofs, signer);
  return {
    ...{ ledger: anchor.fingerprint, question, answer, serverCertificate },
    ...{ checkpoints, receipts },
  };
}

export interface EvidenceSample {
  readonly title: string;
  readonly evidence: object;
  /** A part of what it proves, or of why it proves nothing. */
  readonly says: RegExp;
}

const random = encodeProof(Array.from({ length: 4 }, (_, at) => hashLeaf(`made up ${at}`)));
const others = { consistency: [random], inclusion: [random] };
const grown = leaves.slice(0, 6);

/** The good proofs, where one bit of the last character stands for nothing. */
const strayBits = (() => {
  const { consistency, inclusion } = plainProver(leaves).answer({
    sizes: [grown.length],
    entries: [paid.number],
  });
  const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const changed = (hashes: readonly string[]) =>
    encodeProof(hashes).map((text) => text.slice(0, -1) + digits[digits.indexOf(text.at(-1)!) + 1]);
  return { consistency: consistency.map(changed), inclusion: inclusion.map(changed) };
})();
const restored = leaves.slice(0, 5);

/** Two peers showed the same checkpoint, and the server proves only the first one. */
const provenOnce: Evidence = (() => {
  const genuine = evidenceOf({ known: grown, shown: leaves });
  const { question, answer } = genuine;
  const checkpoints = [...question.checkpoints, ...question.checkpoints];
  const asked = { ...question, checkpoints };
  const proofs = { ...answer, consistency: [...answer.consistency, random] };
  return { ...genuine, question: asked, answer: signProofs(asked, proofs, server) };
})();

/** Evidence that convicts the server. */
export const proving: readonly EvidenceSample[] = [
  {
    title: "another ledger of the same length",
    evidence: evidenceOf({ known: leaves, shown: forged }),
    says: /^the server signed a ledger of 10 rows; asked later .* ledger of 10 rows begins with it/,
  },
  {
    title: "a longer ledger that begins otherwise",
    evidence: evidenceOf({ known: grown, shown: forged }),
    says: /^the server signed a ledger of 6 rows; .* does not prove it$/,
  },
  {
    title: "a shorter ledger, of the same second",
    evidence: evidenceOf({ known: leaves, shown: restored }),
    says: /^the server signed a ledger of 10 rows; asked later .* its ledger of 5 rows begins/,
  },
  {
    title: "a ledger that ends before the entry",
    evidence: evidenceOf({ receipt: receiptOf(leaves), shown: restored }),
    says: /^the server signed entry 7; asked later .* of 5 rows has it, .* does not prove it$/,
  },
  {
    title: "another entry at its place",
    evidence: evidenceOf({ receipt: receiptOf(leaves), shown: leaves.with(6, leaves[0]!) }),
    says: /^the server signed entry 7; .* does not prove it$/,
  },
  {
    title: "other rows before the entry",
    evidence: evidenceOf({ receipt: receiptOf(leaves), shown: forged }),
    says: /^the server signed entry 7; .* has other rows before the entry$/,
  },
  {
    title: "a second entry of one number",
    evidence: evidenceOf({ receipt: receiptOf(leaves, { leaf: leaves[0] }), shown: leaves }),
    says: /^the server signed entry 7; .* does not prove it$/,
  },
  {
    title: "a made-up proof that the ledger grew",
    evidence: evidenceOf({ known: grown, shown: leaves, answered: others }),
    says: /^the server signed a ledger of 6 rows; /,
  },
  {
    title: "a made-up proof of the entry",
    evidence: evidenceOf({ receipt: receiptOf(leaves), shown: leaves, answered: others }),
    says: /^the server signed entry 7; /,
  },
  {
    title: "a good proof that the ledger grew, with stray bits",
    evidence: evidenceOf({ known: grown, shown: leaves, answered: strayBits }),
    says: /^the server signed a ledger of 6 rows; /,
  },
  {
    title: "a good proof of the entry, with stray bits",
    evidence: evidenceOf({ receipt: receiptOf(leaves), shown: leaves, answered: strayBits }),
    says: /^the server signed entry 7; /,
  },
  {
    title: "a checkpoint that two peers showed, with one good proof and one made up",
    evidence: provenOnce,
    says: /^the server signed a ledger of 6 rows; /,
  },
  {
    title: "no proofs at all",
    evidence: evidenceOf({
      ...{ known: grown, receipt: receiptOf(leaves), shown: leaves },
      answered: { consistency: [], inclusion: [] },
    }),
    says: /^the server signed a ledger of 6 rows; /,
  },
];

const genuine = evidenceOf({ known: leaves, receipt: receiptOf(leaves), shown: forged });
const { question, answer } = genuine;
const otherReceipt = receiptOf(forged);

/** The server signed an answer to a question that a member misstated: an honest one does, too. */
const misnamed: Evidence = (() => {
  const checkpoints = question.checkpoints.map(({ digest }) => ({ size: 9, digest }));
  const asked = { ...question, checkpoints };
  return { ...genuine, question: asked, answer: signProofs(asked, answer, server) };
})();

/** Evidence that proves nothing. A dishonest member puts the pieces together. */
export const refused: readonly EvidenceSample[] = [
  {
    title: "proofs that hold",
    evidence: evidenceOf({ known: grown, receipt: receiptOf(leaves), shown: leaves }),
    says: /it proves nothing: all proofs hold/,
  },
  {
    title: "no signed text",
    evidence: { ...genuine, checkpoints: [], receipts: [] },
    says: /it proves nothing: all proofs hold/,
  },
  {
    title: "a checkpoint that the question does not name",
    evidence: { ...genuine, checkpoints: [treeOf(forged.slice(0, 9))] },
    says: /the server was not asked about the checkpoint of 9 rows/,
  },
  {
    title: "a receipt that the question does not name",
    evidence: { ...genuine, checkpoints: [], receipts: [otherReceipt] },
    says: /the server was not asked about the receipt of entry 7/,
  },
  {
    title: "a question that names the checkpoint with another size",
    evidence: misnamed,
    says: /not asked about the checkpoint of 10 rows/,
  },
  {
    title: "a question that was put in later",
    evidence: {
      ...genuine,
      question: { ...question, receipts: [{ entry: 7, digest: sha256Hex(otherReceipt) }] },
      receipts: [otherReceipt],
    },
    says: /the server did not sign this answer to this question/,
  },
  {
    title: "an answer with another proof",
    evidence: { ...genuine, answer: { ...answer, inclusion: [random] } },
    says: /the server did not sign this answer to this question/,
  },
  {
    title: "an answer with another checkpoint",
    evidence: { ...genuine, answer: { ...answer, checkpoint: treeOf(leaves).checkpoint } },
    says: /the server did not sign this answer to this question/,
  },
  {
    title: "an answer that the member signed",
    evidence: evidenceOf({ known: leaves, shown: forged, signer: alice }),
    says: /certificate/,
  },
  {
    title: "an answer that the member signed, with the server's certificate",
    evidence: {
      ...evidenceOf({ known: leaves, shown: forged, signer: alice }),
      serverCertificate: encodeBase64(server.certificate.der),
    },
    says: /the server did not sign this answer to this question/,
  },
  {
    title: "an answer by another CA's server",
    evidence: evidenceOf({ known: leaves, shown: forged, signer: serverIdentity(foreign) }),
    says: /certificate/,
  },
  {
    title: "a checkpoint that the member signed",
    evidence: { ...genuine, checkpoints: [treeOf(leaves, { identity: alice })] },
    says: /certificate/,
  },
  {
    title: "evidence of another ledger",
    evidence: { ...genuine, ledger: foreign.anchor.fingerprint },
    says: /it is of the ledger/,
  },
  {
    title: "an unknown member",
    evidence: { ...genuine, verdict: "guilty" },
    says: /verdict/,
  },
];
