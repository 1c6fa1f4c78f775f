/**
 * The second thread of an audit: answers each batch of signatures, in their order, with {@link firstForged}. Nobody imports this file;
 * `signature_checks.ts` starts it, and `deno compile` is told to include it.
 */
import { firstForged } from "./signature_batch.ts";

/** A batch on its way to the thread. */
export interface HandedBatch {
  readonly memory: ArrayBuffer;
  readonly length: number;
}

/** What comes back: the memory too, to be filled again. */
export interface AnsweredBatch {
  readonly memory: ArrayBuffer;
  readonly forged: number;
}

/** What a worker has in place of a window. */
interface WorkerScope {
  onmessage: (event: MessageEvent<HandedBatch>) => void;
  postMessage(answer: AnsweredBatch, transfer: ArrayBuffer[]): void;
}

const scope = globalThis as unknown as WorkerScope;
scope.onmessage = ({ data: { memory, length } }) => {
  const forged = firstForged(new Uint8Array(memory, 0, length));
  scope.postMessage({ memory, forged }, [memory]);
};
