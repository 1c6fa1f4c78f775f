/**
 * What other members saw of the ledger. A payer and a payee show each other the newest checkpoint
 * that they verified, and each asks the server to prove that its ledger grew from the other's. A
 * server that shows two members two ledgers cannot.
 */
import type { AccountName } from "../account_name.ts";
import { FileError } from "../errors.ts";
import { peerCheckpointsMax } from "../limits.ts";
import type { TrustAnchor } from "../pki/trust_anchor.ts";
import { type SeenCheckpoint, verifySeenCheckpoint } from "../protocol/seen_checkpoint.ts";
import type { AuditedHead, Audits } from "./wallet/wallet_store.ts";

/** A tree that another member saw. */
export interface PeerTree extends AuditedHead {
  /** When the server signed its checkpoint: seconds since the epoch. */
  readonly at: number;
  readonly seenBy: AccountName;
}

interface Options {
  readonly anchor: TrustAnchor;
  readonly audits: Pick<Audits, "last">;
}

export class PeerCheckpoints {
  readonly #options: Options;
  /** The newest of each member that no audit has compared with the ledger, oldest first. */
  readonly #unchecked = new Map<AccountName, PeerTree>();

  constructor(options: Options) {
    this.#options = options;
  }

  /** Returns what to show a peer: `undefined` when no audit was made, or when it cannot be read. */
  async own(): Promise<SeenCheckpoint | undefined> {
    try {
      const last = await this.#options.audits.last();
      if (!last || last.entry === 0) return undefined;
      return { checkpoint: last.checkpoint, serverCertificate: last.certificate };
    } catch (error) {
      // The payment reports it, if it matters.
      if (error instanceof FileError) return undefined;
      throw error;
    }
  }

  /**
   * Takes what a peer shows, instead of what it showed before.
   *
   * @throws {EnvelopeError} | {CertificateError} when the server did not sign it. That is the
   * peer's fault, and says nothing about the server
   */
  take(seenBy: AccountName, seen: SeenCheckpoint): void {
    const { size: entry, head, at } = verifySeenCheckpoint(seen, this.#options);
    const { checkpoint, serverCertificate: certificate } = seen;
    this.#unchecked.delete(seenBy);
    if (entry === 0) return;
    this.#unchecked.set(seenBy, { entry, head, at, checkpoint, certificate, seenBy });
    const [first] = this.#unchecked.keys();
    if (first !== undefined && this.#unchecked.size > peerCheckpointsMax) {
      this.#unchecked.delete(first);
    }
  }

  /**
   * Returns at most `count` trees to compare with the ledger, those that came first.
   *
   * @param options.acceptedAt when the server signed the checkpoint that this member accepted last:
   * seconds since the epoch. Trees that were signed until then are left out: a peer that has not
   * accepted the restored ledger yet still shows one from before the restore
   */
  unchecked(
    count: number,
    { acceptedAt = -Infinity }: { readonly acceptedAt?: number | undefined } = {},
  ): PeerTree[] {
    return [...this.#unchecked.values()].filter(({ at }) => at > acceptedAt).slice(0, count);
  }

  /** Forgets trees that were compared with the ledger. */
  forget(trees: readonly PeerTree[]): void {
    for (const tree of trees) {
      if (this.#unchecked.get(tree.seenBy) === tree) this.#unchecked.delete(tree.seenBy);
    }
  }
}
