/**
 * What scripts learn from how the program ends.
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

/** How a client ends that met an error. A server ends with 1, or 2 when its command line was at fault. */
export const exitCodeOfError: Readonly<Record<ErrorCode, ExitCode>> = {
  usage: exitCodes.usage,
  connect: exitCodes.error,
  timeout: exitCodes.error,
  closed: exitCodes.error,
  untrusted: exitCodes.notTrusted,
  not_authenticated: exitCodes.notTrusted,
  certificate: exitCodes.notTrusted,
  envelope: exitCodes.error,
  protocol: exitCodes.error,
  file: exitCodes.error,
  listen: exitCodes.error,
  ledger: exitCodes.error,
  ledger_full: exitCodes.error,
  ledger_busy: exitCodes.error,
  unknown_outcome: exitCodes.unknownOutcome,
  output: exitCodes.error,
  // Booked, but whoever paid was not told so, and must ask before paying again.
  unprinted_payment: exitCodes.unknownOutcome,
  interrupted: exitCodes.error,
};

/** How a client ends that was refused: 220 says that it is not who it claims to be. */
export function exitCodeOfRefusal(code: Code): ExitCode {
  return code === 220 ? exitCodes.notTrusted : exitCodes.refused;
}
