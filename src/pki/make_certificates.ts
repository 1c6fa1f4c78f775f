/** Makes the files of the operator's folder: the missing ones, a new server pair, or a new CA. */
import { join, resolve } from "node:path";
import type { Clock } from "../clock.ts";
import { attempting, isThere } from "../durable_files.ts";
import { FileError } from "../errors.ts";
import type { Random } from "../random.ts";
import { whileLocked } from "../sqlite/file_lock.ts";
import { CertificateAuthority } from "./certificate_authority.ts";
import {
  authorityFingerprint,
  type CertificateFileName,
  certificateFileNames,
  namesThere,
  openAuthority,
  openCertificates,
  readIn,
  unlessInvalid,
  withFileAdvice,
} from "./certificate_folder.ts";
import { gencertCommandLine } from "./gencert_hint.ts";
import { derToPem, pemToDer } from "./pem.ts";
import { SigningKey } from "./signing_key.ts";
import { addFiles, finishFiles, type NewFile, type StagedFiles } from "./staged_files.ts";
import { leafCodec } from "./x509/certificate.ts";
import { readStructure } from "./x509/signed_structure.ts";

export interface MakeCertificatesOptions {
  readonly folder: string;
  /**
   * The folder with the files of the CA. When absent, they are in `folder`. When it is another one,
   * `folder` gets `CA.pem`, but never `CA.key`.
   */
  readonly caFolder?: string | undefined;
  /** DNS names and IP addresses of the server, in the form that `parseHost` reads. */
  readonly hosts: readonly string[];
  /** Days that the server certificate is valid. The CA's end limits them. */
  readonly days: number;
  readonly clock: Clock;
  readonly random: Random;
}

export interface RenewOptions extends Omit<MakeCertificatesOptions, "hosts"> {
  /** As in {@link MakeCertificatesOptions}. When absent, the old certificate's hosts are kept. */
  readonly hosts?: readonly string[] | undefined;
  /** The hosts when the old certificate is missing or unreadable. */
  readonly hostsDefault: readonly string[];
}

/** The state of a certificate folder after a change. */
export interface CertificatesReport {
  /** Paths of the new files. */
  readonly made: readonly string[];
  /** New paths of the replaced files. */
  readonly kept: readonly string[];
  /** SHA-256, 64 lower-case hex digits. */
  readonly caFingerprint: string;
  readonly caNotAfterMs: number;
  readonly serverNotAfterMs: number;
  readonly hosts: readonly string[];
}

/**
 * Makes the missing files: all four, or the server's two beside a valid CA. With another
 * `caFolder`, the CA there issues the server's certificate. An existing server key is kept, and a
 * certificate without its key is replaced. The folder is made when it does not exist. After an
 * interrupted run, this call completes that run instead.
 *
 * @throws {FileError} when no file is missing, a part of the CA is missing or another CA's, or the
 * folder is not writable
 * @throws {CertificateError} when the CA, the existing key, a host or the number of days is not
 * valid
 */
export async function makeCertificates(
  options: MakeCertificatesOptions,
): Promise<CertificatesReport> {
  return await changeFolder(options, () => {
    const there = namesThere(options.folder);
    if (there.length === 0 && isOwn(options)) return makeAll(options);
    requireIncomplete(options, there);
    const hasKey = there.includes("server.key");
    return makeServerFiles(options, hasKey ? readServerKey(options.folder) : undefined);
  }, { finishOnly: true });
}

/**
 * Replaces the server's certificate and key, and keeps the CA.
 *
 * @throws {FileError} when the folder or a part of the CA is missing, the folder has another CA, or
 * it is not writable
 * @throws {CertificateError} when the CA, a host or the number of days is not valid
 */
export async function renewServerCertificate(options: RenewOptions): Promise<CertificatesReport> {
  const { folder, hosts, hostsDefault, ...rest } = options;
  if (!isThere(folder)) {
    throw new FileError(
      `renew the server's certificate: ${folder} is not there; ${
        gencertCommandLine(folder)
      } makes new certificates, and --out names another folder`,
    );
  }
  const readHosts = () => hostsOf(pemToDer(readIn(folder, "server.crt"), "CERTIFICATE"));
  return await changeFolder(options, () => {
    requireAuthority(options, namesThere(folder));
    const names = hosts ?? unlessInvalid(folder, "server.crt", readHosts) ?? hostsDefault;
    return makeServerFiles({ ...rest, folder, hosts: names });
  });
}

/**
 * Replaces all four files, the CA included. Certificates of the old CA are worthless from then on.
 *
 * @throws {FileError} when the folder is not writable
 * @throws {CertificateError} when a host or the number of days is not valid
 */
export async function replaceCertificates(
  options: MakeCertificatesOptions,
): Promise<CertificatesReport> {
  return await changeFolder(options, () => makeAll(options));
}

/** Locks the folder, completes an interrupted run, makes the files and reports the result. */
async function changeFolder(
  { folder, clock }: { folder: string; clock: Clock },
  makeFiles: () => NewFile[],
  { finishOnly = false } = {},
): Promise<CertificatesReport> {
  attempting(`use ${folder}`, () => Deno.mkdirSync(folder, { recursive: true }));
  return await whileLocked(join(folder, ".lock"), () => {
    const mark = new Date(clock.nowMs()).toISOString().replaceAll(":", "");
    const finished = finishFiles(folder, { mark });
    const isFinished = finishOnly && finished.made.length > 0;
    const changed = isFinished ? finished : addFiles(folder, makeFiles(), { mark });
    return report(folder, clock, changed);
  });
}

/** Reads the folder again, so that the report shows what the server will find. */
function report(
  folder: string,
  clock: Clock,
  { made, kept }: StagedFiles,
): CertificatesReport {
  const { anchor, identity } = openCertificates({ folder, clock });
  return {
    made: certificateFileNames.filter((name) => made.includes(name))
      .map((name) => join(folder, name)),
    kept: kept.map((name) => join(folder, name)),
    caFingerprint: anchor.fingerprint,
    caNotAfterMs: anchor.notAfterMs,
    serverNotAfterMs: identity.certificate.notAfterMs,
    hosts: hostsOf(identity.certificate.der),
  };
}

function makeAll(options: MakeCertificatesOptions): NewFile[] {
  const { authority, privateKeyPem } = CertificateAuthority.create(options);
  return [
    { name: "CA.key", text: privateKeyPem, access: "private" },
    { name: "CA.pem", text: authority.anchor.pem, access: "public" },
    ...issueServerFiles(authority, options),
  ];
}

function makeServerFiles(
  options: MakeCertificatesOptions,
  given?: SigningKey,
): NewFile[] {
  const { folder, clock } = options;
  const authority = openAuthority(authorityFolder(options), clock.nowMs());
  const hasAnchor = isThere(join(folder, "CA.pem"));
  const anchorFile = { name: "CA.pem", text: authority.anchor.pem, access: "public" } as const;
  return [...(hasAnchor ? [] : [anchorFile]), ...issueServerFiles(authority, options, given)];
}

/** @param given an existing key; when absent, a new key is made */
function issueServerFiles(
  authority: CertificateAuthority,
  { hosts, days, clock, random }: MakeCertificatesOptions,
  given?: SigningKey,
): NewFile[] {
  const { signingKey: { publicKey }, pem } = given
    ? { signingKey: given, pem: undefined }
    : SigningKey.generate();
  const der = authority.issueServer({ publicKey, hosts, days, atMs: clock.nowMs(), random });
  const certificate = derToPem(der, "CERTIFICATE");
  return [
    ...(pem ? [{ name: "server.key", text: pem, access: "private" } as const] : []),
    { name: "server.crt", text: certificate, access: "public" },
  ];
}

/** Where the files of the CA are. */
type Folders = Pick<MakeCertificatesOptions, "folder" | "caFolder">;

function authorityFolder({ folder, caFolder = folder }: Folders): string {
  return caFolder;
}

/** Whether the CA is in the folder of the server's files. */
function isOwn(folders: Folders): boolean {
  return resolve(authorityFolder(folders)) === resolve(folders.folder);
}

/** Throws unless the CA is complete and a file of the server is missing. */
function requireIncomplete(folders: Folders, there: readonly CertificateFileName[]): void {
  requireAuthority(folders, there);
  if (!serverFileNames.every((name) => there.includes(name))) return;
  const renew = gencertCommandLine(folders.folder, "renew", folders.caFolder);
  throw new FileError(
    `make certificates: all of them are in ${folders.folder} already; ${renew} replaces the ` +
      `server's and keeps the CA`,
  );
}

const serverFileNames = ["CA.pem", "server.crt", "server.key"] as const;

/**
 * Throws when a part of the CA is missing, or the server's folder has another CA. The key and the
 * certificate of a CA are made together, so a missing part cannot be made again.
 */
function requireAuthority(folders: Folders, thereInFolder: readonly CertificateFileName[]): void {
  const folder = authorityFolder(folders);
  const there = isOwn(folders) ? thereInFolder : namesThere(folder);
  const parts = ["CA.pem", "CA.key"] as const;
  const missing = parts.filter((name) => !there.includes(name));
  if (missing.length === 0) {
    if (!isOwn(folders) && thereInFolder.includes("CA.pem")) requireSameAuthority(folders);
    return;
  }
  const found = there.length === 0 ? "nothing else" : there.join(", ");
  throw new FileError(
    `use the CA in ${folder}: ${missing.join(" and ")} missing, beside ${found}; put the file ` +
      "back from your copy, name the folder of the CA with --ca-from, or make certificates for a " +
      "new ledger in another folder with --out",
  );
}

/** Throws unless the server's folder and the CA's folder have the same CA. */
function requireSameAuthority(folders: Folders): void {
  const [own, other] = [folders.folder, authorityFolder(folders)].map(authorityFingerprint);
  if (own === other) return;
  throw new FileError(
    `use the CA in ${authorityFolder(folders)}: ${folders.folder} has the CA of another ledger, ` +
      `${own}; name another folder with --out`,
  );
}

function readServerKey(folder: string): SigningKey {
  const pem = readIn(folder, "server.key");
  return withFileAdvice(folder, "server.key", () => SigningKey.read(pem));
}

/**
 * Returns the DNS names and IP addresses in a server certificate.
 *
 * @param certificate the certificate in DER
 * @throws {CertificateError} when the bytes are not one of our certificates
 */
export function hostsOf(certificate: Uint8Array<ArrayBuffer>): string[] {
  return readStructure(certificate, leafCodec).contents.hosts.map(({ value }) => value);
}
