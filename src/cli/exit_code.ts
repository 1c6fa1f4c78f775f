/**
 * The exit codes, which scripts rely on.
 */
import type { ErrorCode } from "../errors.ts";
import type { Code } from "../protocol/code.ts";

export const exitCodes = {
  ok: 0,
  error: 1,
  usage: 2,
  notTrusted: 4,
  refused: 5,
  unknownOutcome: 6,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/**
 * Exit codes of a client's errors. A server ends with 1, or with 2 when its command line is wrong.
 */
export const exitCodeOfError: Readonly<Record<ErrorCode, ExitCode>> = {
  usage: exitCodes.usage,
  connect: exitCodes.error,
  timeout: exitCodes.error,
  closed: exitCodes.error,
  untrusted: exitCodes.notTrusted,
  not_authenticated: exitCodes.notTrusted,
  certificate: exitCodes.notTrusted,
  passphrase: exitCodes.notTrusted,
  envelope: exitCodes.error,
  protocol: exitCodes.error,
  file: exitCodes.error,
  listen: exitCodes.error,
  ledger: exitCodes.error,
  ledger_full: exitCodes.error,
  ledger_busy: exitCodes.error,
  unknown_outcome: exitCodes.unknownOutcome,
  output: exitCodes.error,
  // The payment is booked, but the payer did not see that, and must ask before paying again.
  unprinted_payment: exitCodes.unknownOutcome,
  interrupted: exitCodes.error,
};

/** @returns the exit code of a refusal. 220 says that the client is not who it claims to be */
export function exitCodeOfRefusal(code: Code): ExitCode {
  return code === 220 ? exitCodes.notTrusted : exitCodes.refused;
}
