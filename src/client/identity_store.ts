/**
 * This user's accounts on one ledger: their keys and certificates.
 */
import { join } from "node:path";
import { type AccountName, isAccountName } from "../account_name.ts";
import { CertificateError, FileError, messageOf } from "../errors.ts";
import {
  type CertificateRequest,
  createCertificateRequest,
  readCertificateRequest,
} from "../pki/certificate_request.ts";
import { verifyChain } from "../pki/certificate_profile.ts";
import { type Identity, openIdentity } from "../pki/identity.ts";
import { certificateToPem } from "../pki/pem.ts";
import {
  exportPrivateKeyPem,
  generateSigningKey,
  importPrivateKeyPem,
  sha256Hex,
} from "../pki/signing_key.ts";
import type { TrustAnchor } from "../pki/trust_anchor.ts";
import {
  type DataFolder,
  makePrivateFolder,
  readTextIfThere,
  writeFileWhole,
} from "./data_folder.ts";

/** A key with the request it signed: what an applicant introduces itself with. */
export interface Application {
  readonly request: CertificateRequest;
  readonly privateKey: CryptoKey;
}

export class IdentityStore {
  readonly #folder: DataFolder;
  readonly #anchor: TrustAnchor;

  constructor(folder: DataFolder, anchor: TrustAnchor) {
    this.#folder = folder;
    this.#anchor = anchor;
  }

  /** The accounts registered from here, in order of names. */
  async names(): Promise<AccountName[]> {
    const path = this.#folder.ledgerFolder(this.#anchor.fingerprint);
    const names: AccountName[] = [];
    try {
      for await (const { name } of Deno.readDir(path)) {
        if (isAccountName(name) && await this.#certificatePem(name) !== undefined) names.push(name);
      }
    } catch (cause) {
      if (cause instanceof Deno.errors.NotFound) return [];
      throw new FileError(`look for accounts in ${path}: ${messageOf(cause)}`, { cause });
    }
    return names.sort();
  }

  /**
   * @returns `undefined` when this account was not registered from here
   * @throws {CertificateError} when its certificate is not (or no longer) good, or not its key's
   */
  async load(name: AccountName, { atMs }: { atMs: number }): Promise<Identity | undefined> {
    const certificatePem = await this.#certificatePem(name);
    const privateKeyPem = await readTextIfThere(this.#keyFile(name));
    if (certificatePem === undefined || privateKeyPem === undefined) return undefined;
    const anchor = this.#anchor;
    return await openIdentity({ certificatePem, privateKeyPem, anchor, role: "member", atMs });
  }

  /**
   * The key and the request for a new account. The key is stored before it is used: when the answer gets lost, the same key asks
   * again and is given the certificate that was issued to it.
   *
   * @param options `anew`: for an account whose key was lost or is not trusted any more. What is here of it is kept aside, once: a
   * key that was made for this and not answered yet is used again
   */
  async apply(
    name: AccountName,
    { anew = false }: { anew?: boolean } = {},
  ): Promise<Application> {
    if (anew && await this.#certificatePem(name) !== undefined) await this.#setAside(name);
    const keys = await this.#storedKey(name) ?? await this.#newKey(name);
    const request = await readCertificateRequest(await createCertificateRequest(name, keys));
    return { request, privateKey: keys.privateKey };
  }

  /**
   * Stores what REGISTER brought.
   *
   * @throws {CertificateError} when it is not a certificate of this ledger for this account and its key
   */
  async complete(
    { request }: Application,
    certificateDer: Uint8Array<ArrayBuffer>,
    { atMs }: { atMs: number },
  ): Promise<void> {
    const { name, keyFingerprint } = request;
    const certificate = await verifyChain([certificateDer], {
      anchor: this.#anchor,
      role: "member",
      atMs,
    });
    const { party } = certificate;
    const matches = party.role === "member" && party.name === name &&
      certificate.keyFingerprint === keyFingerprint;
    if (!matches) {
      throw new CertificateError(`register ${name}: the certificate is for another name or key`);
    }
    await writeFileWhole(this.#certificateFile(name), certificateToPem(certificateDer), {
      mode: 0o644,
    });
    await writeFileWhole(this.#folder.caFile(this.#anchor.fingerprint), this.#anchor.pem, {
      mode: 0o644,
    });
  }

  /** Keeps the old key and certificate under other names: what they signed can still be looked at. */
  async #setAside(name: AccountName): Promise<void> {
    const pem = await this.#certificatePem(name);
    // A copy, because the types of the oldest Deno do not say what kind of memory an encoder writes to.
    const mark = (await sha256Hex(Uint8Array.from(new TextEncoder().encode(pem)))).slice(0, 16);
    for (const path of [this.#keyFile(name), this.#certificateFile(name)]) {
      try {
        await Deno.rename(path, `${path}.replaced-${mark}`);
      } catch (cause) {
        if (cause instanceof Deno.errors.NotFound) continue;
        throw new FileError(`rename ${path}: ${messageOf(cause)}`, { cause });
      }
    }
  }

  async #storedKey(name: AccountName): Promise<CryptoKeyPair | undefined> {
    const pem = await readTextIfThere(this.#keyFile(name));
    return pem === undefined ? undefined : await importPrivateKeyPem(pem);
  }

  async #newKey(name: AccountName): Promise<CryptoKeyPair> {
    const keys = await generateSigningKey();
    await makePrivateFolder(this.#accountFolder(name));
    const path = this.#keyFile(name);
    const pem = await exportPrivateKeyPem(keys.privateKey);
    try {
      // Exclusive: of two clients that register one name at once, only one makes the key.
      await Deno.writeTextFile(path, pem, { mode: 0o600, createNew: true });
    } catch (cause) {
      throw new FileError(`write the key ${path}: ${messageOf(cause)}`, { cause });
    }
    return keys;
  }

  #accountFolder(name: AccountName): string {
    return this.#folder.accountFolder(this.#anchor.fingerprint, name);
  }

  #keyFile(name: AccountName): string {
    return join(this.#accountFolder(name), "key.pem");
  }

  #certificateFile(name: AccountName): string {
    return join(this.#accountFolder(name), "certificate.pem");
  }

  #certificatePem(name: AccountName): Promise<string | undefined> {
    return readTextIfThere(this.#certificateFile(name));
  }
}
