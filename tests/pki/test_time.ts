import type { Clock } from "../../src/clock.ts";
import { systemClock } from "../../src/clock.ts";
import { atMs } from "./certificate_maker.ts";

/** Returns a stopped clock, by default at noon of the tests' day. */
export function clockAt(ms = atMs): Clock {
  return { ...systemClock, nowMs: () => ms };
}
