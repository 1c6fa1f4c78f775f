/**
 * `receive`: stays online and prints each payment that arrives.
 */
import type { LastingOptions } from "../../client/lasting_member.ts";
import type { Member } from "../../client/member.ts";
import type { IncomingPayment } from "../../client/payment/incoming_payments.ts";
import type { SelfAudit } from "../../client/self_audit.ts";
import { ClosedError, OutputError } from "../../errors.ts";
import type { Refusal } from "../../protocol/request_type.ts";
import type { ClientRequest } from "../command_line/command_line.ts";
import type { TypeCommand } from "./command_typer.ts";
import type { ClientOutput } from "./output.ts";
import { errorLine } from "../error_fields.ts";
import type { ProcessIo } from "../process_io.ts";

/** The part of a request that says where peers reach the client. */
export type PeerAddressRequest = Pick<ClientRequest, "port" | "advertise">;

export function onlineOptions(
  { port, advertise }: PeerAddressRequest,
): Pick<LastingOptions, "listen" | "advertise"> {
  return { listen: { host: "::", port }, advertise };
}

interface ReceiveOptions
  extends PeerAddressRequest, Pick<ProcessIo, "onSignal" | "say" | "isReaderGone"> {
  /** Number of payments to end after. Without it only a signal ends the command. */
  readonly count?: number | undefined;
  /** Entry after which past payments are printed first. */
  readonly since?: number | undefined;
  readonly output: ClientOutput;
  readonly typed: TypeCommand;
  readonly selfAudit: Pick<SelfAudit, "run" | "runSoon">;
}

/**
 * Takes payments until there were enough, or until SIGINT, SIGTERM or SIGHUP.
 *
 * @returns the refusal when the server does not let the member go online
 * @throws {ClosedError} when the connection to the server ends. Its message says how to go on
 * @throws {OutputError} when a payment could not be printed. Each one is reported on stderr with
 * the file of its receipt
 */
export async function receive(
  member: Member,
  { output, onSignal, say, isReaderGone, count = Infinity, since, typed, selfAudit, ...request }:
    ReceiveOptions,
): Promise<Refusal | undefined> {
  const { promise: enough, resolve: end } = Promise.withResolvers<void>();
  const { receiptsFile: file } = member.context;
  const printer = new PaymentPrinter({ output, file, isReaderGone, typed, count, since, end });
  // Before the login, so that nothing comes before the line that says so.
  await selfAudit.runSoon();
  const outcome = await member.goOnline({
    ...onlineOptions(request),
    onPayment: (payment) => {
      printer.live(payment);
      selfAudit.run();
    },
    onFault: (error) => say(errorLine(error, typed)),
  });
  if (outcome.outcome === "refused") return outcome;
  const stop = onSignal(end);
  try {
    // Only now, because a script that waits for this line may send the signal at once.
    output.printOnline(outcome.answer.port);
    if (isReaderGone()) end();
    const refusal = since === undefined ? undefined : await replay(member, { since, printer });
    if (refusal) return refusal;
    const closed = await Promise.race([enough, member.context.link.closed]);
    if (closed) throw closed;
    // At once, because nobody prints a payment that comes now.
    await member.stopTaking();
    await selfAudit.runSoon();
    await member.exit();
    if (printer.failure) throw printer.failure;
  } catch (cause) {
    if (!(cause instanceof ClosedError) || printer.isDone) throw cause;
    const text = `${cause.message}; go on with: ${typed(printer.restOfCommand)}`;
    throw new ClosedError(text, { cause });
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
    printer.print(received.answer);
    // Later payments are neither fetched nor stored. The next --since takes them.
    if (printer.isDone) break;
  }
  printer.release();
}

interface PaymentPrinterOptions
  extends Pick<ReceiveOptions, "output" | "isReaderGone" | "since" | "typed"> {
  readonly file: string;
  readonly count: number;
  /** Called when there were enough payments, and when the output fails. */
  readonly end: () => void;
}

/**
 * Prints each payment once and in the ledger's order, from the past, from a peer or from the
 * server. It never throws an error of the output: a payment under way is booked, and its payer has
 * to hear so.
 */
class PaymentPrinter {
  failure: OutputError | undefined;
  readonly #options: PaymentPrinterOptions;
  #left: number;
  /** The greatest number of a printed entry. */
  #printed: number | undefined;
  /** Payments that arrive while the past is being printed. */
  #held: IncomingPayment[] | undefined;

  constructor(options: PaymentPrinterOptions) {
    this.#options = options;
    this.#left = options.count;
    this.#held = options.since === undefined ? undefined : [];
  }

  /** Whether there were enough payments, or the output failed. */
  get isDone(): boolean {
    return this.#left === 0 || this.failure !== undefined;
  }

  /** A command that takes the payments that are still to come. */
  get restOfCommand(): string {
    const last = this.#printed ?? this.#options.since;
    const since = last === undefined ? "" : ` --since ${last}`;
    return `receive${since}${this.#left === Infinity ? "" : ` --count ${this.#left}`}`;
  }

  /** Prints the payments that arrived meanwhile, except those that were printed as past ones. */
  release(): void {
    const replayed = this.#printed ?? 0;
    const held = (this.#held ?? []).filter(({ receipt }) => receipt.payload.entry > replayed);
    this.#held = undefined;
    held.sort((a, b) => a.receipt.payload.entry - b.receipt.payload.entry);
    for (const one of held) this.print(one);
  }

  live(payment: IncomingPayment): void {
    if (this.#held) this.#held.push(payment);
    else this.print(payment);
  }

  print(payment: IncomingPayment): void {
    if (this.#left === 0) return;
    this.failure ??= this.#tryToPrint(payment);
    if (this.failure) {
      const { output, file } = this.#options;
      output.printUnprinted(payment, { file });
    }
    this.#left--;
    this.#printed = Math.max(this.#printed ?? 0, payment.receipt.payload.entry);
    if (this.isDone) this.#options.end();
  }

  /** @returns the error when the payment could not be printed */
  #tryToPrint(payment: IncomingPayment): OutputError | undefined {
    const { output, isReaderGone, typed } = this.#options;
    const missed = typed(`receive --since ${payment.receipt.payload.entry - 1}`);
    const again = `this prints what was not: ${missed}`;
    try {
      output.printReceived(payment);
    } catch (cause) {
      if (!(cause instanceof OutputError)) throw cause;
      return new OutputError(`${cause.message}; ${again}`, { cause });
    }
    return isReaderGone()
      ? new OutputError(`print payments: nobody reads the standard output any more; ${again}`)
      : undefined;
  }
}
