/**
 * Noticing what others do to the ledger beside the running server. A revoked certificate or a closed account ends its member's
 * sessions; an account change that the server's identity did not sign ends the server.
 */
import type { Clock } from "../clock.ts";
import { ledgerWatchMs } from "../limits.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { ChangeHistory } from "../protocol/change_history.ts";
import type { MemberSessions } from "./session/member_sessions.ts";
import { identifySpeaker, type Session } from "./session/session.ts";

export interface LedgerWatchOptions {
  readonly ledger: Ledger;
  readonly changes: ChangeHistory;
  readonly clock: Clock;
  readonly sessions: MemberSessions;
  /** Ends a session that no longer speaks for its account. */
  readonly end: (session: Session) => void;
  /** Told when the ledger could not be asked, or cannot be trusted any more. */
  readonly onFailure: (error: unknown) => void;
}

/** @returns stops watching */
export function watchLedger(options: LedgerWatchOptions): () => void {
  const { ledger, changes, clock, sessions, end, onFailure } = options;
  let cancel = () => {};
  let isStopped = false;
  let seen: number | undefined;
  const look = async () => {
    try {
      const revision = await ledger.revision();
      if (seen !== undefined && revision !== seen) {
        await changes.verify();
        await endOutdated(sessions, { ledger, end });
      }
      seen = revision;
    } catch (error) {
      // Whoever has stopped may have closed the ledger meanwhile.
      if (!isStopped) onFailure(error);
    }
    if (!isStopped) cancel = clock.schedule(ledgerWatchMs, look);
  };
  look();
  return () => {
    isStopped = true;
    cancel();
  };
}

async function endOutdated(
  sessions: MemberSessions,
  { ledger, end }: Pick<LedgerWatchOptions, "ledger" | "end">,
): Promise<void> {
  for (const session of sessions.all()) {
    const speaker = await identifySpeaker(session.channel.peer, ledger);
    if (speaker.kind !== "member") end(session);
  }
}
