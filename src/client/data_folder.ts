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
import { join } from "node:path";
import type { AccountName } from "../account_name.ts";
import { isOrderId } from "../random.ts";
import { type Disk, systemDisk } from "./disk.ts";

export class DataFolder {
  readonly path: string;
  readonly disk: Disk;

  constructor(path: string, disk: Disk = systemDisk) {
    this.path = path;
    this.disk = disk;
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
