/**
 * A witness's visit to a server: it fetches the checkpoint that the server published, verifies that
 * it is consistent with all that this witness cosigned, and cosigns it. It needs no account.
 */
import { parseAccountName } from "../../account_name.ts";
import { type Clock, nowSeconds } from "../../clock.ts";
import type { SessionKey } from "../../envelope/session_key.ts";
import { EnvelopeError } from "../../errors.ts";
import { checkpointAgeMsMax, checkpointCharactersMax } from "../../limits.ts";
import { createCertificateRequest, readCertificateRequest } from "../../pki/certificate_request.ts";
import { SigningKey } from "../../pki/signing_key.ts";
import type { TrustAnchor } from "../../pki/trust_anchor.ts";
import { readCheckpointNote } from "../../protocol/checkpoint.ts";
import { cosign, findCosignature } from "../../protocol/cosignature.ts";
import { cosignRequestType } from "../../protocol/published_checkpoint.ts";
import type { Refusal } from "../../protocol/request_type.ts";
import type { Network } from "../../transport/byte_stream.ts";
import type { Evidence } from "../evidence.ts";
import { askForProofs } from "../proof_answer.ts";
import { askForPublished } from "../published_checkpoint.ts";
import { greetServer } from "../server_greeting.ts";
import { ServerLink } from "../server_link.ts";
import type { ServerList } from "../server_list.ts";
import type { AuditedHead } from "../wallet/wallet_store.ts";
import type { WitnessFolder } from "./witness_folder.ts";

export interface WitnessContext {
  readonly server: ServerList;
  /** The checkpoint of this server that was cosigned last. */
  readonly last?: AuditedHead | undefined;
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
  const resolveAnchor = () => Promise.resolve(anchor);
  const connection = await server.connect((address) =>
    greetServer(address, { ...context, resolveAnchor })
  );
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
  const { at, ...published } = answer.trees[0]!;
  // The newest ledger begins with both, so the larger of them begins with the smaller one.
  const trees = [...(known ? [known] : []), published].filter(({ entry }) => entry > 0);
  const proofs = await askForProofs({ trees, receipts: [] }, { anchor, link });
  if (proofs.outcome === "refused") return proofs;
  const { evidence } = proofs;
  if (evidence) return { outcome: "rewritten", tree: proofs.tree, evidence };
  const isBehind = known !== undefined && known.entry > published.entry;
  // Another server of the ledger may have published its checkpoint before the known one.
  if (isBehind && (at - readCheckpointNote(known.checkpoint).at) * 1000 > checkpointAgeMsMax) {
    throw new EnvelopeError(
      `check the published checkpoint: it has ${published.entry} rows, and one before it had ` +
        `${known.entry}; tell the operator`,
    );
  }
  const { key } = folder.cosigner;
  const cosigned = [known, context.last].find((tree) =>
    tree && bodyOf(tree) === bodyOf(published) && findCosignature(tree.checkpoint, key)
  );
  const tree = cosigned ?? cosignTree(published, { ...context, isBehind });
  const { checkpoint } = tree;
  const reply = await link.ask(cosignRequestType, { checkpoint });
  const refusal = reply.outcome === "refused" ? reply : undefined;
  return { outcome: "cosigned", tree, at: findCosignature(checkpoint, key)!.at, refusal };
}

/**
 * Cosigns a tree. It is kept before the cosignature leaves this machine.
 *
 * @throws {EnvelopeError} when the checkpoint has no room for a cosignature, or a false one
 */
function cosignTree(
  tree: AuditedHead,
  { folder, clock, isBehind }: WitnessContext & { readonly isBehind: boolean },
): AuditedHead {
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
  folder.keep(cosigned, { isNewest: !isBehind });
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
