/**
 * The operator's folder: `CA.pem`, `CA.key`, `server.crt`, `server.key`.
 */
import type { Clock } from "../clock.ts";
import {
  CertificateError,
  ExpiredCertificateError,
  FileError,
  messageOf,
  MicropayError,
} from "../errors.ts";
import { CertificateAuthority } from "./certificate_authority.ts";
import { gencertCommandLine } from "./gencert_hint.ts";
import { type Identity, openIdentity } from "./identity.ts";
import { pemToDer } from "./pem.ts";
import { fileError, isThere, isUnfinished, pathIn } from "./staged_files.ts";
import { readTrustAnchorOfAnyDate, type TrustAnchor } from "./trust_anchor.ts";

export const certificateFileNames = ["CA.pem", "CA.key", "server.crt", "server.key"] as const;
export type CertificateFileName = (typeof certificateFileNames)[number];

export interface OpenedCertificates {
  readonly authority: CertificateAuthority;
  readonly anchor: TrustAnchor;
  readonly identity: Identity;
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
  if (await isUnfinished(folder)) {
    throw new FileError(
      `use the certificates in ${folder}: making them was interrupted; ${
        gencertCommandLine(folder)
      } finishes it`,
    );
  }
  const atMs = clock.nowMs();
  const authority = await openAuthority(folder, atMs);
  const { anchor } = authority;
  const certificatePem = await readIn(folder, "server.crt");
  const privateKeyPem = await readIn(folder, "server.key");
  const identity = blaming(
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

/**
 * The fingerprint of the CA in the folder, also of one that has expired.
 *
 * @returns `undefined` where `CA.pem` is missing or no CA's certificate
 */
export async function authorityFingerprint(folder: string): Promise<string | undefined> {
  if (!await isThere(pathIn(folder, "CA.pem"))) return undefined;
  try {
    const der = pemToDer(await readIn(folder, "CA.pem"), "CERTIFICATE");
    return readTrustAnchorOfAnyDate(der).fingerprint;
  } catch (error) {
    if (error instanceof CertificateError) return undefined;
    throw error;
  }
}

/** @throws {MicropayError} as {@link openCertificates} */
export async function openAuthority(folder: string, atMs: number): Promise<CertificateAuthority> {
  const caPem = await readIn(folder, "CA.pem");
  const caKeyPem = await readIn(folder, "CA.key");
  return blaming(
    folder,
    "CA.pem",
    () => CertificateAuthority.open({ caPem, caKeyPem, atMs }),
  );
}

/** Which of the four files are there. */
export async function namesThere(folder: string): Promise<CertificateFileName[]> {
  const names: CertificateFileName[] = [];
  for (const name of certificateFileNames) {
    if (await isThere(pathIn(folder, name))) names.push(name);
  }
  return names;
}

/** @throws {FileError} when it is missing or cannot be read */
export async function readIn(folder: string, name: CertificateFileName): Promise<string> {
  const path = pathIn(folder, name);
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw fileError(path, error);
    const advice = name.startsWith("CA")
      ? "put it back from your copy; only the ledger's own CA will do"
      : `${gencertCommandLine(folder)} makes it`;
    throw new FileError(`read ${path}: there is no such file; ${advice}`, { cause: error });
  }
}

/**
 * Puts the file's path before what is wrong with it and says what to do, for the person who has to find it.
 */
export function blaming<T>(folder: string, name: CertificateFileName, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    if (!(cause instanceof MicropayError)) throw cause;
    const text = `use ${pathIn(folder, name)} and its key: ${messageOf(cause)}`;
    throw new CertificateError(`${text}; ${adviceFor(cause, folder, name)}`, { cause });
  }
}

function adviceFor(cause: MicropayError, folder: string, name: CertificateFileName): string {
  const isExpired = cause instanceof ExpiredCertificateError;
  if (name !== "CA.pem") return `${gencertCommandLine(folder, "renew")} makes new ones`;
  return isExpired
    ? "a CA ends with its ledger and cannot be renewed; docs/operating.md says how to go on"
    : "put both back from your copy";
}
