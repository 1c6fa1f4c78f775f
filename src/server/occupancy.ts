/**
 * How many are there, as it is reported with what happens.
 */
import type { ServerContext } from "./server_context.ts";
import type { Occupancy } from "./server_event.ts";

export function occupancyOf(
  { admission, strangers }: Pick<ServerContext, "admission" | "strangers">,
): Occupancy {
  const { servedCount: served, waitingCount: waiting, userLimit } = admission;
  return { served, waiting, userLimit, strangers: strangers.count };
}
