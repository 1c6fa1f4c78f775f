/** How full the server is, as its events report it. */
import type { Admission } from "./admission.ts";
import type { Strangers } from "./strangers.ts";

/** Numbers of connections after an event. */
export interface Occupancy {
  /** Members' connections that are served. */
  readonly served: number;
  /** Members' connections in the waiting room. */
  readonly waiting: number;
  /** How many members' connections are served at a time. */
  readonly userLimit: number;
  /** Connections that have not proved a member. */
  readonly strangers: number;
}

/** Returns the numbers of connections now. */
export function occupancyOf(
  { admission, strangers }: { readonly admission: Admission; readonly strangers: Strangers },
): Occupancy {
  const { servedCount: served, waitingCount: waiting, userLimit } = admission;
  return { served, waiting, userLimit, strangers: strangers.count };
}
