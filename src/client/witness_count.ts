/**
 * How many of the witnesses that a member believes cosigned what the server published.
 */
import { findCosignature, type VerifierKey } from "../protocol/cosignature.ts";
import type { PublishedTree } from "./published_checkpoint.ts";

/** The cosignatures of one published checkpoint. */
export interface WitnessCount {
  /** The number of its rows. */
  readonly entries: number;
  /** When the server signed it, in seconds since the epoch. */
  readonly at: number;
  /** Names of accepted witnesses that cosigned it. */
  readonly cosigned: readonly string[];
  /** Names of accepted witnesses that did not cosign it. */
  readonly absent: readonly string[];
}

/** Returns the count of the published checkpoint with the most accepted cosignatures. */
export function countWitnesses(
  trees: readonly PublishedTree[],
  accepted: readonly VerifierKey[],
): WitnessCount {
  const counts = trees.map(({ entry: entries, at, checkpoint }) => {
    const groups = Map.groupBy(accepted, (key) => findCosignature(checkpoint, key) !== undefined);
    const namesOf = (isCosigner: boolean) => groups.get(isCosigner)?.map(({ name }) => name) ?? [];
    return { entries, at, cosigned: namesOf(true), absent: namesOf(false) };
  });
  // The newest comes first, and stays first among equals.
  return counts.reduce((best, one) => one.cosigned.length > best.cosigned.length ? one : best);
}
