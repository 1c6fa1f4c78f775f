/**
 * The operator's folder: `CA.pem`, `CA.key`, `server.crt`, `server.key`.
 */
import type { Clock } from "../clock.ts";
import { CertificateError, FileError, MicropayError } from "../errors.ts";
import { printable } from "../printable.ts";
import type { Random } from "../random.ts";
import { CertificateAuthority } from "./certificate_authority.ts";
import { type Identity, openIdentity } from "./identity.ts";
import { certificateToPem } from "./pem.ts";
import { exportPrivateKeyPem, generateSigningKey } from "./signing_key.ts";
import {
  addFiles,
  discardFiles,
  fileError,
  finishFiles,
  inLockedFolder,
  isThere,
  type NewFile,
  pathIn,
} from "./staged_files.ts";
import type { TrustAnchor } from "./trust_anchor.ts";

export const certificateFileNames = ["CA.pem", "CA.key", "server.crt", "server.key"] as const;
export type CertificateFileName = (typeof certificateFileNames)[number];

export interface MakeCertificatesOptions {
  readonly folder: string;
  /** Names and addresses of the server, as `parseHost` reads them. */
  readonly hosts: readonly string[];
  /** Days that the server's certificate is valid, at most until the CA's end. */
  readonly days: number;
  /** Replaces all four files by new ones, the CA included. */
  readonly force: boolean;
  readonly clock: Clock;
  readonly random: Random;
}

export interface CertificatesReport {
  /** Paths of the files that were made. */
  readonly made: readonly string[];
  /** SHA-256, 64 lower-case hex digits. */
  readonly caFingerprint: string;
  readonly caNotAfterMs: number;
  readonly serverNotAfterMs: number;
}

export interface OpenedCertificates {
  readonly authority: CertificateAuthority;
  readonly anchor: TrustAnchor;
  readonly identity: Identity;
}

/**
 * Makes the four files, or only the server's two where a valid CA is and nothing of the server's. Makes the folder, too.
 * Where an earlier run was interrupted, finishes what that one had decided on instead.
 *
 * @throws {FileError} when a file is there already (and not `force`), or the folder cannot be written to
 * @throws {CertificateError} when the CA that is there is not valid, or a host or the days are not
 */
export async function makeCertificates(
  options: MakeCertificatesOptions,
): Promise<CertificatesReport> {
  const { folder, clock } = options;
  try {
    await Deno.mkdir(folder, { recursive: true });
  } catch (error) {
    throw fileError(folder, error);
  }
  return await inLockedFolder(folder, async () => {
    const made = await completeFiles(options);
    // Read back: what is reported is what the server is going to find.
    const { anchor, identity } = await openCertificates({ folder, clock });
    return {
      made: certificateFileNames.filter((name) => made.includes(name))
        .map((name) => pathIn(folder, name)),
      caFingerprint: anchor.fingerprint,
      caNotAfterMs: anchor.notAfterMs,
      serverNotAfterMs: identity.certificate.notAfterMs,
    };
  });
}

/**
 * Opens the folder for a server. Verified: everything that `CertificateAuthority.open` and `openIdentity` verify, now.
 *
 * @throws {FileError} when a file is missing or cannot be read
 * @throws {CertificateError} naming the file that is expired, of another CA, without its key, or no such file at all
 */
export async function openCertificates(
  { folder, clock }: { folder: string; clock: Clock },
): Promise<OpenedCertificates> {
  const atMs = clock.nowMs();
  const authority = await openAuthority(folder, atMs);
  const { anchor } = authority;
  const certificatePem = await readIn(folder, "server.crt");
  const privateKeyPem = await readIn(folder, "server.key");
  const identity = await blaming(
    folder,
    "server.crt",
    () => openIdentity({ certificatePem, privateKeyPem, anchor, role: "server", atMs }),
  );
  return { authority, anchor, identity };
}

/** Whether none of the four files is there, so that a first start may make them. */
export async function hasNoCertificates(folder: string): Promise<boolean> {
  return (await namesThere(folder)).length === 0;
}

/** @returns the names of the files that are new */
async function completeFiles(options: MakeCertificatesOptions): Promise<readonly string[]> {
  const { folder, force } = options;
  if (force) {
    await discardFiles(folder);
  } else {
    const finished = await finishFiles(folder);
    if (finished.length > 0) return finished;
  }
  const files = await makeFiles(options);
  await addFiles(folder, files, { replace: force });
  return files.map(({ name }) => name);
}

async function makeFiles(options: MakeCertificatesOptions): Promise<NewFile[]> {
  const { folder, hosts, days, force, clock, random } = options;
  const atMs = clock.nowMs();
  const there = force ? [] : await namesThere(folder);
  const files: NewFile[] = [];
  let authority: CertificateAuthority;
  if (there.length === 0) {
    const made = await CertificateAuthority.create({ clock, random });
    authority = made.authority;
    files.push({ name: "CA.key", text: made.privateKeyPem, access: "secret" });
    files.push({ name: "CA.pem", text: authority.anchor.pem, access: "public" });
  } else {
    checkOnlyAuthority(folder, there);
    authority = await openAuthority(folder, atMs);
  }
  const { publicKey, privateKey } = await generateSigningKey();
  const certificate = await authority.issueServer({ publicKey, hosts, days, atMs, random });
  const privateKeyPem = await exportPrivateKeyPem(privateKey);
  files.push({ name: "server.key", text: privateKeyPem, access: "secret" });
  files.push({ name: "server.crt", text: certificateToPem(certificate), access: "public" });
  return files;
}

/** A server's certificate may be added to a complete CA; anything else that is there stays as it is. */
function checkOnlyAuthority(folder: string, there: readonly CertificateFileName[]): void {
  const found = there.find((name) => name.startsWith("server")) ??
    (there.length === 2 ? undefined : there[0]);
  if (found === undefined) return;
  const missing = certificateFileNames.filter((name) => !there.includes(name));
  const rest = missing.length === 0 ? "" : ` (and ${missing.join(", ")} missing)`;
  const path = printable(pathIn(folder, found));
  throw new FileError(`make certificates: ${path} is already there${rest}; --force replaces it`);
}

async function openAuthority(folder: string, atMs: number): Promise<CertificateAuthority> {
  const caPem = await readIn(folder, "CA.pem");
  const caKeyPem = await readIn(folder, "CA.key");
  return await blaming(
    folder,
    "CA.pem",
    () => CertificateAuthority.open({ caPem, caKeyPem, atMs }),
  );
}

async function namesThere(folder: string): Promise<CertificateFileName[]> {
  const names: CertificateFileName[] = [];
  for (const name of certificateFileNames) {
    if (await isThere(pathIn(folder, name))) names.push(name);
  }
  return names;
}

async function readIn(folder: string, name: CertificateFileName): Promise<string> {
  const path = pathIn(folder, name);
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw fileError(path, error);
    const text = `read ${printable(path)}: there is no such file; micropay gencert makes it`;
    throw new FileError(text, { cause: error });
  }
}

/** Puts the file's path before what is wrong with it, for the person who has to find it. */
async function blaming<T>(
  folder: string,
  name: CertificateFileName,
  action: () => Promise<T>,
): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    if (!(cause instanceof MicropayError)) throw cause;
    const path = printable(pathIn(folder, name));
    throw new CertificateError(`use ${path} and its key: ${cause.message}`, { cause });
  }
}
