import type { Clock } from "../../src/clock.ts";
import { systemClock } from "../../src/clock.ts";
import { atMs } from "./certificate_maker.ts";

/** A clock that stands still, at noon of the tests' day unless told otherwise. */
export function clockAt(ms = atMs): Clock {
  return { ...systemClock, nowMs: () => ms };
}
