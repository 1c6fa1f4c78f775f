/**
 * `client witnesses`: which witnesses this person believes.
 */
import type { Wallet } from "../../client/wallet.ts";
import { isDocumentError, messageOf, UsageError } from "../../errors.ts";
import { readVerifierKey, type VerifierKey } from "../../protocol/cosignature.ts";
import type { ClientOutput } from "./output.ts";

interface WitnessesWords {
  readonly action: "add" | "list" | "remove";
  /** A verifier key for `add`, and a name for `remove`. */
  readonly witness?: string | undefined;
}

/**
 * Changes or prints the accepted witnesses, without the server.
 *
 * @throws {UsageError} when a word is missing, wrong or too many
 * @throws {UntrustedError} when the ledger is not known here
 * @throws {FileError} when the file cannot be read or written
 */
export async function changeWitnesses(
  { action, witness }: WitnessesWords,
  { wallet, output }: { readonly wallet: Wallet; readonly output: ClientOutput },
): Promise<void> {
  if ((witness === undefined) !== (action === "list")) {
    throw new UsageError(
      "witnesses: give add with a verifier key, remove with a name, or list alone",
    );
  }
  const key = action === "add" ? keyOf(witness!) : undefined;
  const accepted = await wallet.acceptedWitnesses();
  if (key) await accepted.add(key);
  if (action === "remove" && await accepted.remove(witness!) === 0) {
    throw new UsageError(`witnesses remove ${witness}: no accepted witness has this name`);
  }
  output.printWitnesses(await accepted.list());
}

function keyOf(text: string): VerifierKey {
  try {
    return readVerifierKey(text);
  } catch (cause) {
    if (!isDocumentError(cause)) throw cause;
    throw new UsageError(`witnesses add: ${messageOf(cause)}`, { cause });
  }
}
