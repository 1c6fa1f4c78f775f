/**
 * CHAIN: returns digests of entries and account changes in order. A member checks with them that
 * nothing it knows of was changed.
 */
import { encodeBase64Url } from "../../base64.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { chainDigestsMax, chainEntriesAtOnce, chainEntriesPerTurn } from "../../limits.ts";
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
    const { head, digests } = stretch;
    return answerWith({ head, digests, last: await server.ledger.lastNumber() });
  },
});

/** One page of the chain, read in parts. Rows are only added, so consecutive parts fit together. */
class Stretch {
  head = "";
  isWhole = false;
  readonly digests: string[] = [];
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
    const isFirst = this.digests.length === 0;
    const after = this.#after + this.digests.length;
    const limit = Math.min(chainEntriesAtOnce, chainDigestsMax - this.digests.length);
    const { head, digests } = await this.#ledger.chain({ after, limit });
    if (isFirst) this.head = head;
    this.digests.push(...digests.map(encodeBase64Url));
    this.isWhole = digests.length < limit || this.digests.length >= chainDigestsMax;
  }
}
