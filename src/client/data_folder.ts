/**
 * Where a person's identities, pins and receipts are kept:
 *
 *     pins.json                                  which ledger is behind which server address
 *     <ledger>/CA.pem                            its CA; <ledger> is the CA's fingerprint
 *     <ledger>/<account>/key.pem                 0600
 *     <ledger>/<account>/certificate.pem         absent until the account is registered
 *     <ledger>/<account>/next_key.pem            0600, while a lost key is being replaced
 *     <ledger>/<account>/*.replaced-<digest>     the key and certificate that were replaced
 *     <ledger>/<account>/receipts/<id>.json      one a payment, given or taken
 *     <ledger>/<account>/outbox/<id>.json        one an order that may be on its way
 *     <ledger>/<account>/audit.json              how far the ledger's chain was followed, and its head there
 */
import { dirname, join } from "node:path";
import type { AccountName } from "../account_name.ts";
import { FileError, messageOf } from "../errors.ts";
import { isOrderId } from "../random.ts";

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

/**
 * @returns the ids of the files `<id>.json` in a folder, sorted, which is by the time the ids were made; none, when there is no folder
 * @throws {FileError} when it cannot be read
 */
export async function orderIdsIn(path: string): Promise<string[]> {
  const ids: string[] = [];
  try {
    for await (const { name } of Deno.readDir(path)) {
      const id = name.replace(/\.json$/, "");
      if (isOrderId(id)) ids.push(id);
    }
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return [];
    throw new FileError(`look into ${path}: ${messageOf(cause)}`, { cause });
  }
  return ids.sort();
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
  let temporary: string | undefined;
  try {
    // Made with 0600 and a name of its own: two clients writing one file do not write into each other's half.
    temporary = await Deno.makeTempFile({ dir: dirname(path), prefix: ".new-" });
    using file = await Deno.open(temporary, { write: true });
    for (let rest = new TextEncoder().encode(text); rest.length > 0;) {
      rest = rest.subarray(await file.write(rest));
    }
    await file.sync();
    await Deno.chmod(temporary, mode);
    await Deno.rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (cause) {
    if (temporary !== undefined) await Deno.remove(temporary).catch(() => {});
    throw new FileError(`write ${path}: ${messageOf(cause)}`, { cause });
  }
}

/** Makes what was done to a folder survive a power cut: a new name in it, or one that was changed. */
export async function syncFolder(path: string): Promise<void> {
  try {
    using folder = await Deno.open(path);
    await folder.sync();
  } catch {
    // Not every file system can do this for a folder; the files themselves are on the disk.
  }
}
