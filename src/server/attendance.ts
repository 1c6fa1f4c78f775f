/**
 * This server among the servers of its ledger. It says that it is alive, answers other servers that
 * want the place of a member of it, and brings its members online again after it was cut off.
 */
import type { AccountName } from "../account_name.ts";
import type { Clock } from "../clock.ts";
import type { Ledger } from "../ledger/ledger.ts";
import {
  leaveAnswerPollMs,
  leaveRequestWaitMs,
  leaveWaitMsMax,
  ledgerWatchMs,
  serverHeartbeatMs,
} from "../limits.ts";
import { RepeatedTask } from "../repeated_task.ts";
import type { MemberSessions } from "./session/member_sessions.ts";
import type { Session } from "./session/session.ts";

export interface AttendanceOptions {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly serverId: string;
  readonly sessions: MemberSessions;
  /** Called when the ledger cannot be read or written. */
  readonly onFailure: (error: unknown) => void;
}

/** Starts to attend. */
export function attendLedger(options: AttendanceOptions): RepeatedTask {
  const { ledger, clock, serverId, onFailure } = options;
  let attendedMs = -Infinity;
  let lookedMs = clock.monotonicMs();
  const look = async () => {
    const nowMs = clock.monotonicMs();
    let isKnown = true;
    if (nowMs - attendedMs >= serverHeartbeatMs) {
      isKnown = await ledger.attend(serverId);
      attendedMs = nowMs;
    }
    // Another server may have taken over a member of one that did not answer.
    if (!isKnown || nowMs - lookedMs >= leaveRequestWaitMs) {
      // All at once, so that they share commits. Thousands in turn would take so long that this
      // server counts as dead meanwhile.
      await Promise.all(options.sessions.all().map((session) => session.comeBack()));
    }
    for (const name of await ledger.takeLeaveRequests(serverId)) {
      // A member may take 5 seconds to answer. Meanwhile the others are looked at.
      considerLeaving(name, options).catch((error) => task.isStopped || onFailure(error));
    }
    lookedMs = nowMs;
  };
  const task = new RepeatedTask(look, { clock, everyMs: ledgerWatchMs, onFailure });
  return task;
}

async function considerLeaving(
  name: AccountName,
  { ledger, serverId: server, sessions }: AttendanceOptions,
): Promise<void> {
  const online = sessions.of(name).find(({ isOnline }) => isOnline);
  if (!online) return await ledger.takeOffline(name, { server });
  if (await online.giveWay()) return;
  await ledger.stayOnline(name, { server });
  // The other server may have given up waiting, and taken the place.
  await online.comeBack();
}

export interface LeaveWaitOptions {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly serverId: string;
  readonly sessions: MemberSessions;
  readonly session: Session;
}

/**
 * Asks the server of an account's other session to let it go. An account that this server forgot to
 * take offline is taken offline.
 *
 * @returns whether the account is offline: its member was silent, or its server is
 */
export async function askOtherServer(
  name: AccountName,
  { ledger, clock, serverId, sessions, session }: LeaveWaitOptions,
): Promise<boolean> {
  const before = await ledger.presence(name);
  if (!before) return true;
  const { server } = before;
  if (server === serverId) {
    if (sessions.of(name).some(({ isOnline }) => isOnline)) return false;
    await session.commit(() => ledger.takeOffline(name, { server }));
    return true;
  }
  await session.commit(() => ledger.askToLeave(name));
  const askedMs = clock.monotonicMs();
  for (;;) {
    const found = await ledger.presence(name);
    if (!found) return true;
    if (found.server !== server || !found.leave) return false;
    const waitedMs = clock.monotonicMs() - askedMs;
    if (found.leave === "asked" && waitedMs >= leaveRequestWaitMs) {
      await session.commit(() => ledger.takeOffline(name, { server }));
      return true;
    }
    if (waitedMs >= leaveWaitMsMax) return false;
    await new Promise<void>((resolve) => clock.schedule(leaveAnswerPollMs, resolve));
  }
}
