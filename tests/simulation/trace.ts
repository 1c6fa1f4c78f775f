/**
 * The events of a history, line by line, with their times. Two runs of one seed have the same
 * trace.
 */
import { createHash } from "node:crypto";
import type { Timeline } from "./timeline.ts";

export class Trace {
  readonly lines: string[] = [];
  /** What must never happen, and did. */
  readonly failures: string[] = [];
  readonly #timeline: Timeline;

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
  }

  note(who: string, what: string): void {
    this.lines.push(`${this.#timeline.nowMs.toFixed(3).padStart(12)}  ${who}: ${what}`);
  }

  fail(what: string): void {
    this.note("!!", what);
    this.failures.push(what);
  }

  get digest(): string {
    return createHash("sha256").update(this.lines.join("\n")).digest("hex");
  }
}
