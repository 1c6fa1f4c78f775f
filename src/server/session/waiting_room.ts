/** Waiting for a permit. The member is told its place, and only its next message is read. */
import { isPong } from "../../protocol/ping.ts";
import type { Arrival } from "../../transport/channel.ts";
import type { Ticket } from "../admission/admission.ts";
import type { Liveness } from "./liveness.ts";
import type { Session } from "./session.ts";
import { WaitingNotices, type WaitingNoticesOptions } from "./waiting_notices.ts";

/**
 * Waits until the ticket has a permit or the connection has ended.
 *
 * @param options.liveness sends pings while the other side is silent
 * @returns a promise of the connection's next message, or `undefined` when the connection ended
 * @throws the errors of reading from the connection
 */
export async function waitForPermit(
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
    // After its next request nothing is read. Then only a failed notice shows that it has gone.
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

/** Returns the next request, or the end of the connection. */
async function readNext(session: Session, liveness: Liveness): Promise<Arrival> {
  for (;;) {
    liveness.wait();
    const arrival = await session.channel.receive();
    liveness.heard();
    if (arrival.kind === "end" || !isPong(arrival.message)) return arrival;
  }
}
