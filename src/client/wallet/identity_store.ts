/**
 * This user's accounts on one ledger: their keys and certificates.
 */
import { join } from "node:path";
import { type AccountName, isAccountName } from "../../account_name.ts";
import { CertificateError } from "../../errors.ts";
import {
  type CertificateRequest,
  createCertificateRequest,
  readCertificateRequest,
} from "../../pki/certificate_request.ts";
import { verifyChain } from "../../pki/certificate_profile.ts";
import { type Identity, openIdentity } from "../../pki/identity.ts";
import { certificateToPem } from "../../pki/pem.ts";
import { sha256Hex, SigningKey } from "../../pki/signing_key.ts";
import type { TrustAnchor } from "../../pki/trust_anchor.ts";
import type { DataFolder } from "./data_folder.ts";
import type { Disk } from "./disk.ts";

/** A key with the request it signed: what an applicant introduces itself with. */
export interface Application {
  readonly request: CertificateRequest;
  readonly signingKey: SigningKey;
}

/** @returns the accounts registered from here on one ledger, in order of names */
export async function accountNames(folder: DataFolder, ledger: string): Promise<AccountName[]> {
  const names: AccountName[] = [];
  for (const name of await folder.disk.names(folder.accountsFolder(ledger))) {
    if (!isAccountName(name)) continue;
    const certificate = join(folder.accountFolder(ledger, name), certificateFileName);
    if (await folder.disk.readText(certificate) !== undefined) names.push(name);
  }
  return names.sort();
}

const certificateFileName = "certificate.pem";

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

  /**
   * @returns `undefined` when this account was not registered from here
   * @throws {CertificateError} when its certificate is not (or no longer) good, or not its key's; the message has the file's path
   */
  async load(name: AccountName, { atMs }: { atMs: number }): Promise<Identity | undefined> {
    const certificatePem = await this.#certificatePem(name);
    const privateKeyPem = await this.#disk.readText(this.#keyFile(name));
    if (certificatePem === undefined || privateKeyPem === undefined) return undefined;
    const anchor = this.#anchor;
    return naming(
      `use ${this.#certificateFile(name)} and its key`,
      () => openIdentity({ certificatePem, privateKeyPem, anchor, role: "member", atMs }),
    );
  }

  /**
   * The key and the request for a new account. The key is on the disk before it is used: when the answer gets lost, the same key asks
   * again and is given the certificate that was issued to it.
   *
   * @param options `anew`: for an account whose key was lost or is not trusted any more. Where one with a certificate is here, another
   * one is made beside it; one that was made for this and not answered yet is used again
   * @throws {CertificateError} when the key that is here cannot be read; the message has the file's path
   */
  async apply(
    name: AccountName,
    { anew = false }: { anew?: boolean } = {},
  ): Promise<Application> {
    // Locked: two processes that register one name at once use one key.
    const signingKey = await this.#locked(name, async () => {
      const next = this.#nextKeyFile(name);
      const isReplacement = anew &&
        (await this.#disk.readText(next) ?? await this.#certificatePem(name)) !== undefined;
      const path = isReplacement ? next : this.#keyFile(name);
      return await this.#storedKey(path) ?? await this.#newKey(path);
    });
    const request = readCertificateRequest(createCertificateRequest(name, signingKey));
    return { request, signingKey };
  }

  /**
   * Stores what REGISTER brought. Only now a key that is replaced is kept aside: a code that the server refuses costs nothing.
   *
   * @throws {CertificateError} when it is not a certificate of this ledger for this account and its key, or the key is gone
   */
  async complete(
    { request }: Application,
    certificateDer: Uint8Array<ArrayBuffer>,
    { atMs }: { atMs: number },
  ): Promise<void> {
    const { name, publicKey } = request;
    const certificate = verifyChain([certificateDer], {
      anchor: this.#anchor,
      role: "member",
      atMs,
    });
    const { party } = certificate;
    const matches = party.role === "member" && party.name === name &&
      certificate.publicKey.fingerprint === publicKey.fingerprint;
    if (!matches) {
      throw new CertificateError(`register ${name}: the certificate is for another name or key`);
    }
    await this.#locked(name, async () => {
      const { fingerprint, pem: caPem } = this.#anchor;
      await this.#disk.writeWhole(this.#folder.caFile(fingerprint), caPem, "public");
      await this.#useKey(request);
      // The last change: before it the same command again goes on, after it everything is there.
      const pem = certificateToPem(certificateDer);
      await this.#disk.writeWhole(this.#certificateFile(name), pem, "public");
    });
  }

  /**
   * Makes the key of a request the account's. Interrupted anywhere, asking once more with the code ends it: either the next key is still
   * there, or it is the account's key already, and the server gives its certificate again.
   */
  async #useKey({ name, publicKey }: CertificateRequest): Promise<void> {
    if (await this.#fingerprintOfKey(this.#keyFile(name)) === publicKey.fingerprint) return;
    const next = this.#nextKeyFile(name);
    if (await this.#fingerprintOfKey(next) !== publicKey.fingerprint) {
      throw new CertificateError(
        `register ${name}: its key is not in ${this.#accountFolder(name)} any more; register again`,
      );
    }
    await this.#setAside(name);
    await this.#disk.rename(next, this.#keyFile(name));
  }

  /** Keeps the old key and certificate under other names: what they signed can still be looked at. */
  async #setAside(name: AccountName): Promise<void> {
    const pem = await this.#certificatePem(name);
    if (pem === undefined) return;
    const mark = sha256Hex(pem).slice(0, 16);
    for (const path of [this.#keyFile(name), this.#certificateFile(name)]) {
      await this.#disk.rename(path, `${path}.replaced-${mark}`);
    }
  }

  async #newKey(path: string): Promise<SigningKey> {
    const { signingKey, pem } = SigningKey.generate();
    await this.#disk.writeWhole(path, pem, "private");
    return signingKey;
  }

  /** One process at a time. */
  async #locked<Result>(name: AccountName, action: () => Promise<Result>): Promise<Result> {
    await this.#disk.makeFolder(this.#accountFolder(name));
    return await this.#disk.locked(
      this.#folder.accountLock(this.#anchor.fingerprint, name),
      action,
    );
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
    return join(this.#accountFolder(name), certificateFileName);
  }

  #certificatePem(name: AccountName): Promise<string | undefined> {
    return this.#disk.readText(this.#certificateFile(name));
  }

  async #storedKey(path: string): Promise<SigningKey | undefined> {
    const pem = await this.#disk.readText(path);
    if (pem === undefined) return undefined;
    return naming(
      `use the key ${path}; put back a copy of it, or move it away and ask the operator for a code`,
      () => SigningKey.read(pem),
    );
  }

  async #fingerprintOfKey(path: string): Promise<string | undefined> {
    return (await this.#storedKey(path))?.publicKey.fingerprint;
  }
}

/** Says what was attempted, with the file's path, before what is wrong with its content. */
function naming<Result>(attempt: string, action: () => Result): Result {
  try {
    return action();
  } catch (cause) {
    if (!(cause instanceof CertificateError)) throw cause;
    throw new CertificateError(`${attempt}: ${cause.message}`, { cause });
  }
}
