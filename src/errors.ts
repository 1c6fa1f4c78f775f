/**
 * What may go wrong unexpectedly. Each failure is one class with a stable `code`; nothing matches on message text.
 * A refusal that is part of the protocol ("bankrupt", "name taken") is never thrown: it is a typed outcome.
 */

/** Stable codes, also the `error` member of `--json` output. */
export type ErrorCode =
  | "usage"
  | "connect"
  | "timeout"
  | "closed"
  | "untrusted"
  | "not_authenticated"
  | "certificate"
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

export interface ErrorOptions {
  cause?: unknown;
}

/** Base of every failure this program throws on purpose. The message names the attempted action, then the value at fault. */
export abstract class MicropayError extends Error {
  abstract readonly code: ErrorCode;

  constructor(message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
  }
}

/** The command line, or something else a person typed, cannot be used as it is. */
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

/** The other side closed the connection where an answer was due. */
export class ClosedError extends MicropayError {
  readonly code = "closed";
}

/** The other side is not who it has to be; nothing of ours was sent to it. */
export class UntrustedError extends MicropayError {
  readonly code = "untrusted";
}

/** This user holds no identity that the other side accepts. */
export class NotAuthenticatedError extends MicropayError {
  readonly code = "not_authenticated";
}

/** A certificate, a request or a key is not of our profile. */
export class CertificateError extends MicropayError {
  readonly code = "certificate";
}

/** A certificate was good and its last second is over. */
export class ExpiredCertificateError extends CertificateError {}

/** A line on the wire is not what it has to be. Says nothing about its plaintext, and is never shown to the sender. */
export class EnvelopeError extends MicropayError {
  readonly code = "envelope";
}

/** A message opened, from a known sender, whose contents are not of the shape its type requires. */
export class ProtocolError extends MicropayError {
  readonly code = "protocol";
}

/** A file or folder cannot be read or written. */
export class FileError extends MicropayError {
  readonly code = "file";
}

/** The port cannot be listened on, or a connection to it cannot be accepted. */
export class ListenError extends MicropayError {
  readonly code = "listen";
}

/**
 * The ledger's storage failed. After this nothing is known about what the store holds until it is opened again, so the
 * holder has to stop: after a failed fsync a later commit can succeed while earlier data is gone.
 */
export class LedgerError extends MicropayError {
  readonly code = "ledger";
}

/** The storage has no room. The operation was rolled back; the ledger can be used again when there is room. */
export class LedgerFullError extends MicropayError {
  readonly code = "ledger_full";
}

/**
 * The storage cannot be written just now: another program holds it locked, or it was made read-only. The operation was
 * rolled back; the ledger can be used again when that is over.
 */
export class LedgerBusyError extends MicropayError {
  readonly code = "ledger_busy";
}

/** An order was sent and what became of it could not be found out. Carries the order's id so that it can be asked again. */
export class UnknownOutcomeError extends MicropayError {
  readonly code = "unknown_outcome";
  readonly orderId: string;

  constructor(message: string, options: ErrorOptions & { orderId: string }) {
    super(message, options);
    this.orderId = options.orderId;
  }
}

/** The standard output cannot be written. What was to be printed was done, or found out, all the same. */
export class OutputError extends MicropayError {
  readonly code = "output";
}

/** A payment was booked and could not be printed. Carries what finds it again. */
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

/** The user ended it, by a signal or by closing the input. */
export class InterruptedError extends MicropayError {
  readonly code = "interrupted";
}

/** The message of anything thrown, for a line that a person reads. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** @returns why the system refused an operation on a file, without the file's name, which our texts begin with */
export function systemReason(error: unknown): string {
  return messageOf(error).replace(/(\(os error \d+\)).*$/s, "$1");
}
