/**
 * A witness's visit to a server: it fetches the published checkpoint, verifies that it is
 * consistent with all that this witness cosigned, and cosigns it. It needs no account.
 */
import { parseAccountName } from "../../account_name.ts";
import { type Clock, nowSeconds } from "../../clock.ts";
import type { SessionKey } from "../../envelope/session_key.ts";
import { EnvelopeError } from "../../errors.ts";
import { checkpointCharactersMax } from "../../limits.ts";
import { createCertificateRequest, readCertificateRequest } from "../../pki/certificate_request.ts";
import { SigningKey } from "../../pki/signing_key.ts";
import type { TrustAnchor } from "../../pki/trust_anchor.ts";
import { readCheckpointNote } from "../../protocol/checkpoint.ts";
import { cosign, findCosignature } from "../../protocol/cosignature.ts";
import { cosignRequestType } from "../../protocol/published_checkpoint.ts";
import type { Refusal } from "../../protocol/request_type.ts";
import type { Endpoint, Network } from "../../transport/byte_stream.ts";
import type { Evidence } from "../evidence.ts";
import { askForProofs } from "../proof_answer.ts";
import { askForPublished } from "../published_checkpoint.ts";
import { greetServer } from "../server_greeting.ts";
import { ServerLink } from "../server_link.ts";
import type { AuditedHead } from "../wallet/wallet_store.ts";
import type { WitnessFolder } from "./witness_folder.ts";

export interface WitnessContext {
  readonly server: Endpoint;
  readonly anchor: TrustAnchor;
  readonly folder: WitnessFolder;
  readonly network: Network;
  readonly clock: Clock;
  readonly makeSessionKey: () => Promise<SessionKey>;
  /** How long to wait for one answer. */
  readonly timeoutMs: number;
}

export type Visit =
  | {
    readonly outcome: "cosigned";
    readonly tree: AuditedHead;
    /** When it was cosigned, in seconds since the epoch. */
    readonly at: number;
    /** Why the server does not keep the cosignature. Absent when it does. */
    readonly refusal?: Refusal | undefined;
  }
  /** The server rewrote its ledger. Nothing was cosigned. */
  | {
    readonly outcome: "rewritten";
    /** The newest tree that the server showed. */
    readonly tree: AuditedHead;
    readonly evidence: Evidence;
  }
  | Refusal;

/**
 * Visits the server once.
 *
 * @throws {ConnectError} | {TimeoutError} | {ClosedError} when no server answers
 * @throws {UntrustedError} when what answers is not a server of this ledger
 * @throws {EnvelopeError} | {ProtocolError} when an answer is not genuine
 * @throws {FileError} when the folder cannot be read or written
 */
export async function visitServer(context: WitnessContext): Promise<Visit> {
  const { server, anchor, clock, timeoutMs } = context;
  const connection = await greetServer(server, {
    ...context,
    resolveAnchor: () => Promise.resolve(anchor),
  });
  const sessionKey = await context.makeSessionKey();
  const channel = connection.introduce({ signer: makeApplicant(), sessionKey });
  const serverTimeMs = connection.greeting.issuedAtMs;
  const link = new ServerLink(channel, { clock, timeoutMs, serverTimeMs });
  try {
    return await cosignPublished(link, context);
  } finally {
    channel.close();
  }
}

async function cosignPublished(link: ServerLink, context: WitnessContext): Promise<Visit> {
  const { anchor, folder } = context;
  const known = folder.newest(anchor);
  const answer = await askForPublished({ anchor, link });
  if (answer.outcome === "refused") return answer;
  const { at: _, ...published } = answer.trees[0]!;
  // The newest ledger begins with both, so the larger of them begins with the smaller one.
  const trees = [...(known ? [known] : []), published].filter(({ entry }) => entry > 0);
  const proofs = await askForProofs({ trees, receipts: [] }, { anchor, link });
  if (proofs.outcome === "refused") return proofs;
  const { evidence } = proofs;
  if (evidence) return { outcome: "rewritten", tree: proofs.tree, evidence };
  if (known && known.entry > published.entry) {
    throw new EnvelopeError(
      `check the published checkpoint: it has ${published.entry} rows, and one before it had ` +
        `${known.entry}; tell the operator`,
    );
  }
  const { key } = folder.cosigner;
  const isCosigned = known && bodyOf(known) === bodyOf(published) &&
    findCosignature(known.checkpoint, key) !== undefined;
  const tree = isCosigned ? known : cosignTree(published, context);
  const { checkpoint } = tree;
  const reply = await link.ask(cosignRequestType, { checkpoint });
  const refusal = reply.outcome === "refused" ? reply : undefined;
  const { at } = findCosignature(checkpoint, key)!;
  return { outcome: "cosigned", tree, at, refusal };
}

/**
 * Cosigns a tree. It is kept before the cosignature leaves this machine.
 *
 * @throws {EnvelopeError} when the checkpoint has no room for a cosignature, or a false one
 */
function cosignTree(tree: AuditedHead, { folder, clock }: WitnessContext): AuditedHead {
  const checkpoint = cosign(tree.checkpoint, folder.cosigner, nowSeconds(clock));
  if (checkpoint.length > checkpointCharactersMax) {
    throw new EnvelopeError("cosign a checkpoint: it has no room for another cosignature");
  }
  if (findCosignature(checkpoint, folder.cosigner.key) === undefined) {
    throw new EnvelopeError(
      "cosign a checkpoint: the server put a false cosignature under this witness's name into " +
        "it; tell the operator",
    );
  }
  const cosigned = { ...tree, checkpoint };
  folder.keep(cosigned);
  return cosigned;
}

/** Returns what a server signs of a checkpoint. */
function bodyOf({ checkpoint }: AuditedHead): string {
  return readCheckpointNote(checkpoint).body;
}

/**
 * Returns an applicant that asks for no account. It has a new key: the witness's own one signs
 * checkpoints only.
 */
function makeApplicant() {
  const { signingKey } = SigningKey.generate();
  const der = createCertificateRequest(parseAccountName("witness")!, signingKey);
  return { kind: "applicant", request: readCertificateRequest(der), signingKey } as const;
}
