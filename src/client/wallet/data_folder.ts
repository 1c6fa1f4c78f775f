/**
 * Where a person's identities, pins and receipts are kept:
 *
 *     pins/<address>.json                    which ledger is behind one server address; <address> is its digest
 *     <ledger>/CA.pem                        its CA; <ledger> is the CA's fingerprint
 *     <ledger>/accounts/<account>/           what follows, of one account
 *         key.pem                            0600
 *         certificate.pem                    absent until the account is registered
 *         next_key.pem                       0600, while a lost key is being replaced
 *         *.replaced-<digest>                the key and certificate that were replaced
 *         receipts/<id>.json                 one a payment, given or taken
 *         outbox/<id>.json                   one an order that may be on its way
 *         audit.json                         how far the ledger's chain was followed, and its head there
 *
 * Names that people choose stand in a folder of their own: an account `ca` is not taken for `CA.pem`, and none is `pins`, whatever a
 * file system thinks of capitals. A file `.lock` is there to be locked, by one process at a time that changes something in its folder.
 */
import { join } from "node:path";
import type { AccountName } from "../../account_name.ts";
import { isOrderId } from "../../random.ts";
import { type Disk, systemDisk } from "./disk.ts";

export class DataFolder {
  readonly path: string;
  readonly disk: Disk;

  constructor(path: string, disk: Disk = systemDisk) {
    this.path = path;
    this.disk = disk;
  }

  pinsFolder(): string {
    return join(this.path, "pins");
  }

  ledgerFolder(ledger: string): string {
    return join(this.path, ledger);
  }

  caFile(ledger: string): string {
    return join(this.ledgerFolder(ledger), "CA.pem");
  }

  accountsFolder(ledger: string): string {
    return join(this.ledgerFolder(ledger), "accounts");
  }

  accountFolder(ledger: string, name: AccountName): string {
    return join(this.accountsFolder(ledger), name);
  }

  /** Locked while an account's key, certificate, receipts or last audit are written. */
  accountLock(ledger: string, name: AccountName): string {
    return join(this.accountFolder(ledger, name), ".lock");
  }

  receiptsFolder(ledger: string, name: AccountName): string {
    return join(this.accountFolder(ledger, name), "receipts");
  }

  /**
   * @returns the ids of the files `<id>.json` in one of its folders, sorted, which is by the time the ids were made; none, when there is
   * no such folder
   * @throws {FileError} when it cannot be read
   */
  async orderIdsIn(path: string): Promise<string[]> {
    const names = await this.disk.names(path);
    return names.map((name) => name.replace(/\.json$/, "")).filter(isOrderId).sort();
  }
}
