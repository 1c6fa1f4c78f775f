/**
 * The ledgers that a person trusted: the one pinned for each server address (`host:port`), and the
 * CA files of all of them.
 */
import type { TrustAnchor } from "../../pki/trust_anchor.ts";
import type { DataFolder } from "./data_folder.ts";
import type { WalletStore } from "./wallet_store.ts";

export class PinStore {
  readonly #folder: DataFolder;
  readonly #store: WalletStore;

  constructor(folder: DataFolder, store: WalletStore) {
    this.#folder = folder;
    this.#store = store;
  }

  get file(): string {
    return this.#store.file;
  }

  /** @returns 64 hexadecimal digits, or `undefined` when nothing was pinned for this address */
  get(server: string): Promise<string | undefined> {
    return this.#store.pinOf(server);
  }

  /**
   * Pins a ledger that a person trusts, and remembers its CA.
   *
   * @param options `replace`: also when another ledger is pinned for this address
   * @returns the ledger that is pinned now
   */
  async set(
    server: string,
    { fingerprint, pem }: TrustAnchor,
    { replace }: { readonly replace: boolean },
  ): Promise<string> {
    const pinned = await this.get(server);
    if (pinned !== undefined && !replace) return pinned;
    const { disk } = this.#folder;
    await disk.makeFolder(this.#folder.ledgerFolder(fingerprint));
    await disk.writeWhole(this.#folder.caFile(fingerprint), pem, "public");
    // The last change. When the process ends before it, the same command pins the next time.
    return await this.#store.pin(server, fingerprint, { replace });
  }

  /** @returns whether this ledger was trusted before, at any address */
  async isKnown({ fingerprint, pem }: TrustAnchor): Promise<boolean> {
    return await this.#folder.disk.readText(this.#folder.caFile(fingerprint)) === pem;
  }
}
