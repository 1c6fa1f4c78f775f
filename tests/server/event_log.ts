/**
 * A log of events in order of arrival. Waiting for an event fails after a deadline.
 */

/** Longest wait for an event. It is far longer than any step takes, also on a busy machine. */
const waitMsMax = 60_000;

export class EventLog<Event> {
  readonly all: Event[] = [];
  readonly #describe: (event: Event) => string;
  #waiters: (() => void)[] = [];

  constructor(describe: (event: Event) => string) {
    this.#describe = describe;
  }

  add(event: Event): void {
    this.all.push(event);
    this.#wakeAll();
  }

  /**
   * The first event, past or future, that is wanted.
   *
   * @throws when it does not come in time, with all that came instead
   */
  async until<Wanted extends Event>(
    wanted: (event: Event) => event is Wanted,
    options?: { what: string },
  ): Promise<Wanted>;
  async until(wanted: (event: Event) => boolean, options?: { what: string }): Promise<Event>;
  async until(
    wanted: (event: Event) => boolean,
    { what }: { what: string } = { what: "the event" },
  ): Promise<Event> {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      this.#wakeAll();
    }, waitMsMax);
    try {
      for (;;) {
        const found = this.all.find(wanted);
        if (found !== undefined) return found;
        if (isLate) {
          const came = this.all.map(this.#describe).join("\n  ");
          throw new Error(`waited in vain for ${what}; what came:\n  ${came}`);
        }
        await new Promise<void>((resolve) => this.#waiters.push(resolve));
      }
    } finally {
      clearTimeout(timer);
    }
  }

  #wakeAll(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }
}
