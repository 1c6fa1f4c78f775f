/**
 * The unexpected failures. Each kind is a class with a stable `code`, and no code matches on
 * message texts. An expected refusal such as "bankrupt" is a typed outcome and is never thrown.
 */

/** The codes, which `--json` prints as `error`. */
export type ErrorCode =
  | "usage"
  | "connect"
  | "timeout"
  | "closed"
  | "untrusted"
  | "not_authenticated"
  | "certificate"
  | "passphrase"
  | "envelope"
  | "protocol"
  | "file"
  | "listen"
  | "ledger"
  | "ledger_full"
  | "ledger_busy"
  | "unknown_outcome"
  | "output"
  | "unprinted_payment"
  | "interrupted";

/**
 * The base of all errors that this program throws. A message names the attempted action, then the
 * wrong value.
 */
export abstract class MicropayError extends Error {
  abstract readonly code: ErrorCode;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** A command line or another typed input is not valid. */
export class UsageError extends MicropayError {
  readonly code = "usage";
}

/** The other side cannot be reached. Nothing was sent. */
export class ConnectError extends MicropayError {
  readonly code = "connect";
}

/** A deadline passed. */
export class TimeoutError extends MicropayError {
  readonly code = "timeout";
}

/** The other side closed the connection instead of answering. */
export class ClosedError extends MicropayError {
  readonly code = "closed";
}

/** Returns whether the connection failed, so that another attempt may succeed. */
export function isConnectionFault(
  error: unknown,
): error is ConnectError | TimeoutError | ClosedError {
  return error instanceof ConnectError || error instanceof TimeoutError ||
    error instanceof ClosedError;
}

/** The other side is not the expected one. Nothing was sent to it. */
export class UntrustedError extends MicropayError {
  readonly code = "untrusted";
}

/** A server proved that its ledger is another one than before. */
export class OtherLedgerError extends UntrustedError {}

/** The user has no identity that the other side accepts. */
export class NotAuthenticatedError extends MicropayError {
  readonly code = "not_authenticated";
}

/** A certificate, certificate request or key does not fit our profile. */
export class CertificateError extends MicropayError {
  readonly code = "certificate";
}

/** A passphrase is wrong, or there is none. */
export class PassphraseError extends MicropayError {
  readonly code = "passphrase";
}

/** A certificate has expired and is otherwise valid. */
export class ExpiredCertificateError extends CertificateError {}

/** A line on the wire is not valid. The error has none of its plaintext, and is never sent. */
export class EnvelopeError extends MicropayError {
  readonly code = "envelope";
}

/** A valid message of a known sender has contents of the wrong shape. */
export class ProtocolError extends MicropayError {
  readonly code = "protocol";
}

/** Returns whether a signed document is not valid: its form, its signer or its members. */
export function isDocumentError(
  error: unknown,
): error is EnvelopeError | CertificateError | ProtocolError {
  return error instanceof EnvelopeError || error instanceof CertificateError ||
    error instanceof ProtocolError;
}

/** A file or folder cannot be read or written. */
export class FileError extends MicropayError {
  readonly code = "file";
}

/** A port cannot be listened on, or a connection cannot be accepted. */
export class ListenError extends MicropayError {
  readonly code = "listen";
}

/**
 * The ledger's storage failed. The process must stop, because what is stored is unknown until the
 * next opening. After a failed fsync, a later commit can succeed although earlier data is lost.
 */
export class LedgerError extends MicropayError {
  readonly code = "ledger";
}

/** The storage is full. The operation was rolled back. With room, the ledger is usable again. */
export class LedgerFullError extends MicropayError {
  readonly code = "ledger_full";
}

/**
 * The storage is locked by another program, read-only, or away. The operation was rolled back,
 * unless it is undecided.
 */
export class LedgerBusyError extends MicropayError {
  readonly code = "ledger_busy";
  /** Whether the ledger itself reports that its storage is away, and when it is back. */
  readonly isReported: boolean;
  /** Whether the operation may have happened. Without, it never will. */
  readonly isUndecided: boolean;

  constructor(message: string, options: LedgerBusyOptions = {}) {
    super(message, options);
    this.isReported = options.isReported ?? false;
    this.isUndecided = options.isUndecided ?? false;
  }
}

interface LedgerBusyOptions extends ErrorOptions {
  readonly isReported?: boolean;
  readonly isUndecided?: boolean;
}

/** Returns whether the ledger cannot be used now. */
export function isLedgerUnavailable(error: unknown): error is LedgerFullError | LedgerBusyError {
  return error instanceof LedgerFullError || error instanceof LedgerBusyError;
}

/** An order was sent and its outcome is unknown. The order id allows asking again. */
export class UnknownOutcomeError extends MicropayError {
  readonly code = "unknown_outcome";
  readonly orderId: string;

  constructor(message: string, options: ErrorOptions & { orderId: string }) {
    super(message, options);
    this.orderId = options.orderId;
  }
}

/** An operator's change was sent to the ledger's database, which did not answer it. */
export class UndecidedChangeError extends MicropayError {
  readonly code = "unknown_outcome";
  readonly orderId: string | undefined;

  constructor(message: string, options: ErrorOptions & { orderId?: string | undefined }) {
    super(message, options);
    this.orderId = options.orderId;
  }
}

/** The standard output cannot be written. The command itself succeeded. */
export class OutputError extends MicropayError {
  readonly code = "output";
}

/** A payment was booked, and its result could not be printed. The id identifies it. */
export class UnprintedPaymentError extends MicropayError {
  readonly code = "unprinted_payment";
  readonly orderId: string;
  readonly entry: number;

  constructor(message: string, options: ErrorOptions & { orderId: string; entry: number }) {
    super(message, options);
    this.orderId = options.orderId;
    this.entry = options.entry;
  }
}

/** The user ended the program by a signal or by closing its input. */
export class InterruptedError extends MicropayError {
  readonly code = "interrupted";
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Returns why the system refused a file operation. Our texts have the file's name already. */
export function systemReason(error: unknown): string {
  // The runtime's own text advises a flag that nobody can give to an executable.
  if (error instanceof Deno.errors.NotCapable) {
    return "the runtime keeps programs out of /dev, /proc and /sys; use a file in another folder";
  }
  return messageOf(error).replace(/(\(os error \d+\)).*$/s, "$1");
}
