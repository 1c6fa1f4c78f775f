/**
 * Connecting to a server and checking its greeting.
 */
import type { Clock } from "../clock.ts";
import { ClosedError, ConnectError, messageOf, TimeoutError } from "../errors.ts";
import { type Endpoint, endpointText, type Network } from "../transport/byte_stream.ts";
import type { ServerRoute } from "./server_list.ts";
import {
  type GreetedConnection,
  receiveGreeting,
  type ResolveAnchor,
} from "../transport/connect_channel.ts";
import { withDeadline } from "../transport/deadline.ts";

export interface ServerGreetingOptions {
  readonly network: Network;
  readonly clock: Clock;
  /** How long to wait for the connection and for the greeting, if the address has no bound. */
  readonly timeoutMs: number;
  readonly resolveAnchor: ResolveAnchor;
}

/**
 * Connects to a server and checks its greeting. Nothing is sent.
 *
 * @throws {ConnectError} | {TimeoutError} | {ClosedError} when no server answers
 * @throws {UntrustedError} when what answers is not to be trusted
 */
export async function greetServer(
  { server, address, connectMsMax = Infinity, greetMsMax = Infinity }: ServerRoute,
  { network, clock, timeoutMs, resolveAnchor }: ServerGreetingOptions,
): Promise<GreetedConnection> {
  let isAnswered = false;
  try {
    const stream = await withDeadline(
      (signal) => network.connect(address, { signal }),
      { clock, timeoutMs: Math.min(timeoutMs, connectMsMax) },
    );
    return await receiveGreeting(stream, {
      role: "server",
      clock,
      timeoutMs: Math.min(timeoutMs, greetMsMax),
      resolveAnchor: (line) => {
        isAnswered = true;
        return resolveAnchor(line);
      },
    });
  } catch (error) {
    throw isAnswered ? error : unanswered(error, server);
  }
}

/**
 * Returns the error that a person is shown when no server answered. A closed port, silence and an
 * early end have one text, because a person checks the same things. An unknown host has another
 * text.
 */
function unanswered(error: unknown, server: Endpoint): unknown {
  const text = `no micropay server answered at ${endpointText(server)}; ` +
    `is it running, is the port right?`;
  if (error instanceof TimeoutError) return new TimeoutError(text, { cause: error });
  if (error instanceof ClosedError) return new ClosedError(text, { cause: error });
  if (!(error instanceof ConnectError)) return error;
  const { cause } = error;
  // The runtime has no class for this error.
  if (messageOf(cause).startsWith("failed to lookup address information")) {
    return new ConnectError(
      `connect to ${endpointText(server)}: this machine finds no address for the name ` +
        `${server.host}; ask the operator for the server's address, or look for a typing mistake`,
      { cause: error },
    );
  }
  const isSilence = cause instanceof Deno.errors.ConnectionRefused ||
    cause instanceof Deno.errors.ConnectionReset ||
    (cause instanceof DOMException && cause.name === "AbortError");
  return isSilence ? new ConnectError(text, { cause: error }) : error;
}
