/**
 * Deposits and withdrawals by the operator. Each is an entry like all others, with an order that
 * the server's identity signed.
 */
import type { BookOutcome, Ledger } from "../ledger/ledger.ts";
import { type Issue, type IssueDependencies, signIssue } from "../protocol/issue.ts";

export type Correction = Issue & { readonly kind: "deposit" | "withdrawal" };

/**
 * Books a deposit or a withdrawal. A server may run on the same ledger.
 *
 * @throws {CertificateError} when the server's certificate is not valid now
 */
export async function bookCorrection(
  correction: Correction,
  { ledger, ...issuer }: IssueDependencies & { readonly ledger: Ledger },
): Promise<BookOutcome> {
  return await ledger.book(signIssue(correction, issuer));
}
