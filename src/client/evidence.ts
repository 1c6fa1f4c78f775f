/**
 * Evidence against a server whose ledger did not only grow. Anybody with the CA's certificate can
 * check it, without the server and the member.
 *
 * It holds a checkpoint or a receipt that the server signed, and the server's later answer to a
 * question about it. The server signs its answer together with the question, and the question has
 * the digest of the signed text. So the answer came later, whatever the clocks said. An honest
 * server can always prove what it signed. A signed answer that does not prove it convicts the
 * server.
 */
import * as v from "valibot";
import { EnvelopeError, ProtocolError } from "../errors.ts";
import { isConsistent, type TreeHead } from "../ledger/tree_proofs.ts";
import { proofCheckpointsMax, proofReceiptsMax } from "../limits.ts";
import { sha256Hex } from "../pki/signing_key.ts";
import type { TrustAnchor } from "../pki/trust_anchor.ts";
import { verifyCheckpoint } from "../protocol/checkpoint.ts";
import {
  decodeProof,
  type ProofAnswer,
  proofRequestType,
  verifyProofs,
} from "../protocol/proof.ts";
import { type Receipt, verifyReceipt } from "../protocol/receipt.ts";
import { type InclusionFault, inclusionFault } from "../protocol/receipt_proof.ts";
import { check } from "../protocol/request_type.ts";
import {
  seenCheckpointShape,
  serverCertificateShape,
  serverKey,
  verifySeenCheckpoint,
} from "../protocol/seen_checkpoint.ts";
import { compactJwsShape, digestShape } from "../protocol/shapes.ts";
import { parseJsonObject } from "../strict_json.ts";

const evidenceShape = v.strictObject({
  /** The ledger: the SHA-256 fingerprint of its CA certificate. */
  ledger: digestShape,
  /** What the member asked. */
  question: proofRequestType.request,
  /** What the server answered. Its signature covers the question, too. */
  answer: proofRequestType.answer,
  /** The certificate of the server that signed the answer. */
  serverCertificate: serverCertificateShape,
  /** Checkpoints that the question names, and that the answer does not prove. */
  checkpoints: v.pipe(
    v.array(seenCheckpointShape),
    v.maxLength(proofCheckpointsMax),
  ),
  /** Receipts that the question names, and that the answer does not prove. */
  receipts: v.pipe(v.array(compactJwsShape), v.maxLength(proofReceiptsMax)),
});

/** What a member keeps when a proof of the server does not hold. */
export type Evidence = v.InferOutput<typeof evidenceShape>;

/**
 * Checks evidence.
 *
 * @param text the file's text, a JSON object
 * @returns a sentence about what the server did, without its full stop
 * @throws {EnvelopeError} when the server did not sign it, or it proves nothing
 * @throws {CertificateError} when a certificate is not of a server of this ledger
 * @throws {ProtocolError} when it is not evidence
 */
export function verifyEvidence(text: string, { anchor }: { anchor: TrustAnchor }): string {
  const attempt = "read the evidence";
  const members = parseJsonObject(text);
  if (!members) throw new ProtocolError(`${attempt}: it is not a JSON object`);
  const evidence = check(evidenceShape, members, attempt);
  const { ledger, question, answer, serverCertificate } = evidence;
  if (ledger !== anchor.fingerprint) {
    throw new EnvelopeError(
      `${attempt}: it is of the ledger ${ledger}, and the CA is of the ledger ${anchor.fingerprint}`,
    );
  }
  const publicKey = serverKey(serverCertificate, { anchor });
  verifyProofs(question, answer, { publicKey });
  const newest = verifyCheckpoint(answer.checkpoint, { anchor, publicKey });
  const signed = readSignedTexts(evidence, { anchor });
  const { isGrown, inclusionFaults } = faultsIn(answer, { newest, ...signed });
  const tree = signed.trees.find((_, index) => !isGrown[index]);
  if (tree) {
    return `the server signed a ledger of ${tree.size} rows; asked later to prove that its ledger ` +
      `of ${newest.size} rows begins with it, it signed an answer that does not prove it`;
  }
  const at = inclusionFaults.findIndex((fault) => fault !== undefined);
  const receipt = signed.receipts[at];
  if (!receipt) throw new EnvelopeError("check the evidence: it proves nothing: all proofs hold");
  const shown = inclusionFaults[at] === "missing"
    ? "does not prove it"
    : "has other rows before the entry";
  return `the server signed entry ${receipt.entry}; asked later to prove that its ledger of ` +
    `${newest.size} rows has it, it signed an answer that ${shown}`;
}

/** Signed texts at their places in the question. Places without a text are empty. */
interface SignedTexts {
  readonly trees: readonly (TreeHead | undefined)[];
  readonly receipts: readonly (Receipt | undefined)[];
}

/**
 * Compares an answer with what was asked about. Without a text, a proof has no fault. A proof with
 * a hash that is not 32 bytes in base64url does not hold: the server signed it all the same.
 */
export function faultsIn(
  { consistency, inclusion }: Pick<ProofAnswer, "consistency" | "inclusion">,
  { newest, trees, receipts }: SignedTexts & { readonly newest: TreeHead },
): { isGrown: boolean[]; inclusionFaults: (InclusionFault | undefined)[] } {
  return {
    isGrown: trees.map((tree, index) => {
      const proof = decodeIfGood(consistency[index]);
      return !tree || (proof !== undefined && isConsistent(tree, newest, proof));
    }),
    inclusionFaults: receipts.map((receipt, index) => {
      const proof = decodeIfGood(inclusion[index]);
      return receipt && (proof ? inclusionFault(receipt, newest, proof) : "missing");
    }),
  };
}

function decodeIfGood(proof: readonly string[] = []): string[] | undefined {
  try {
    return decodeProof(proof);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return undefined;
  }
}

/**
 * Verifies the texts that the server signed before, and finds their places in the question. One
 * text may have several: two peers can show the same checkpoint, and each place has its own proof.
 */
function readSignedTexts(
  { question, checkpoints, receipts }: Evidence,
  { anchor }: { anchor: TrustAnchor },
): SignedTexts {
  const trees: (TreeHead | undefined)[] = question.checkpoints.map(() => undefined);
  for (const seen of checkpoints) {
    const tree = verifySeenCheckpoint(seen, { anchor });
    const digest = sha256Hex(seen.checkpoint);
    const isAsked = question.checkpoints.map((asked) =>
      asked.digest === digest && asked.size === tree.size
    );
    requireAsked(isAsked, `the checkpoint of ${tree.size} rows`);
    for (const [place, isHere] of isAsked.entries()) if (isHere) trees[place] = tree;
  }
  const entries: (Receipt | undefined)[] = question.receipts.map(() => undefined);
  for (const text of receipts) {
    const { payload } = verifyReceipt(text, { anchor });
    const digest = sha256Hex(text);
    const isAsked = question.receipts.map((asked) =>
      asked.digest === digest && asked.entry === payload.entry
    );
    requireAsked(isAsked, `the receipt of entry ${payload.entry}`);
    for (const [place, isHere] of isAsked.entries()) if (isHere) entries[place] = payload;
  }
  return { trees, receipts: entries };
}

function requireAsked(isAsked: readonly boolean[], what: string): void {
  if (isAsked.includes(true)) return;
  throw new EnvelopeError(`check the evidence: the server was not asked about ${what}`);
}
