/**
 * `receive`: stays online and prints each payment that arrives.
 */
import type { LastingMember, LastingOptions } from "../../client/lasting_member.ts";
import type { IncomingPayment } from "../../client/payment/incoming_payments.ts";
import type { SelfAudit } from "../../client/self_audit.ts";
import { ClosedError, messageOf, OtherLedgerError, OutputError } from "../../errors.ts";
import type { Refusal } from "../../protocol/request_type.ts";
import type { ClientRequest } from "../command_line/command_line.ts";
import { commandSteps, dismissedAdvice } from "./advice.ts";
import { ConnectionReport } from "./connection_report.ts";
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
 * Takes payments until there were enough, or until SIGINT, SIGTERM or SIGHUP. After the first login
 * it outlasts a lost connection.
 *
 * @returns the refusal when the server does not let the member go online
 * @throws {ClosedError} | {OtherLedgerError} when it cannot stay online. The text says how to go on
 * @throws {OutputError} when a payment could not be printed. Each one is reported on stderr with
 * the file of its receipt
 */
export async function receive(
  member: LastingMember,
  { output, onSignal, say, isReaderGone, count = Infinity, since, typed, selfAudit, ...request }:
    ReceiveOptions,
): Promise<Refusal | undefined> {
  const { promise: enough, resolve } = Promise.withResolvers<undefined>();
  const end = () => {
    // At once, because nobody prints a payment that comes now.
    member.stop();
    resolve(undefined);
  };
  const { receiptsFile: file } = member.context;
  const printer = new PaymentPrinter({ output, file, isReaderGone, typed, count, since, end });
  const report = new ConnectionReport(output);
  let stop: (() => void) | undefined;
  let isDismissed = false;
  // Before the login, so that nothing comes before the line that says so.
  await selfAudit.runSoon();
  try {
    const outcome = await member.goOnline({
      ...onlineOptions(request),
      since,
      onPayment: (payment) => {
        printer.print(payment);
        selfAudit.run();
      },
      onFault: (error) => say(errorLine(error, typed)),
      onEvent: (event) => {
        // Only now, because before the first login a signal ends the process. A script that waits
        // for the line of the login may send one at once.
        stop ??= onSignal(end);
        report.tell(event);
        if (isReaderGone()) end();
      },
    });
    if (outcome.outcome === "refused") return outcome;
    const ended = await Promise.race([enough, member.ended]);
    if (ended?.why === "refused") return ended.refusal;
    isDismissed = ended?.why === "dismissed";
    if (ended) throw ended.error;
    await member.stopTaking();
    await selfAudit.runSoon();
    await member.exit();
    if (printer.failure) throw printer.failure;
  } catch (cause) {
    if (printer.isDone) throw cause;
    const next = isDismissed
      ? dismissedAdvice(commandSteps)
      : `go on with: ${typed(printer.restOfCommand)}`;
    const text = `${messageOf(cause)}; ${next}`;
    if (cause instanceof ClosedError) throw new ClosedError(text, { cause });
    if (cause instanceof OtherLedgerError) throw new OtherLedgerError(text, { cause });
    throw cause;
  } finally {
    stop?.();
  }
}

interface PaymentPrinterOptions
  extends Pick<ReceiveOptions, "output" | "isReaderGone" | "since" | "typed"> {
  readonly file: string;
  readonly count: number;
  /** Called when there were enough payments, and when the output fails. */
  readonly end: () => void;
}

/**
 * Prints payments, and knows how many are left and which came last. It never throws an error of the
 * output: a payment under way is booked, and its payer has to hear so.
 */
class PaymentPrinter {
  failure: OutputError | undefined;
  readonly #options: PaymentPrinterOptions;
  #left: number;
  /** The greatest number of a printed entry. */
  #printed: number | undefined;

  constructor(options: PaymentPrinterOptions) {
    this.#options = options;
    this.#left = options.count;
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
