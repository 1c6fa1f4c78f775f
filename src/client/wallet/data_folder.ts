/**
 * The folder of a person's identities, pins and receipts:
 *
 *     wallet.db                      pins, receipts and orders of all accounts (`wallet_store.ts`)
 *     <ledger>/CA.pem                the ledger's CA; <ledger> is its fingerprint
 *     <ledger>/witnesses.txt         0600, the verifier keys of the witnesses that are believed
 *     <ledger>/accounts/<account>/   one account:
 *         key.pem                    0600
 *         certificate.pem            absent until the account is registered
 *         next_key.pem               0600, while a lost key is being replaced
 *         *.replaced-<digest>        the key and certificate that were replaced
 *         evidence-<digest>.json     0600, what shows that the server rewrote the ledger
 *
 * Accounts are in a folder of their own. So an account `ca` never meets `CA.pem` on a file system
 * that ignores case. A process that changes a folder locks the empty file `.lock` in it.
 */
import { join } from "node:path";
import type { AccountName } from "../../account_name.ts";
import { type Disk, systemDisk } from "./disk.ts";

export class DataFolder {
  readonly path: string;
  readonly disk: Disk;

  constructor(path: string, disk: Disk = systemDisk) {
    this.path = path;
    this.disk = disk;
  }

  walletFile(): string {
    return join(this.path, "wallet.db");
  }

  /** Returns the ledgers that have a folder here, in order. */
  async ledgers(): Promise<string[]> {
    const names = await this.disk.names(this.path);
    return names.filter((name) => /^[0-9a-f]{64}$/.test(name)).sort();
  }

  ledgerFolder(ledger: string): string {
    return join(this.path, ledger);
  }

  caFile(ledger: string): string {
    return join(this.ledgerFolder(ledger), "CA.pem");
  }

  witnessesFile(ledger: string): string {
    return join(this.ledgerFolder(ledger), "witnesses.txt");
  }

  accountsFolder(ledger: string): string {
    return join(this.ledgerFolder(ledger), "accounts");
  }

  accountFolder(ledger: string, name: AccountName): string {
    return join(this.accountsFolder(ledger), name);
  }

  /** Locked while an account's key or certificate is written. */
  accountLock(ledger: string, name: AccountName): string {
    return join(this.accountFolder(ledger, name), ".lock");
  }
}
