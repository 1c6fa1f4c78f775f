/**
 * CHAIN: returns the leaves of entries and account changes in order. A member checks with them that
 * nothing it knows of was changed.
 */
import { decodeHex } from "@std/encoding/hex";
import { encodeBase64Url } from "../../base64.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { chainEntriesAtOnce, chainEntriesPerTurn, chainLeavesMax } from "../../limits.ts";
import { chainRequestType } from "../../protocol/chain.ts";
import { answerWith } from "../../protocol/request_type.ts";
import { yieldToEventLoop } from "../../yield_to_event_loop.ts";
import { memberRoute } from "../route.ts";

export const chainRoute = memberRoute({
  requestType: chainRequestType,
  notation: ({ after }) => `Chain#${after}`,
  async handle({ after }, { session, server }) {
    const stretch = new Stretch(after, server.ledger);
    while (!stretch.isWhole) await session.inTurn(() => stretch.readOn());
    const { head, leaves } = stretch;
    return answerWith({ head, leaves, last: await server.ledger.lastNumber() });
  },
});

/** One page of leaves, read in parts. Rows are only added, so consecutive parts fit together. */
class Stretch {
  head = "";
  isWhole = false;
  readonly leaves: string[] = [];
  readonly #after: number;
  readonly #ledger: Ledger;

  constructor(after: number, ledger: Ledger) {
    this.#after = after;
    this.#ledger = ledger;
  }

  /** Reads as much as fits into a turn. */
  async readOn(): Promise<void> {
    for (let read = 0; read < chainEntriesPerTurn && !this.isWhole; read += chainEntriesAtOnce) {
      await this.#readSome();
      await yieldToEventLoop();
    }
  }

  async #readSome(): Promise<void> {
    const isFirst = this.leaves.length === 0;
    const after = this.#after + this.leaves.length;
    const limit = Math.min(chainEntriesAtOnce, chainLeavesMax - this.leaves.length);
    const { head, leaves } = await this.#ledger.leaves({ after, limit });
    if (isFirst) this.head = head;
    this.leaves.push(...leaves.map((leaf) => encodeBase64Url(decodeHex(leaf))));
    this.isWhole = leaves.length < limit || this.leaves.length >= chainLeavesMax;
  }
}
