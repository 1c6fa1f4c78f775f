/**
 * What a client that stays online prints of its connection.
 */
import type { AccountName } from "../../account_name.ts";
import type { ConnectionEnd, ConnectionEvent } from "../../client/lasting_member.ts";
import { ClosedError, MicropayError } from "../../errors.ts";
import { dismissedAdvice, type NextSteps } from "./advice.ts";
import type { ClientOutput } from "./output.ts";
import { printRefusal } from "./print_outcome.ts";

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

/**
 * Prints why a client does not stay online.
 *
 * @throws the error of the end, when it is a fault of the program
 */
export function printConnectionEnd(
  end: ConnectionEnd,
  { name, output, steps }: {
    readonly name: AccountName;
    readonly output: ClientOutput;
    readonly steps: NextSteps;
  },
): void {
  if (end.why === "refused") {
    printRefusal(end.refusal, { kind: "log_in", name }, { output, steps });
  } else if (end.why === "dismissed") {
    const text = `${end.error.message}; ${dismissedAdvice(steps)}`;
    output.printFailure(new ClosedError(text, { cause: end.error }));
  } else if (end.error instanceof MicropayError) output.printFailure(end.error);
  else throw end.error;
}
