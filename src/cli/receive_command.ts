/**
 * `receive`: stay online and print each payment that arrives.
 */
import type { Member } from "../client/member.ts";
import type { IncomingPayment } from "../client/incoming_payments.ts";
import { messageOf } from "../errors.ts";
import type { Refusal } from "../protocol/exchange.ts";
import { printable } from "../printable.ts";
import type { ClientOutput } from "./client_output.ts";
import { onlineOptions, type PeerAddressRequest } from "./online_options.ts";
import type { Surroundings } from "./surroundings.ts";

export interface ReceiveOptions extends PeerAddressRequest, Pick<Surroundings, "onSignal" | "say"> {
  /** Ends after so many payments; only by a signal when absent. */
  readonly count?: number | undefined;
  /** First prints what came after this entry. */
  readonly since?: number | undefined;
  readonly output: ClientOutput;
}

/**
 * Goes online and takes payments until there were enough, or until SIGINT or SIGTERM, which is how people end it.
 *
 * @returns the refusal when it may not go online
 * @throws {ClosedError} when the server is gone
 */
export async function receive(
  member: Member,
  { output, onSignal, say, count = Infinity, since, ...request }: ReceiveOptions,
): Promise<Refusal | undefined> {
  const { promise: enough, resolve: end } = Promise.withResolvers<void>();
  const printer = new PaymentPrinter(output, { count, end });
  if (since !== undefined) printer.hold();
  const outcome = await member.goOnline({
    ...onlineOptions(request),
    onPayment: (payment) => printer.live(payment),
    onFault: (error) => say(`micropay: ${printable(messageOf(error))}`),
  });
  if (outcome.outcome === "refused") return outcome;
  const stop = onSignal(end);
  try {
    // Only now: whoever waits for this line may send the signal at once.
    output.online(outcome.answer.port);
    if (since !== undefined) {
      const refusal = await replay(member, { since, printer });
      if (refusal) return refusal;
    }
    const closed = await Promise.race([enough, member.context.link.closed]);
    if (closed) throw closed;
    // Peers that are being served get their answer first, so every payment that was printed was acknowledged too.
    await member.exit();
  } finally {
    stop();
  }
}

async function replay(
  member: Member,
  { since, printer }: { since: number; printer: PaymentPrinter },
): Promise<Refusal | undefined> {
  for await (const received of member.received({ since })) {
    if (received.outcome === "refused") return received;
    printer.replay(received.answer);
  }
  printer.release();
}

/** Prints each payment once and in the ledger's order, wherever it comes from: the past, a peer, or the server. */
class PaymentPrinter {
  readonly #output: ClientOutput;
  readonly #end: () => void;
  #left: number;
  /** Number of the last entry that was printed from the past. */
  #replayed = 0;
  /** Payments that arrive while the past is being printed. */
  #held: IncomingPayment[] | undefined;

  constructor(output: ClientOutput, { count, end }: { count: number; end: () => void }) {
    this.#output = output;
    this.#left = count;
    this.#end = end;
  }

  hold(): void {
    this.#held = [];
  }

  /** Prints one from the past, the oldest first. */
  replay(payment: IncomingPayment): void {
    this.#replayed = payment.receipt.entry;
    this.#print(payment);
  }

  /** Goes on with those that arrived meanwhile, unless they were part of the past that was printed. */
  release(): void {
    const held = (this.#held ?? []).filter(({ receipt }) => receipt.entry > this.#replayed);
    this.#held = undefined;
    held.sort((a, b) => a.receipt.entry - b.receipt.entry).forEach((one) => this.#print(one));
  }

  live(payment: IncomingPayment): void {
    if (this.#held) this.#held.push(payment);
    else this.#print(payment);
  }

  #print(payment: IncomingPayment): void {
    if (this.#left === 0) return;
    this.#output.received(payment);
    if (--this.#left === 0) this.#end();
  }
}
