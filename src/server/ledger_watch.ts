/**
 * Watches for changes that other processes make to the ledger. A revoked certificate or a closed
 * account ends its member's sessions. An account change that the server's identity did not sign
 * stops the server.
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
  /** Ends a session whose certificate no longer speaks for its account. */
  readonly end: (session: Session) => void;
  /** Called when the ledger cannot be read or cannot be trusted. */
  readonly onFailure: (error: unknown) => void;
}

/** Starts to watch. Returns a function that stops it. */
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
      // The ledger may be closed after a stop.
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
