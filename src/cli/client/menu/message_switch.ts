/**
 * Prints the encrypted messages while the person wants to see them.
 */
import type { LineObserver } from "../../../transport/channel.ts";
import { messageText } from "../open_wallet.ts";

export class MessageSwitch {
  readonly #say: (line: string) => void;
  #isOn: boolean;

  constructor({ say, isOn }: {
    readonly say: (line: string) => void;
    readonly isOn: boolean;
  }) {
    this.#say = say;
    this.#isOn = isOn;
  }

  readonly observe: LineObserver = (...message) => {
    if (this.#isOn) this.#say(messageText(...message));
  };

  /** @returns whether the messages are printed from now on */
  toggle(): boolean {
    this.#isOn = !this.#isOn;
    return this.#isOn;
  }
}
