/**
 * Making the files of the operator's folder: what is missing, a new pair for the server, or a new CA.
 */
import type { Clock } from "../clock.ts";
import { CertificateError, FileError } from "../errors.ts";
import type { Random } from "../random.ts";
import { CertificateAuthority } from "./certificate_authority.ts";
import {
  blaming,
  type CertificateFileName,
  certificateFileNames,
  namesThere,
  openAuthority,
  openCertificates,
  readIn,
} from "./certificate_folder.ts";
import { gencertCommandLine } from "./gencert_hint.ts";
import { certificateToPem, pemToDer } from "./pem.ts";
import { type PublicKey, SigningKey } from "./signing_key.ts";
import {
  addFiles,
  fileError,
  finishFiles,
  inLockedFolder,
  isThere,
  type NewFile,
  pathIn,
  type StagedFiles,
} from "./staged_files.ts";
import { leafCodec } from "./x509/certificate.ts";
import { readStructure } from "./x509/signed_structure.ts";

export interface MakeCertificatesOptions {
  readonly folder: string;
  /** Names and addresses of the server, as `parseHost` reads them. */
  readonly hosts: readonly string[];
  /** Days that the server's certificate is valid, at most until the CA's end. */
  readonly days: number;
  readonly clock: Clock;
  readonly random: Random;
}

export interface RenewOptions extends Omit<MakeCertificatesOptions, "hosts"> {
  /** As in {@link MakeCertificatesOptions}; absent for those of the certificate that is replaced. */
  readonly hosts?: readonly string[] | undefined;
  /** For a certificate that is missing or that cannot be read. */
  readonly hostsDefault: readonly string[];
}

export interface CertificatesReport {
  /** Paths of the files that were made. */
  readonly made: readonly string[];
  /** Paths of the files that were replaced, under their new names. */
  readonly kept: readonly string[];
  /** SHA-256, 64 lower-case hex digits. */
  readonly caFingerprint: string;
  readonly caNotAfterMs: number;
  readonly serverNotAfterMs: number;
  /** What the server's certificate is for. */
  readonly hosts: readonly string[];
}

/**
 * Makes what is missing: all four files, or what is missing of the server's two where a valid CA is. A key that is there is used, and a
 * certificate without its key is replaced. Makes the folder, too. Where an earlier run was interrupted, finishes what that one had
 * decided on instead.
 *
 * @throws {FileError} when nothing is missing, a part of the CA is, or the folder cannot be written to
 * @throws {CertificateError} when the CA or the key that is there is not valid, or a host or the days are not
 */
export async function makeCertificates(
  options: MakeCertificatesOptions,
): Promise<CertificatesReport> {
  return await changeFolder(options, async () => {
    const there = await namesThere(options.folder);
    if (there.length === 0) return makeAll(options);
    requireIncomplete(options.folder, there);
    const hasKey = there.includes("server.key");
    return await makeServerFiles(options, hasKey ? await readServerKey(options.folder) : undefined);
  }, { finishOnly: true });
}

/**
 * Replaces the server's certificate and key, and keeps the CA.
 *
 * @throws {FileError} when a part of the CA is missing, or the folder cannot be written to
 * @throws {CertificateError} when the CA is not valid, or a host or the days are not
 */
export async function renewServerCertificate(options: RenewOptions): Promise<CertificatesReport> {
  const { folder, hosts, hostsDefault, ...rest } = options;
  if (!await isThere(folder)) {
    throw new FileError(
      `renew the server's certificate: ${folder} is not there; ${
        gencertCommandLine(folder)
      } makes new certificates, and --out names another folder`,
    );
  }
  return await changeFolder(options, async () => {
    requireAuthority(folder, await namesThere(folder));
    const names = hosts ?? await hostsThere(folder) ?? hostsDefault;
    return await makeServerFiles({ ...rest, folder, hosts: names });
  });
}

/** Replaces all four files by new ones, the CA included. Every certificate that the old CA issued is worth nothing from then on. */
export async function replaceCertificates(
  options: MakeCertificatesOptions,
): Promise<CertificatesReport> {
  return await changeFolder(options, () => makeAll(options));
}

/** Does it with the folder made, locked, and an interrupted run finished; then reads back what is there. */
async function changeFolder(
  { folder, clock }: { folder: string; clock: Clock },
  makeFiles: () => Promise<NewFile[]> | NewFile[],
  { finishOnly = false } = {},
): Promise<CertificatesReport> {
  try {
    await Deno.mkdir(folder, { recursive: true });
  } catch (error) {
    throw fileError(folder, error);
  }
  return await inLockedFolder(folder, async () => {
    const mark = new Date(clock.nowMs()).toISOString().replaceAll(":", "");
    const finished = await finishFiles(folder, { mark });
    const isFinished = finishOnly && finished.made.length > 0;
    const changed = isFinished ? finished : await addFiles(folder, await makeFiles(), { mark });
    return await report(folder, clock, changed);
  });
}

/** Read back: what is reported is what the server is going to find. */
async function report(
  folder: string,
  clock: Clock,
  { made, kept }: StagedFiles,
): Promise<CertificatesReport> {
  const { anchor, identity } = await openCertificates({ folder, clock });
  return {
    made: certificateFileNames.filter((name) => made.includes(name))
      .map((name) => pathIn(folder, name)),
    kept: kept.map((name) => pathIn(folder, name)),
    caFingerprint: anchor.fingerprint,
    caNotAfterMs: anchor.notAfterMs,
    serverNotAfterMs: identity.certificate.notAfterMs,
    hosts: hostsOf(identity.certificate.der),
  };
}

function makeAll(options: MakeCertificatesOptions): NewFile[] {
  const { authority, privateKeyPem } = CertificateAuthority.create(options);
  return [
    { name: "CA.key", text: privateKeyPem, access: "secret" },
    { name: "CA.pem", text: authority.anchor.pem, access: "public" },
    ...issueServerFiles(authority, options),
  ];
}

async function makeServerFiles(
  options: MakeCertificatesOptions,
  given?: SigningKey,
): Promise<NewFile[]> {
  const authority = await openAuthority(options.folder, options.clock.nowMs());
  return issueServerFiles(authority, options, given);
}

/** @param given the key that is there; a new one is made without it */
function issueServerFiles(
  authority: CertificateAuthority,
  options: MakeCertificatesOptions,
  given?: SigningKey,
): NewFile[] {
  if (given) return [issueServerCertificate(authority, options, given.publicKey)];
  const { signingKey, pem } = SigningKey.generate();
  return [
    { name: "server.key", text: pem, access: "secret" },
    issueServerCertificate(authority, options, signingKey.publicKey),
  ];
}

function issueServerCertificate(
  authority: CertificateAuthority,
  { hosts, days, clock, random }: MakeCertificatesOptions,
  publicKey: PublicKey,
): NewFile {
  const atMs = clock.nowMs();
  const certificate = authority.issueServer({ publicKey, hosts, days, atMs, random });
  return { name: "server.crt", text: certificateToPem(certificate), access: "public" };
}

/** A server's files may be added to a complete CA, and nothing else to anything. */
function requireIncomplete(folder: string, there: readonly CertificateFileName[]): void {
  requireAuthority(folder, there);
  if (there.length < certificateFileNames.length) return;
  const renew = gencertCommandLine(folder, "renew");
  throw new FileError(
    `make certificates: all of them are in ${folder} already; ${renew} replaces the server's ` +
      `and keeps the CA`,
  );
}

/** A CA cannot be completed: its key and its certificate were made together. */
function requireAuthority(folder: string, there: readonly CertificateFileName[]): void {
  const parts = ["CA.pem", "CA.key"] as const;
  const missing = parts.filter((name) => !there.includes(name));
  if (missing.length === 0) return;
  const found = there.length === 0 ? "nothing else" : there.join(", ");
  throw new FileError(
    `use the CA in ${folder}: ${missing.join(" and ")} missing, beside ${found}; put the file ` +
      `back from your copy, or make certificates for a new ledger in another folder with --out`,
  );
}

async function readServerKey(folder: string): Promise<SigningKey> {
  const pem = await readIn(folder, "server.key");
  return blaming(folder, "server.key", () => SigningKey.read(pem));
}

/** @returns the names and addresses in the certificate that is there, if there is a good one */
async function hostsThere(folder: string): Promise<readonly string[] | undefined> {
  if (!await isThere(pathIn(folder, "server.crt"))) return undefined;
  try {
    return hostsOf(pemToDer(await readIn(folder, "server.crt"), "CERTIFICATE"));
  } catch (error) {
    if (error instanceof CertificateError) return undefined;
    throw error;
  }
}

/** The names and addresses in a server's certificate. */
export function hostsOf(certificate: Uint8Array<ArrayBuffer>): string[] {
  return readStructure(certificate, leafCodec).contents.hosts.map(({ value }) => value);
}
