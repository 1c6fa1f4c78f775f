/**
 * The second thread of an audit: answers each batch of signatures, in their order, with {@link firstForged}. Nobody imports this file;
 * `signature_checks.ts` starts it, and `deno compile` is told to include it.
 */
import { firstForged, type SignedText } from "./signature_batch.ts";

/** What a worker has in place of a window. */
interface WorkerScope {
  onmessage: (event: MessageEvent<readonly SignedText[]>) => void;
  postMessage(forged: number): void;
}

const scope = globalThis as unknown as WorkerScope;
scope.onmessage = ({ data }) => scope.postMessage(firstForged(data));
