/**
 * The servers of one ledger. A client tries them in turn until one answers, and stays with that one
 * until it is lost. A name with several addresses stands for a server at each of them.
 */
import type { Clock } from "../clock.ts";
import { ConnectError, isConnectionFault, messageOf, TimeoutError } from "../errors.ts";
import { serverConnectMsMax } from "../limits.ts";
import { parseHost } from "../pki/host.ts";
import type { Random } from "../random.ts";
import { type Endpoint, endpointText } from "../transport/byte_stream.ts";
import { resultInTime } from "../transport/deadline.ts";
import type { ResolveHost } from "../transport/host_addresses.ts";

/** A server, and where to connect to it. */
export interface ServerRoute {
  readonly server: Endpoint;
  /** The server itself, or an address of its name. */
  readonly address: Endpoint;
  /** Longest wait for the connection. Absent when there is nothing else to try. */
  readonly connectMsMax?: number | undefined;
  /** Longest wait for the greeting. Absent for the only address, and for the last try. */
  readonly greetMsMax?: number | undefined;
}

interface ListedRoute extends ServerRoute {
  /** Whether there is no other address to try. */
  readonly isOnly: boolean;
  /** How many addresses the server has. */
  readonly hostCount: number;
}

export interface ServerListOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Absent where the network finds the addresses of names itself. */
  readonly resolveHost?: ResolveHost | undefined;
  /** Whether something else waits while a server is tried, although it is the only one here. */
  readonly isOneOfSeveral?: boolean | undefined;
}

export class ServerList {
  readonly #servers: readonly Endpoint[];
  readonly #options: ServerListOptions;
  /** The server that is tried first. */
  #at = 0;
  /** The address that answered last, which is tried first. */
  #good: string | undefined;
  /** How many addresses the present server has. */
  #hostCount = 1;
  /** The address that was lost, which is tried last. */
  #lost: string | undefined;

  /**
   * Starts at a random server, so that the members of a ledger spread over all of them.
   *
   * @param servers at least one
   */
  constructor(servers: readonly Endpoint[], options: ServerListOptions) {
    this.#servers = servers;
    this.#options = options;
    this.#at = this.#draw(servers.length);
  }

  /** How many servers there are to try: the addresses of the present one, and the others. */
  get count(): number {
    return this.#servers.length - 1 + this.#hostCount;
  }

  /** The server that answered last, or the first one to try. */
  get current(): Endpoint {
    return this.#servers[this.#at]!;
  }

  /** Makes another server the first one to try, because the current one was lost. */
  advance(): void {
    this.#lost = this.#good;
    this.#good = undefined;
    this.#at = this.#next;
  }

  /**
   * Tries each address of each server, until one answers. At the end it tries the slow ones once
   * more, and waits longer for their greeting. A server that is not to be trusted ends it at once,
   * because a person has to hear of it.
   *
   * @throws {ConnectError} when none of several answers, with every address and its reason. With
   * one address its own error is thrown.
   */
  async connect<Connection>(
    connectTo: (address: ServerRoute) => Promise<Connection>,
  ): Promise<Connection> {
    /** What failed, by place. */
    const failures = new Map<string, string>();
    const slow: ListedRoute[] = [];
    let last: unknown;
    for await (const listed of this.#routes(slow)) {
      const { isOnly, hostCount, ...route } = listed;
      const { server, address } = route;
      try {
        const connection = await connectTo(route);
        this.#good = endpointText(address);
        this.#hostCount = hostCount;
        return connection;
      } catch (error) {
        if (isOnly || !isConnectionFault(error)) {
          this.#at = this.#next;
          throw error;
        }
        const place = address.host === server.host ? "" : ` at ${address.host}`;
        failures.set(`${endpointText(server)}${place}`, reasonOf(error));
        if (error instanceof TimeoutError && route.greetMsMax !== undefined) slow.push(listed);
        last = error;
      }
    }
    const reasons = Array.from(failures, ([place, reason]) => `${place} ${reason}`).join("; ");
    throw new ConnectError(`connect to one of ${failures.size} servers: ${reasons}`, {
      cause: last,
    });
  }

  /**
   * Yields each address of each server, and then those in `slow`. Makes a server the current one
   * for its addresses.
   */
  async *#routes(slow: readonly ListedRoute[]): AsyncGenerator<ListedRoute> {
    for (let count = 0; count < this.#servers.length; count++) {
      const server = this.current;
      const hosts = await this.#hostsOf(server);
      const isOnly = this.#servers.length === 1 && hosts.length === 1;
      const isBounded = !isOnly || this.#options.isOneOfSeveral;
      const bounds = {
        connectMsMax: isBounded ? serverConnectMsMax : undefined,
        greetMsMax: isOnly ? undefined : serverConnectMsMax,
      };
      for (const host of hosts) {
        const address = { host, port: server.port };
        yield { server, address, ...bounds, isOnly, hostCount: hosts.length };
      }
      this.#at = this.#next;
    }
    for (const route of slow) {
      this.#at = this.#servers.indexOf(route.server);
      yield { ...route, greetMsMax: undefined };
    }
  }

  get #next(): number {
    return (this.#at + 1) % this.#servers.length;
  }

  /** Returns the hosts to try for a server: the good one comes first, the lost one last. */
  async #hostsOf({ host, port }: Endpoint): Promise<readonly string[]> {
    const { clock, resolveHost } = this.#options;
    if (!resolveHost || parseHost(host)?.kind !== "dns") return [host];
    const found = await resultInTime(resolveHost(host), { clock, timeoutMs: serverConnectMsMax });
    const rankOf = (address: string) => {
      const text = endpointText({ host: address, port });
      return text === this.#good ? 0 : text === this.#lost ? 2 : 1;
    };
    return this.#spread(found ?? [host]).sort((one, other) => rankOf(one) - rankOf(other));
  }

  /**
   * Returns the addresses of each family from a random one on. The families keep their order: the
   * system knows which of them works here.
   */
  #spread(addresses: readonly string[]): string[] {
    const families = Map.groupBy(addresses, (address) => address.includes(":"));
    return [...families.values()].flatMap((family) => {
      const start = this.#draw(family.length);
      return [...family.slice(start), ...family.slice(0, start)];
    });
  }

  /** Returns a random number below a count. */
  #draw(count: number): number {
    // One needs no choice. A simulation would see the bytes that are drawn.
    return count > 1 ? this.#options.random.bytes(1)[0]! % count : 0;
  }
}

/** Returns why a server did not answer, without its address. */
function reasonOf(error: Error): string {
  const { cause } = error;
  const system = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  if (system instanceof DOMException) return "did not answer in time";
  return `(${messageOf(system ?? error)})`;
}
