/**
 * The code of a thread that does parts of an audit. No module imports it: `audit_threads.ts` starts
 * it, and `deno compile` is told to include it.
 */
import { MicropayError } from "../../errors.ts";
import { AuditWork } from "../../operator/audit_task.ts";
import { readTrustAnchorOfAnyDate } from "../../pki/trust_anchor.ts";
import { openSnapshot } from "./open_snapshot.ts";
import type { ThreadAnswer, ThreadQuestion } from "./audit_threads.ts";

/** What a thread has in place of a window. */
const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<ThreadQuestion>) => void;
  postMessage(answer: ThreadAnswer): void;
};

let work: AuditWork | undefined;

scope.onmessage = async ({ data: { db, anchorDer, task } }) => {
  try {
    work ??= new AuditWork(
      await openSnapshot(db, (name) => Deno.env.get(name)),
      readTrustAnchorOfAnyDate(anchorDer),
    );
    const report = await work.perform(task, (rows) => scope.postMessage({ rows }));
    scope.postMessage({ report });
  } catch (error) {
    // Any other error is a defect. It ends the thread, and the process.
    if (!(error instanceof MicropayError)) throw error;
    scope.postMessage({ refusal: error.message });
  }
};
