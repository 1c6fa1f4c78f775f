/**
 * The checkpoints that the server published, with the cosignatures that witnesses brought. They are
 * kept in memory: after a restart, witnesses cosign the next one.
 */
import { type Clock, nowSeconds } from "../clock.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { publishedCheckpointsMax, publishEveryMs } from "../limits.ts";
import type { Identity } from "../pki/identity.ts";
import type { TrustAnchor } from "../pki/trust_anchor.ts";
import { readCheckpointNote, signCheckpoint } from "../protocol/checkpoint.ts";
import { findCosignature, type VerifierKey } from "../protocol/cosignature.ts";

export interface PublishedCheckpointsOptions {
  readonly ledger: Ledger;
  readonly identity: Identity;
  readonly anchor: TrustAnchor;
  readonly clock: Clock;
  /** The witnesses whose cosignatures are kept, at most `witnessesMax`. */
  readonly witnesses: readonly VerifierKey[];
}

/** A published checkpoint. */
interface Published {
  readonly body: string;
  /** The signed note with its cosignatures. */
  text: string;
  readonly cosigners: Set<VerifierKey>;
}

export type AddedCosignature = "added" | "witness_unknown" | "not_published";

export class PublishedCheckpoints {
  readonly #options: PublishedCheckpointsOptions;
  /** The newest first. */
  #kept: readonly Published[] = [];
  #publishedAtMs = -Infinity;
  #publishing: Promise<void> | undefined;

  constructor(options: PublishedCheckpointsOptions) {
    this.#options = options;
  }

  /**
   * Returns the newest checkpoint, and behind it the earlier one with the most cosignatures, if
   * that has more. Publishes another one first when the newest is older than {@link
   * publishEveryMs}. Until somebody asks, it signs nothing, and nobody can tell the difference.
   */
  async newest(): Promise<string[]> {
    if (this.#options.clock.monotonicMs() - this.#publishedAtMs >= publishEveryMs) {
      this.#publishing ??= this.#publish().finally(() => this.#publishing = undefined);
      await this.#publishing;
    }
    const [newest, ...earlier] = this.#kept as [Published, ...Published[]];
    let best = newest;
    for (const one of earlier) if (one.cosigners.size > best.cosigners.size) best = one;
    return best === newest ? [newest.text] : [newest.text, best.text];
  }

  /**
   * Keeps the cosignatures of the named witnesses in a signed note. It keeps no others: a stranger
   * can neither displace an honest cosignature nor make the server store data.
   *
   * @returns `added` also when the cosignature is there already
   * @throws {EnvelopeError} when the text has not the form of a checkpoint
   */
  add(text: string): AddedCosignature {
    const { body } = readCheckpointNote(text);
    const published = this.#kept.find((one) => one.body === body);
    if (!published) return "not_published";
    let outcome: AddedCosignature = "witness_unknown";
    for (const key of this.#options.witnesses) {
      const found = findCosignature(text, key);
      if (!found) continue;
      outcome = "added";
      if (published.cosigners.has(key)) continue;
      published.cosigners.add(key);
      published.text += found.line;
    }
    return outcome;
  }

  async #publish(): Promise<void> {
    const { ledger, clock } = this.#options;
    const { size, head } = await ledger.proofs({ sizes: [], entries: [] });
    const { text } = signCheckpoint({ size, head, at: nowSeconds(clock) }, this.#options);
    const { body } = readCheckpointNote(text);
    const published: Published = { body, text, cosigners: new Set() };
    this.#kept = [published, ...this.#kept].slice(0, publishedCheckpointsMax);
    this.#publishedAtMs = clock.monotonicMs();
  }
}
