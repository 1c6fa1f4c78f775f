/**
 * Evidence against a server whose ledger did not only grow: what it signed, and the proofs that it
 * gave. Anybody with the CA's certificate can check it, without the server and the member.
 *
 * Checkpoints and receipts are signed, proofs are not. Two signed heads for one size contradict
 * each other, and a proof that leads to a signed head shows what that head covers. Nobody can make
 * these up. A proof that does not hold can be made up by anybody.
 */
import * as v from "valibot";
import { decodeBase64Strict } from "../base64.ts";
import { EnvelopeError, ProtocolError } from "../errors.ts";
import { isConsistent, rootsOfGrowth, rootsOver, type TreeHead } from "../ledger/tree_proofs.ts";
import { checkpointCharactersMax, proofEntriesMax } from "../limits.ts";
import { verifyChain } from "../pki/certificate_profile.ts";
import type { TrustAnchor } from "../pki/trust_anchor.ts";
import type { Validity } from "../pki/x509/validity.ts";
import { type Checkpoint, verifyCheckpoint } from "../protocol/checkpoint.ts";
import { decodeProof, proofShape } from "../protocol/proof.ts";
import { type Receipt, verifyReceipt } from "../protocol/receipt.ts";
import { check } from "../protocol/request_type.ts";
import { compactJwsShape, digestShape } from "../protocol/shapes.ts";
import { parseJsonObject } from "../strict_json.ts";

const signedTreeShape = v.strictObject({
  /** A signed note. */
  checkpoint: v.pipe(v.string(), v.maxLength(checkpointCharactersMax)),
  /** The certificate of the server that signed it: DER in base64. */
  serverCertificate: v.pipe(v.string(), v.maxLength(8192)),
});

const evidenceShape = v.strictObject({
  /** The ledger: the SHA-256 fingerprint of its CA certificate. */
  ledger: digestShape,
  /** The tree of the last good audit. */
  earlier: v.optional(signedTreeShape),
  /** The server's proof that the newest tree begins with the earlier one. */
  consistency: v.optional(proofShape),
  /** The tree that the server showed then. */
  newest: signedTreeShape,
  /** Receipts, each with the server's proof that the newest tree has its entry. */
  receipts: v.pipe(
    v.array(v.strictObject({ receipt: compactJwsShape, proof: proofShape })),
    v.maxLength(proofEntriesMax),
  ),
});

/** What a member keeps when its audit fails. Hashes are in base64url, as they came. */
export type Evidence = v.InferOutput<typeof evidenceShape>;

export interface EvidenceVerdict {
  /**
   * What else has to be believed: nothing beside the server's signatures, the times that the server
   * signed, or the word of the member who shows the evidence.
   */
  readonly restsOn: "signatures" | "clock" | "word";
  /** A sentence about what the server did. */
  readonly text: string;
}

/**
 * Clocks of one server that differ by less prove no order: it signs a checkpoint a moment after it
 * read the ledger, and books an order a moment after it took the time.
 */
const clockDifferenceMsMin = 60_000;

/**
 * Checks evidence, and says what it proves.
 *
 * @param text the file's text, a JSON object
 * @throws {EnvelopeError} when the server did not sign it, or it proves nothing
 * @throws {CertificateError} when a certificate is not of a server of this ledger
 * @throws {ProtocolError} when it is not evidence
 */
export function verifyEvidence(
  text: string,
  { anchor }: { anchor: TrustAnchor },
): EvidenceVerdict {
  const evidence = readEvidence(text, { anchor });
  return contradiction(evidence) ?? shrinking(evidence) ?? failingProof(evidence);
}

/** Evidence whose signatures are good. */
interface SignedEvidence {
  readonly earlier: Checkpoint | undefined;
  readonly consistency: readonly string[];
  readonly newest: Checkpoint;
  readonly receipts: readonly { readonly receipt: Receipt; readonly proof: readonly string[] }[];
}

function readEvidence(text: string, { anchor }: { anchor: TrustAnchor }): SignedEvidence {
  const attempt = "read the evidence";
  const members = parseJsonObject(text);
  if (!members) throw new ProtocolError(`${attempt}: it is not a JSON object`);
  const { ledger, earlier, newest, consistency = [], receipts } = check(
    evidenceShape,
    members,
    attempt,
  );
  if (ledger !== anchor.fingerprint) {
    throw new EnvelopeError(
      `${attempt}: it is of the ledger ${ledger}, and the CA is of the ledger ${anchor.fingerprint}`,
    );
  }
  return {
    earlier: earlier && readSignedTree(earlier, { anchor }),
    newest: readSignedTree(newest, { anchor }),
    consistency: decodeProof(consistency),
    receipts: receipts.map(({ receipt, proof }) => ({
      receipt: verifyReceipt(receipt, { anchor }).payload,
      proof: decodeProof(proof),
    })),
  };
}

function readSignedTree(
  { checkpoint, serverCertificate }: Evidence["newest"],
  { anchor }: { anchor: TrustAnchor },
): Checkpoint {
  const der = decodeBase64Strict(serverCertificate);
  if (!der) throw new EnvelopeError("read the evidence: a serverCertificate is not base64");
  // Any date will do: a server that states a wrong time signed the checkpoint all the same.
  const atMs = ({ notBeforeMs }: Validity) => notBeforeMs;
  const { publicKey } = verifyChain([der], { anchor, role: "server", atMs });
  return verifyCheckpoint(checkpoint, { anchor, publicKey });
}

/** A head that the server signed, or that a proof derives from one. */
interface SignedHead extends TreeHead {
  /** What says so. */
  readonly source: string;
}

/** @returns the verdict when two signatures of the server contradict each other */
function contradiction(evidence: SignedEvidence): EvidenceVerdict | undefined {
  const heads = new Map<number, SignedHead>();
  for (const { size, head, source } of headsOf(evidence)) {
    const other = heads.get(size);
    if (other && other.head !== head) {
      return {
        restsOn: "signatures",
        text: `the server signed two different ledgers of ${size} rows: ${other.source} says ` +
          `the head ${other.head}, and ${source} says ${head}`,
      };
    }
    heads.set(size, { size, head, source });
  }
  const leaves = new Map<number, string>();
  for (const { receipt: { entry, leaf } } of evidence.receipts) {
    if ((leaves.get(entry) ?? leaf) !== leaf) {
      return { restsOn: "signatures", text: `the server signed two different entries ${entry}` };
    }
    leaves.set(entry, leaf);
  }
  return undefined;
}

function* headsOf(
  { earlier, consistency, newest, receipts }: SignedEvidence,
): Generator<SignedHead> {
  const source = `the checkpoint of ${newest.size} rows, signed at ${timeOf(newest)},`;
  yield { ...newest, source };
  if (earlier) {
    yield { ...earlier, source: `the checkpoint of ${earlier.size} rows` };
    const roots = rootsOfGrowth(earlier, { size: newest.size, proof: consistency });
    if (roots?.root === newest.head) yield { size: earlier.size, head: roots.head, source };
  }
  for (const { receipt: { entry, head, leaf }, proof } of receipts) {
    yield { size: entry, head, source: `the receipt of entry ${entry}` };
    const roots = rootsOver({ leaf, index: entry - 1, size: newest.size, proof });
    if (roots?.root === newest.head) yield { size: entry, head: roots.head, source };
  }
}

/** @returns the verdict when the ledger had more rows before */
function shrinking({ earlier, newest, receipts }: SignedEvidence): EvidenceVerdict | undefined {
  const told = [
    ...(earlier
      ? [{
        size: earlier.size,
        atMs: earlier.at * 1000,
        what: `a ledger of ${earlier.size} rows at ${timeOf(earlier)}`,
      }]
      : []),
    ...receipts.map(({ receipt: { entry: size, at } }) => ({
      size,
      atMs: Date.parse(at),
      what: `entry ${size}, booked at ${at}`,
    })),
  ];
  const lost = told.find(({ size, atMs }) =>
    size > newest.size && newest.at * 1000 - atMs >= clockDifferenceMsMin
  );
  if (!lost) return undefined;
  return {
    restsOn: "clock",
    text: `the server signed ${lost.what}, and later, at ${timeOf(newest)}, a ledger of only ` +
      `${newest.size} rows; this rests on the server's own clock`,
  };
}

/**
 * Finds a proof that does not hold.
 *
 * @throws {EnvelopeError} when all of them hold, or the newest tree is older than the rest
 */
function failingProof(
  { earlier, consistency, newest, receipts }: SignedEvidence,
): EvidenceVerdict {
  const refuse = (why: string): never => {
    throw new EnvelopeError(`check the evidence: it proves nothing, because ${why}`);
  };
  const newestMs = newest.at * 1000 + 999;
  if (earlier && !isConsistent(earlier, newest, consistency)) {
    if (newest.at < earlier.at) refuse("the newest checkpoint is older than the earlier one");
    return onWord(
      `the server signed a ledger of ${earlier.size} rows, and its proof that a ledger of ` +
        `${newest.size} rows begins with it does not hold`,
    );
  }
  const missing = receipts.find(({ receipt: { entry, leaf }, proof }) =>
    rootsOver({ leaf, index: entry - 1, size: newest.size, proof })?.root !== newest.head
  )?.receipt;
  if (!missing) return refuse("all proofs hold");
  if (newestMs < Date.parse(missing.at)) {
    refuse(`its checkpoint is older than entry ${missing.entry}`);
  }
  return onWord(
    `the server signed entry ${missing.entry}, and its proof that a ledger of ${newest.size} ` +
      `rows has it does not hold`,
  );
}

function onWord(text: string): EvidenceVerdict {
  const word = "the proof is not signed, so this rests on the word of the member who shows it: " +
    "ask the server to prove it of the ledger that it has now";
  return { restsOn: "word", text: `${text}; ${word}` };
}

function timeOf({ at }: Checkpoint): string {
  return new Date(at * 1000).toISOString();
}
