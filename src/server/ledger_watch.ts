/**
 * Watches for account changes of other processes. A revoked certificate or a closed account ends
 * its member's sessions. A change that the server's identity did not sign stops the server.
 */
import type { Clock } from "../clock.ts";
import { ledgerWatchMs } from "../limits.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { ChangeHistory } from "../protocol/change_history.ts";
import { RepeatedTask } from "../repeated_task.ts";
import type { MemberSessions } from "./session/member_sessions.ts";
import type { Session } from "./session/session.ts";

export interface LedgerWatchOptions {
  readonly ledger: Ledger;
  readonly changes: ChangeHistory;
  readonly clock: Clock;
  readonly sessions: MemberSessions;
  /** Ends a session whose certificate no longer speaks for its account. */
  readonly end: (session: Session) => void;
  /** Called when the ledger cannot be read or cannot be trusted. */
  readonly onFailure: (error: unknown) => void;
}

/** Starts to watch. */
export function watchLedger(options: LedgerWatchOptions): RepeatedTask {
  const { ledger, changes, clock, sessions, end, onFailure } = options;
  let seen: number | undefined;
  const look = async () => {
    const revision = await ledger.revision();
    if (seen !== undefined && revision !== seen) {
      await changes.verify();
      for (const session of sessions.all()) if (isOutdated(session, changes)) end(session);
    }
    seen = revision;
  };
  return new RepeatedTask(look, { clock, everyMs: ledgerWatchMs, onFailure });
}

/** Returns whether a member's session speaks under a certificate that a change ended. */
function isOutdated({ channel: { peer }, memberName }: Session, changes: ChangeHistory): boolean {
  const change = memberName && changes.lastChange(memberName);
  if (change === undefined || peer.kind !== "certified") return false;
  return change.kind !== "reissue" || change.certificate !== peer.certificate.fingerprint;
}
