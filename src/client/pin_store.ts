/**
 * Which ledger was trusted behind which server address: the fingerprints of CAs, by `host:port`.
 */
import * as v from "valibot";
import { FileError } from "../errors.ts";
import { parseJsonObject } from "../strict_json.ts";
import type { DataFolder } from "./data_folder.ts";

const pinsShape = v.record(v.string(), v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)));

export class PinStore {
  readonly #folder: DataFolder;

  constructor(folder: DataFolder) {
    this.#folder = folder;
  }

  /** @returns 64 hexadecimal digits, or `undefined` when nothing was pinned for this address */
  async get(server: string): Promise<string | undefined> {
    const pins = await this.#read();
    return Object.hasOwn(pins, server) ? pins[server] : undefined;
  }

  async set(server: string, fingerprint: string): Promise<void> {
    const pins = { ...await this.#read(), [server]: fingerprint };
    const { disk, path } = this.#folder;
    await disk.makeFolder(path);
    const text = `${JSON.stringify(pins, null, 2)}\n`;
    await disk.writeWhole(this.#folder.pinsFile(), text, "private");
  }

  async #read(): Promise<Record<string, string>> {
    const path = this.#folder.pinsFile();
    const text = await this.#folder.disk.readText(path);
    if (text === undefined) return {};
    const result = v.safeParse(pinsShape, parseJsonObject(text));
    if (!result.success) {
      // Starting without pins would trust whoever answers; the person has to decide.
      throw new FileError(
        `read ${path}: it is not a list of pins; mend it, or remove it to pin anew`,
      );
    }
    return result.output;
  }
}
