/**
 * The audits that a member's client makes by itself. They ask for nothing that a good audit has
 * shown, and are silent as long as the ledger only grows.
 */
import { ClosedError, isDocumentError, MicropayError, TimeoutError } from "../errors.ts";
import { selfAuditWaitMs } from "../limits.ts";
import type { Refusal } from "../protocol/request_type.ts";
import { resultInTime } from "../transport/deadline.ts";
import type { MemberAudit } from "./ledger_audit.ts";
import type { Member } from "./member.ts";

export interface SelfAuditListener {
  /** Told once, because every later audit would find the same. */
  readonly onFailure: (audit: MemberAudit) => void;
  /**
   * Told of an audit that could not be made, although the server answered. The next ones are made
   * all the same: a full disk gets room again, and a dishonest server would send one bad answer.
   */
  readonly onError: (error: MicropayError) => void;
}

export class SelfAudit {
  readonly #member: Pick<Member, "audit" | "context">;
  readonly #listener: SelfAuditListener;
  #running: Promise<void> = Promise.resolve();
  /** The audit that begins when the running one is done. */
  #next: Promise<void> | undefined;
  /** The audit that found something, until the listener was told. */
  #untold: MemberAudit | undefined;
  #hasFailed = false;
  #error: MicropayError | undefined;

  constructor(member: Pick<Member, "audit" | "context">, listener: SelfAuditListener) {
    this.#member = member;
    this.#listener = listener;
  }

  /** Whether the server was found to have rewritten its ledger. */
  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  /** Why no audit could be made. A server that does not answer is no reason. */
  get error(): MicropayError | undefined {
    return this.#error;
  }

  /**
   * Audits what is there now. One audit runs at a time, and those who ask meanwhile share the next
   * one, so many payments take few messages.
   */
  run(): Promise<void> {
    this.#next ??= this.#running.then(() => {
      this.#running = this.#next!;
      this.#next = undefined;
      return this.#audit();
    });
    return this.#next;
  }

  /**
   * Audits, and waits at most {@link selfAuditWaitMs}. What was found by then is told, because a
   * dishonest server can hold the rest back.
   */
  async runSoon({ signal }: { readonly signal?: AbortSignal | undefined } = {}): Promise<void> {
    if (signal?.aborted) return;
    const { clock } = this.#member.context;
    await resultInTime(this.run(), { clock, timeoutMs: selfAuditWaitMs, signal });
    this.#tell(this.#untold);
  }

  #tell(found: MemberAudit | undefined): void {
    if (!this.#untold || !found) return;
    this.#untold = undefined;
    try {
      this.#listener.onFailure(found);
    } catch (error) {
      // A payment that was made must not end as one that failed.
      if (!(error instanceof MicropayError)) throw error;
      this.#tellError(error);
    }
  }

  /** Tells the first error, and the first for which the server is to blame. */
  #tellError(error: MicropayError): void {
    if (this.#error && (isDocumentError(this.#error) || !isDocumentError(error))) return;
    this.#error = error;
    this.#listener.onError(error);
  }

  async #audit(): Promise<void> {
    if (this.#hasFailed) return;
    try {
      const found = failureIn(await this.#member.audit({ unauditedOnly: true }));
      if (!found) return;
      this.#hasFailed = true;
      this.#untold = found;
      // All receipts together show where the ledger was changed.
      const whole = await this.#member.audit().catch(() => undefined);
      this.#tell((whole && failureIn(whole)) ?? found);
    } catch (error) {
      if (!(error instanceof MicropayError)) throw error;
      // The next audit checks the same again.
      if (error instanceof TimeoutError || error instanceof ClosedError) return;
      this.#tellError(error);
    }
  }
}

/** @returns the audit when it found something */
function failureIn(audit: MemberAudit | Refusal): MemberAudit | undefined {
  return audit.outcome === "audited" && audit.evidence ? audit : undefined;
}
