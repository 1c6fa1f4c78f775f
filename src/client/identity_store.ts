/**
 * This user's accounts on one ledger: their keys and certificates.
 */
import { join } from "node:path";
import { type AccountName, isAccountName } from "../account_name.ts";
import { CertificateError } from "../errors.ts";
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
import type { DataFolder } from "./data_folder.ts";
import type { Disk } from "./disk.ts";

/** A key with the request it signed: what an applicant introduces itself with. */
export interface Application {
  readonly request: CertificateRequest;
  readonly privateKey: CryptoKey;
  /** Whether the key is to take the place of another one, which stays in use until there is a certificate. */
  readonly isReplacement: boolean;
}

export class IdentityStore {
  readonly #folder: DataFolder;
  readonly #anchor: TrustAnchor;

  constructor(folder: DataFolder, anchor: TrustAnchor) {
    this.#folder = folder;
    this.#anchor = anchor;
  }

  get #disk(): Disk {
    return this.#folder.disk;
  }

  /** The accounts registered from here, in order of names. */
  async names(): Promise<AccountName[]> {
    const names: AccountName[] = [];
    const path = this.#folder.ledgerFolder(this.#anchor.fingerprint);
    for (const name of await this.#disk.names(path)) {
      if (isAccountName(name) && await this.#certificatePem(name) !== undefined) names.push(name);
    }
    return names.sort();
  }

  /**
   * @returns `undefined` when this account was not registered from here
   * @throws {CertificateError} when its certificate is not (or no longer) good, or not its key's
   */
  async load(name: AccountName, { atMs }: { atMs: number }): Promise<Identity | undefined> {
    const certificatePem = await this.#certificatePem(name);
    const privateKeyPem = await this.#disk.readText(this.#keyFile(name));
    if (certificatePem === undefined || privateKeyPem === undefined) return undefined;
    const anchor = this.#anchor;
    return await openIdentity({ certificatePem, privateKeyPem, anchor, role: "member", atMs });
  }

  /**
   * The key and the request for a new account. The key is stored before it is used: when the answer gets lost, the same key asks
   * again and is given the certificate that was issued to it.
   *
   * @param options `anew`: for an account whose key was lost or is not trusted any more. Where one with a certificate is here, another
   * one is made beside it; one that was made for this and not answered yet is used again
   */
  async apply(
    name: AccountName,
    { anew = false }: { anew?: boolean } = {},
  ): Promise<Application> {
    const next = this.#nextKeyFile(name);
    const isReplacement = anew &&
      (await this.#disk.readText(next) ?? await this.#certificatePem(name)) !== undefined;
    const path = isReplacement ? next : this.#keyFile(name);
    const keys = await this.#storedKey(path) ?? await this.#newKey(name, path);
    const request = await readCertificateRequest(await createCertificateRequest(name, keys));
    return { request, privateKey: keys.privateKey, isReplacement };
  }

  /**
   * Stores what REGISTER brought. Only now a key that is replaced is kept aside: a code that the server refuses costs nothing.
   *
   * @throws {CertificateError} when it is not a certificate of this ledger for this account and its key
   */
  async complete(
    { request, isReplacement }: Application,
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
    const pem = certificateToPem(certificateDer);
    if (isReplacement) await this.#replace(name, pem);
    else await this.#disk.writeWhole(this.#certificateFile(name), pem, "public");
    const { fingerprint, pem: caPem } = this.#anchor;
    await this.#disk.writeWhole(this.#folder.caFile(fingerprint), caPem, "public");
  }

  /**
   * Interrupted anywhere, asking once more with the code ends it: either the next key is still there, or it is the account's key already,
   * and the server gives its certificate again.
   */
  async #replace(name: AccountName, pem: string): Promise<void> {
    await this.#setAside(name);
    await this.#disk.rename(this.#nextKeyFile(name), this.#keyFile(name));
    await this.#disk.writeWhole(this.#certificateFile(name), pem, "public");
  }

  /** Keeps the old key and certificate under other names: what they signed can still be looked at. */
  async #setAside(name: AccountName): Promise<void> {
    const pem = await this.#certificatePem(name);
    if (pem === undefined) return;
    // A copy, because the types of the oldest Deno do not say what kind of memory an encoder writes to.
    const mark = (await sha256Hex(Uint8Array.from(new TextEncoder().encode(pem)))).slice(0, 16);
    for (const path of [this.#keyFile(name), this.#certificateFile(name)]) {
      await this.#disk.rename(path, `${path}.replaced-${mark}`);
    }
  }

  async #newKey(name: AccountName, path: string): Promise<CryptoKeyPair> {
    const keys = await generateSigningKey();
    await this.#disk.makeFolder(this.#accountFolder(name));
    // Exclusive: of two clients that register one name at once, only one makes the key.
    await this.#disk.writeNew(path, await exportPrivateKeyPem(keys.privateKey));
    return keys;
  }

  #accountFolder(name: AccountName): string {
    return this.#folder.accountFolder(this.#anchor.fingerprint, name);
  }

  #keyFile(name: AccountName): string {
    return join(this.#accountFolder(name), "key.pem");
  }

  /** Of a key that is to replace the account's. */
  #nextKeyFile(name: AccountName): string {
    return join(this.#accountFolder(name), "next_key.pem");
  }

  #certificateFile(name: AccountName): string {
    return join(this.#accountFolder(name), "certificate.pem");
  }

  #certificatePem(name: AccountName): Promise<string | undefined> {
    return this.#disk.readText(this.#certificateFile(name));
  }

  async #storedKey(path: string): Promise<CryptoKeyPair | undefined> {
    const pem = await this.#disk.readText(path);
    return pem === undefined ? undefined : await importPrivateKeyPem(pem);
  }
}
