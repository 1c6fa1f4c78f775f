/**
 * The time between a member's first message and its turn: it is told its place, and no more than its next message is read.
 */
import { isPong } from "../../protocol/ping.ts";
import type { Arrival } from "../../transport/channel.ts";
import type { Ticket } from "../admission/admission.ts";
import type { Liveness } from "./liveness.ts";
import type { Session } from "./session.ts";
import { WaitingNotices, type WaitingNoticesOptions } from "./waiting_notices.ts";

/**
 * Waits until the ticket is served, or the connection has ended.
 *
 * @param liveness asks whether the other side is there while nothing comes from it
 * @returns what comes next from the connection, here already or still to come; `undefined` when it ended before its turn
 * @throws what reading from the connection throws
 */
export async function waitForTurn(
  session: Session,
  ticket: Ticket,
  { liveness, ...options }: WaitingNoticesOptions & { readonly liveness: Liveness },
): Promise<{ next: Promise<Arrival> } | undefined> {
  const next = readNext(session, liveness);
  const notices = new WaitingNotices(session, ticket, options);
  const isServed = new Promise<boolean>((resolve) => {
    ticket.onMove = () => {
      if (ticket.place === 0) resolve(true);
      else notices.moved();
    };
    next.then(({ kind }) => kind === "end" && resolve(false), () => resolve(false));
    // Once its next request is here nothing more is read, and only a notice finds out that nobody is there.
    session.over.then(() => resolve(false));
  });
  try {
    if (await isServed) return { next };
    await next;
    return undefined;
  } finally {
    ticket.onMove = () => {};
    notices.stop();
  }
}

/** The next request, or the end. */
async function readNext(session: Session, liveness: Liveness): Promise<Arrival> {
  for (;;) {
    liveness.wait();
    const arrival = await session.channel.receive();
    liveness.heard();
    if (arrival.kind === "end" || !isPong(arrival.message)) return arrival;
  }
}
