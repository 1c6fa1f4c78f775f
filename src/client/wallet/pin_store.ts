/**
 * Which ledger was trusted behind which server address: a file for each address (`host:port`), so that nothing that is pinned for one
 * touches what is pinned for another. And which ledgers were trusted at all: those whose CA is kept here.
 */
import { join } from "node:path";
import * as v from "valibot";
import { FileError } from "../../errors.ts";
import { sha256Hex } from "../../pki/signing_key.ts";
import type { TrustAnchor } from "../../pki/trust_anchor.ts";
import { digestShape } from "../../protocol/shapes.ts";
import { parseJsonObject } from "../../strict_json.ts";
import type { DataFolder } from "./data_folder.ts";

const pinShape = v.strictObject({ server: v.string(), ledger: digestShape });

export class PinStore {
  readonly #folder: DataFolder;

  constructor(folder: DataFolder) {
    this.#folder = folder;
  }

  /**
   * @returns 64 hexadecimal digits, or `undefined` when nothing was pinned for this address
   * @throws {FileError} when the file is not as this program writes it
   */
  async get(server: string): Promise<string | undefined> {
    const path = this.file(server);
    const text = await this.#folder.disk.readText(path);
    if (text === undefined) return undefined;
    const pin = v.safeParse(pinShape, parseJsonObject(text));
    // To go on without it would trust whoever answers; the person has to decide.
    if (!pin.success || pin.output.server !== server) {
      throw new FileError(`read ${path}: it is not the pin of ${server}; remove it to pin anew`);
    }
    return pin.output.ledger;
  }

  /**
   * Pins a ledger, and remembers its CA.
   *
   * @param options `replace`: whatever is pinned for this address
   * @returns what is pinned now: another ledger, when one was pinned and is not to be replaced
   */
  async set(
    server: string,
    anchor: TrustAnchor,
    { replace }: { readonly replace: boolean },
  ): Promise<string> {
    const { disk } = this.#folder;
    const folder = this.#folder.pinsFolder();
    await disk.makeFolder(folder);
    // Locked: what another process has pinned for this address meanwhile must not be replaced unseen.
    return await disk.locked(join(folder, ".lock"), async () => {
      const pinned = await this.get(server);
      if (pinned !== undefined && !replace) return pinned;
      await disk.makeFolder(this.#folder.ledgerFolder(anchor.fingerprint));
      await disk.writeWhole(this.#folder.caFile(anchor.fingerprint), anchor.pem, "public");
      const pin = { server, ledger: anchor.fingerprint };
      await disk.writeWhole(this.file(server), `${JSON.stringify(pin)}\n`, "private");
      return anchor.fingerprint;
    });
  }

  /** Whether this ledger was trusted before, at whatever address. */
  async isKnown({ fingerprint, pem }: TrustAnchor): Promise<boolean> {
    return await this.#folder.disk.readText(this.#folder.caFile(fingerprint)) === pem;
  }

  /** Where the pin of an address is, if there is one. Its digest is no longer than a file's name may be, and needs no capitals. */
  file(server: string): string {
    const digest = sha256Hex(server);
    return join(this.#folder.pinsFolder(), `${digest}.json`);
  }
}
