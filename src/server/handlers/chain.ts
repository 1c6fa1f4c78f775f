/** CHAIN: digests of entries in order, for a member that checks that nothing it knows of was changed. */
import { encodeBase64Url } from "../../base64.ts";
import { chainDigestsMax, chainExchange } from "../../protocol/chain.ts";
import { answered } from "../../protocol/exchange.ts";
import { memberRoute } from "../route.ts";

export const chainRoute = memberRoute({
  exchange: chainExchange,
  notation: ({ after }) => `Chain#${after}`,
  async handle({ after }, { server: { ledger } }) {
    const { head, digests } = await ledger.chain({ after, limit: chainDigestsMax });
    const { entries } = await ledger.totals();
    return answered({ head, digests: digests.map(encodeBase64Url), entries });
  },
});
