/**
 * `receive`: stay online and print each payment that arrives.
 */
import type { Member, OnlineOptions } from "../../client/member.ts";
import type { IncomingPayment } from "../../client/payment/incoming_payments.ts";
import { OutputError } from "../../errors.ts";
import type { Refusal } from "../../protocol/exchange.ts";
import { printable } from "../../printable.ts";
import type { TypeCommand } from "./command_typer.ts";
import type { ClientOutput } from "./output.ts";
import { errorText } from "../error_fields.ts";
import type { ProcessIo } from "../process_io.ts";

export interface PeerAddressRequest {
  /** `--port`; 0 finds a free one. */
  readonly port: number;
  /** `--advertise` */
  readonly advertise?: { readonly host: string; readonly port?: number } | undefined;
}

/** @returns where to listen for peers, and what address to tell them */
export function onlineOptions(
  { port, advertise }: PeerAddressRequest,
): Pick<OnlineOptions, "listen" | "advertise"> {
  return { listen: { host: "::", port }, advertise };
}

export interface ReceiveOptions
  extends PeerAddressRequest, Pick<ProcessIo, "onSignal" | "say" | "isReaderGone"> {
  /** Ends after so many payments; only by a signal when absent. */
  readonly count?: number | undefined;
  /** First prints what came after this entry. */
  readonly since?: number | undefined;
  readonly output: ClientOutput;
  /** How another command is typed in full. */
  readonly typed: TypeCommand;
}

/**
 * Goes online and takes payments until there were enough, or until SIGINT, SIGTERM or SIGHUP, which is how people end it.
 *
 * @returns the refusal when it may not go online
 * @throws {ClosedError} when the server is gone
 * @throws {OutputError} when a payment could not be printed. Each of those is told on stderr with its receipt's file
 */
export async function receive(
  member: Member,
  { output, onSignal, say, isReaderGone, count = Infinity, since, typed, ...request }:
    ReceiveOptions,
): Promise<Refusal | undefined> {
  const { promise: enough, resolve: end } = Promise.withResolvers<void>();
  const { receiptsFile: file } = member.context;
  const printer = new PaymentPrinter({ output, file, isReaderGone, typed, count, end });
  if (since !== undefined) printer.hold();
  const outcome = await member.goOnline({
    ...onlineOptions(request),
    onPayment: (payment) => printer.live(payment),
    onFault: (error) => say(`micropay: ${printable(errorText(error, typed))}`),
  });
  if (outcome.outcome === "refused") return outcome;
  const stop = onSignal(end);
  try {
    // Only now: whoever waits for this line may send the signal at once.
    output.online(outcome.answer.port);
    if (isReaderGone()) end();
    if (since !== undefined) {
      const refusal = await replay(member, { since, printer });
      if (refusal) return refusal;
    }
    const closed = await Promise.race([enough, member.context.link.closed]);
    if (closed) throw closed;
    // Peers that are being served get their answer first, so every payment that was printed was acknowledged too.
    await member.exit();
    if (printer.failure) throw printer.failure;
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
    // What comes after them is neither fetched nor stored: the next --since takes it.
    if (printer.isDone) break;
  }
  printer.release();
}

interface PaymentPrinterOptions extends Pick<ReceiveOptions, "output" | "isReaderGone" | "typed"> {
  /** The file that has the receipts. */
  readonly file: string;
  readonly count: number;
  /** Called when there were enough, and when nothing can be printed any more. */
  readonly end: () => void;
}

/**
 * Prints each payment once and in the ledger's order, wherever it comes from: the past, a peer, or the server. Never throws what the
 * output does: a payment that is being taken is booked, and its payer is to be told so.
 */
class PaymentPrinter {
  /** Why nothing is printed any more. */
  failure: OutputError | undefined;
  readonly #options: PaymentPrinterOptions;
  #left: number;
  /** Number of the last entry that was printed from the past. */
  #replayed = 0;
  /** Payments that arrive while the past is being printed. */
  #held: IncomingPayment[] | undefined;

  constructor(options: PaymentPrinterOptions) {
    this.#options = options;
    this.#left = options.count;
  }

  /** Whether there were enough, or nothing can be printed any more. */
  get isDone(): boolean {
    return this.#left === 0 || this.failure !== undefined;
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
    this.failure ??= this.#tryToPrint(payment);
    if (this.failure) {
      const { output, file } = this.#options;
      output.unprinted(payment, { file });
    }
    this.#left--;
    if (this.isDone) this.#options.end();
  }

  /** @returns why it could not be printed */
  #tryToPrint(payment: IncomingPayment): OutputError | undefined {
    const { output, isReaderGone, typed } = this.#options;
    const missed = typed(`receive --since ${payment.receipt.entry - 1}`);
    const again = `this prints what was not: ${missed}`;
    try {
      output.received(payment);
    } catch (cause) {
      if (!(cause instanceof OutputError)) throw cause;
      return new OutputError(`${cause.message}; ${again}`, { cause });
    }
    return isReaderGone()
      ? new OutputError(`print payments: nobody reads the standard output any more; ${again}`)
      : undefined;
  }
}
