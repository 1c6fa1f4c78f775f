/**
 * Where a person's identities, pins and receipts are kept:
 *
 *     pins.json                                  which ledger is behind which server address
 *     <ledger>/CA.pem                            its CA; <ledger> is the CA's fingerprint
 *     <ledger>/<account>/key.pem                 0600
 *     <ledger>/<account>/certificate.pem         absent until the account is registered
 *     <ledger>/<account>/receipts/<id>.json      one a payment, given or taken
 */
import { join } from "node:path";
import type { AccountName } from "../account_name.ts";
import { FileError, messageOf } from "../errors.ts";

export class DataFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  pinsFile(): string {
    return join(this.path, "pins.json");
  }

  ledgerFolder(ledger: string): string {
    return join(this.path, ledger);
  }

  caFile(ledger: string): string {
    return join(this.ledgerFolder(ledger), "CA.pem");
  }

  accountFolder(ledger: string, name: AccountName): string {
    return join(this.ledgerFolder(ledger), name);
  }

  receiptsFolder(ledger: string, name: AccountName): string {
    return join(this.accountFolder(ledger, name), "receipts");
  }
}

/** @returns the file's text, or `undefined` when there is none */
export async function readTextIfThere(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return undefined;
    throw new FileError(`read ${path}: ${messageOf(cause)}`, { cause });
  }
}

/** Makes a folder that only this user can look into, with the folders above it. */
export async function makePrivateFolder(path: string): Promise<void> {
  try {
    await Deno.mkdir(path, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new FileError(`make the folder ${path}: ${messageOf(cause)}`, { cause });
  }
}

/**
 * Writes a file so that at any moment, power cuts included, either the old content or the new is there.
 *
 * @param mode of the new file: 0600 for anything private
 */
export async function writeFileWhole(
  path: string,
  text: string,
  { mode }: { mode: number },
): Promise<void> {
  // Unique to this process, so that two clients writing the same file do not write into each other's half.
  const temporary = `${path}.${crypto.randomUUID()}.tmp`;
  try {
    using file = await Deno.open(temporary, { write: true, createNew: true, mode });
    await new Blob([text]).stream().pipeTo(file.writable, { preventClose: true });
    await file.syncData();
    await Deno.rename(temporary, path);
  } catch (cause) {
    await Deno.remove(temporary).catch(() => {});
    throw new FileError(`write ${path}: ${messageOf(cause)}`, { cause });
  }
}
