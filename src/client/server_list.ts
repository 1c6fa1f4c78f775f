/**
 * The servers of one ledger. A client tries them in turn until one answers, and stays with that one
 * until it is lost.
 */
import { ConnectError, isConnectionFault, messageOf } from "../errors.ts";
import type { Random } from "../random.ts";
import { type Endpoint, endpointText } from "../transport/byte_stream.ts";

export class ServerList {
  readonly #servers: readonly Endpoint[];
  /** The server that is tried first. */
  #at = 0;

  /**
   * Starts at a random server, so that the members of a ledger spread over all of them.
   *
   * @param servers at least one
   */
  constructor(servers: readonly Endpoint[], random: Random) {
    this.#servers = servers;
    // One server needs no choice. A simulation would see the bytes that are drawn.
    if (servers.length > 1) this.#at = random.bytes(1)[0]! % servers.length;
  }

  /** How many servers there are. */
  get count(): number {
    return this.#servers.length;
  }

  /** The server that answered last, or the first one to try. */
  get current(): Endpoint {
    return this.#servers[this.#at]!;
  }

  /** Makes the next server the first one to try, because the current one was lost. */
  advance(): void {
    this.#at = (this.#at + 1) % this.#servers.length;
  }

  /**
   * Tries each server once, until one answers. A server that is not to be trusted ends it at once,
   * because a person has to hear of it.
   *
   * @throws {ConnectError} when none of several answers, with every address and its reason. With
   * one server its own error is thrown.
   */
  async connect<Connection>(
    connectTo: (server: Endpoint) => Promise<Connection>,
  ): Promise<Connection> {
    const failures: string[] = [];
    for (;;) {
      const server = this.current;
      try {
        return await connectTo(server);
      } catch (error) {
        this.advance();
        if (this.#servers.length === 1 || !isConnectionFault(error)) throw error;
        failures.push(`${endpointText(server)} ${reasonOf(error)}`);
        if (failures.length < this.#servers.length) continue;
        throw new ConnectError(
          `connect to one of ${failures.length} servers: ${failures.join("; ")}`,
          { cause: error },
        );
      }
    }
  }
}

/** Returns why a server did not answer, without its address. */
function reasonOf(error: Error): string {
  const { cause } = error;
  const system = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  if (system instanceof DOMException) return "did not answer in time";
  return `(${messageOf(system ?? error)})`;
}
