/**
 * A connection to the server that nothing was said on yet.
 */
import type { Clock } from "../../clock.ts";
import { ClosedError } from "../../errors.ts";
import { unusedConnectionMsMax } from "../../limits.ts";
import type { GreetedConnection } from "../../transport/connect_channel.ts";

/** Keeps a connection for the next action, and opens another one when it is too old. */
export class UnusedConnection {
  readonly #connect: () => Promise<GreetedConnection>;
  readonly #clock: Pick<Clock, "monotonicMs">;
  #kept: { readonly connection: GreetedConnection; readonly sinceMs: number } | undefined;
  #isClosed = false;

  constructor(connect: () => Promise<GreetedConnection>, clock: Pick<Clock, "monotonicMs">) {
    this.#connect = connect;
    this.#clock = clock;
  }

  /**
   * Returns the kept connection if it is fresh, or a new one, and keeps it.
   *
   * @throws {ClosedError} when it was closed before there is one
   */
  async get(): Promise<GreetedConnection> {
    const kept = this.#kept;
    if (kept && this.#clock.monotonicMs() - kept.sinceMs < unusedConnectionMsMax) {
      return kept.connection;
    }
    this.#drop();
    const connection = this.#isClosed ? undefined : await this.#connect();
    if (!connection || this.#isClosed) {
      connection?.close();
      throw new ClosedError("connect to the server: this client is ending");
    }
    this.#kept = { connection, sinceMs: this.#clock.monotonicMs() };
    return connection;
  }

  /** Keeps it no more: an action has used it. */
  release(): void {
    this.#kept = undefined;
  }

  /** Closes the kept connection, and one that is being opened. */
  close(): void {
    this.#isClosed = true;
    this.#drop();
  }

  #drop(): void {
    this.#kept?.connection.close();
    this.release();
  }
}
