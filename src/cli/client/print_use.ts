/**
 * The course project's summary, which the menu and the full-screen client end with.
 */
import type { Clock } from "../../clock.ts";
import type { MeteredNetwork } from "../../transport/metered_network.ts";

interface UseMeter {
  readonly network: MeteredNetwork;
  readonly clock: Clock;
  readonly print: (line: string) => void;
}

/** Returns a function that prints the bytes written and read, and the time since now. */
export function usePrinter({ network, clock, print }: UseMeter): () => void {
  const startMs = clock.monotonicMs();
  return () => {
    const seconds = ((clock.monotonicMs() - startMs) / 1000).toFixed(3);
    print(`Bytes written: ${network.bytesWritten}`);
    print(`Bytes read: ${network.bytesRead}`);
    print(`Time spent: ${seconds} s`);
  };
}
