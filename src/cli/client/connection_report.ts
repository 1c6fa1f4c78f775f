/**
 * What a client that stays online prints of its connection.
 */
import type { ConnectionEvent } from "../../client/lasting_member.ts";
import type { ClientOutput } from "./output.ts";

/**
 * Prints the events. While the server is away, each attempt fails for the same reason, which is
 * printed once.
 */
export class ConnectionReport {
  readonly #output: ClientOutput;
  /** The last reason for which it is offline. */
  #printed: string | undefined;

  constructor(output: ClientOutput) {
    this.#output = output;
  }

  tell(event: ConnectionEvent): void {
    switch (event.kind) {
      case "lost":
      case "retrying": {
        const { message } = event.reason;
        if (message !== this.#printed) {
          this.#output.printOffline(event.reason, { isStill: event.kind === "retrying" });
        }
        this.#printed = message;
        return;
      }
      case "waiting":
        return this.#output.printWaiting(event.place);
      case "settled":
        return this.#output.printSettled(event.settled);
      case "online":
        this.#output.printOnline(event.port, { isAgain: this.#printed !== undefined });
        this.#printed = undefined;
    }
  }
}
