/**
 * The CA of a ledger, for commands that work without a wallet.
 */
import { readReceiptAnchor } from "../client/receipt_check.ts";
import { FileError, messageOf, UsageError } from "../errors.ts";
import type { TrustAnchor } from "../pki/trust_anchor.ts";
import { nearbyCaPath, readGivenFile, readNearbyCa } from "./given_file.ts";

/**
 * Reads the CA that a person named, or the one in the current folder. It may have expired.
 *
 * @param command the name of the command, for messages
 * @throws {UsageError} when there is none
 * @throws {FileError} when it cannot be read, or is not a CA
 */
export async function readLedgerAnchor(
  ca: string | undefined,
  command: string,
): Promise<TrustAnchor> {
  const path = ca ?? nearbyCaPath;
  const pem = ca === undefined ? readNearbyCa() : await readGivenFile(ca, `read the CA ${ca}`);
  if (pem === undefined) {
    throw new UsageError(
      `${command}: give the ledger's CA with --ca; there is no certs/CA.pem here. Your client ` +
        "keeps it beside wallet.db, as LEDGER/CA.pem",
    );
  }
  try {
    return readReceiptAnchor(pem);
  } catch (cause) {
    throw new FileError(
      `read the CA ${path}: ${messageOf(cause)}; give the operator's CA.pem with --ca`,
      { cause },
    );
  }
}
