/**
 * The folder of a witness:
 *
 *     key.pem                        0600, the private key
 *     verifier_key.txt               what operators and members name the witness by
 *     newest.json                    the checkpoint with the most rows that it cosigned
 *     checkpoints.jsonl              all of them, one a line, in the order of cosigning
 *     evidence-<digest>.json         0600, what shows that the server rewrote the ledger
 *
 * A running witness locks the empty file `.lock`, because two of them could cosign two ledgers.
 */
import { join } from "node:path";
import {
  appendLine,
  attempting,
  createFile,
  isThere,
  makeFolder,
  readTextIfThere,
  replaceFile,
} from "../../durable_files.ts";
import { FileError, isDocumentError, messageOf, UsageError } from "../../errors.ts";
import { SigningKey } from "../../pki/signing_key.ts";
import type { TrustAnchor } from "../../pki/trust_anchor.ts";
import { type Cosigner, readVerifierKey, verifierKey } from "../../protocol/cosignature.ts";
import { check } from "../../protocol/request_type.ts";
import {
  type SeenCheckpoint,
  seenCheckpointShape,
  verifySeenCheckpoint,
} from "../../protocol/seen_checkpoint.ts";
import { type FileLock, takeFileLock } from "../../sqlite/file_lock.ts";
import { parseJsonObject } from "../../strict_json.ts";
import type { AuditedHead } from "../wallet/wallet_store.ts";

/** What to do about a damaged file, as an end of a sentence. */
const putBack = "put back a copy of the file, or give another folder with --out";

export class WitnessFolder implements Disposable {
  readonly path: string;
  readonly cosigner: Cosigner;
  readonly #lock: FileLock;

  /**
   * Opens a folder, and makes it and its key at the first time.
   *
   * @param options.name the witness's name. Absent: the one that it has, or one made of its key
   * @throws {UsageError} when the witness has another name
   * @throws {FileError} when the folder cannot be used, or another witness uses it
   */
  constructor(path: string, { name }: { readonly name?: string | undefined } = {}) {
    this.path = path;
    attempting(`make the folder ${path}`, () => makeFolder(path));
    this.#lock = takeFileLock(join(path, ".lock"), { mode: "exclusive", waitMs: 0 });
    try {
      this.cosigner = this.#openCosigner(name);
    } catch (error) {
      this.#lock.release();
      throw error;
    }
  }

  /**
   * Returns the newest checkpoint that this witness cosigned, or `undefined` before the first.
   *
   * @throws {FileError} when it is damaged, of another ledger, or gone while older ones are there.
   * Without it the witness cannot know what it cosigned, so it must not go on
   */
  newest(anchor: TrustAnchor): AuditedHead | undefined {
    const path = this.#file("newest.json");
    const text = attempting(`read ${path}`, () => readTextIfThere(path));
    if (text === undefined) {
      const all = this.#file("checkpoints.jsonl");
      if (!isThere(all)) return undefined;
      throw new FileError(
        `read ${path}: it is gone, and ${all} has earlier checkpoints; write the line with ` +
          "the most rows into it, or give another folder with --out",
      );
    }
    try {
      const tree = check(seenCheckpointShape, parseJsonObject(text), "read a checkpoint");
      const { size, head } = verifySeenCheckpoint(tree, { anchor });
      return {
        entry: size,
        head,
        checkpoint: tree.checkpoint,
        certificate: tree.serverCertificate,
      };
    } catch (cause) {
      if (!isDocumentError(cause)) throw cause;
      throw new FileError(
        `read ${path}: ${messageOf(cause)}; give the CA of the ledger that this witness follows ` +
          "with --ca, or another folder with --out",
        { cause },
      );
    }
  }

  /**
   * Keeps a checkpoint before its cosignature leaves this machine.
   *
   * @param options.isNewest whether no checkpoint with more rows is kept
   * @throws {FileError} when it cannot be written
   */
  keep(
    { checkpoint, certificate: serverCertificate }: AuditedHead,
    { isNewest }: { readonly isNewest: boolean },
  ): void {
    const text = JSON.stringify({ checkpoint, serverCertificate } satisfies SeenCheckpoint);
    // First, so that an interruption leaves no cosignature that the next start does not know.
    const newest = this.#file("newest.json");
    if (isNewest) {
      attempting(`write ${newest}`, () => replaceFile(newest, `${text}\n`, "public"));
    }
    const all = this.#file("checkpoints.jsonl");
    attempting(`write ${all}`, () => appendLine(all, text, "public"));
  }

  [Symbol.dispose](): void {
    this.#lock.release();
  }

  #openCosigner(name: string | undefined): Cosigner {
    const signingKey = this.#openKey();
    const path = this.#file("verifier_key.txt");
    const text = attempting(`read ${path}`, () => readTextIfThere(path))?.trim();
    if (text) {
      const key = readKeyFile(text, path);
      if (key.publicKey.fingerprint !== signingKey.publicKey.fingerprint) {
        throw new FileError(
          `read ${path}: it is not of the key in ${this.#file("key.pem")}; ${putBack}`,
        );
      }
      if (name !== undefined && name !== key.name) {
        throw new UsageError(
          `be the witness ${name}: the one in ${this.path} is ${key.name}; name another folder ` +
            "with --out",
        );
      }
      return { key, signingKey };
    }
    const digits = signingKey.publicKey.fingerprint.slice(0, 8);
    const key = verifierKey(name ?? `witness-${digits}`, signingKey.publicKey);
    attempting(`write ${path}`, () => replaceFile(path, `${key.text}\n`, "public"));
    return { key, signingKey };
  }

  #openKey(): SigningKey {
    const path = this.#file("key.pem");
    const stored = attempting(`read ${path}`, () => readTextIfThere(path));
    if (stored !== undefined) {
      try {
        return SigningKey.read(stored);
      } catch (cause) {
        throw new FileError(`read ${path}: ${messageOf(cause)}; ${putBack}`, { cause });
      }
    }
    const { signingKey, pem } = SigningKey.generate();
    attempting(`write ${path}`, () => createFile(path, pem, "private"));
    return signingKey;
  }

  #file(name: string): string {
    return join(this.path, name);
  }
}

function readKeyFile(text: string, path: string) {
  try {
    return readVerifierKey(text);
  } catch (cause) {
    throw new FileError(`read ${path}: ${messageOf(cause)}; ${putBack}`, { cause });
  }
}
