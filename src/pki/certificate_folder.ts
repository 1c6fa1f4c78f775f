/** The operator's certificate folder: `CA.pem`, `CA.key`, `server.crt` and `server.key`. */
import { join } from "node:path";
import type { Clock } from "../clock.ts";
import { attempting, isThere, readTextIfThere } from "../durable_files.ts";
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
import { isUnfinished } from "./staged_files.ts";
import { readTrustAnchorOfAnyDate, readTrustAnchorPem, type TrustAnchor } from "./trust_anchor.ts";

export const certificateFileNames = ["CA.pem", "CA.key", "server.crt", "server.key"] as const;
export type CertificateFileName = (typeof certificateFileNames)[number];

/** What a server shows and signs with, read and verified. */
export interface OpenedCertificates {
  readonly anchor: TrustAnchor;
  readonly identity: Identity;
}

/**
 * Opens `CA.pem`, `server.crt` and `server.key` of a folder, and verifies them at the current time.
 * `CA.key` is not read: only {@link openAuthority} needs it.
 *
 * @throws {FileError} when a file is missing or unreadable
 * @throws {CertificateError} with the path of a file that has expired, has the wrong form, or does
 * not match its CA or key
 */
export function openCertificates(
  { folder, clock }: { folder: string; clock: Clock },
): OpenedCertificates {
  if (isUnfinished(folder)) {
    throw new FileError(
      `use the certificates in ${folder}: making them was interrupted; ${
        gencertCommandLine(folder)
      } finishes it`,
    );
  }
  const atMs = clock.nowMs();
  const caPem = readIn(folder, "CA.pem");
  const anchor = withFileAdvice(folder, "CA.pem", () => readTrustAnchorPem(caPem, { atMs }));
  const certificatePem = readIn(folder, "server.crt");
  const privateKeyPem = readIn(folder, "server.key");
  const identity = withFileAdvice(
    folder,
    "server.crt",
    () => openIdentity({ certificatePem, privateKeyPem, anchor, role: "server", atMs }),
  );
  return { anchor, identity };
}

/** Returns whether the folder has none of the four files, so that a first start may make them. */
export function hasNoCertificates(folder: string): boolean {
  return namesThere(folder).length === 0;
}

/**
 * Returns the fingerprint of the folder's CA, which may have expired.
 *
 * @returns 64 lower-case hex digits, or `undefined` without a CA certificate in `CA.pem`
 * @throws {FileError} when `CA.pem` is unreadable
 */
export function authorityFingerprint(folder: string): string | undefined {
  return unlessInvalid(folder, "CA.pem", () => readAuthorityOfAnyDate(folder).fingerprint);
}

/**
 * Reads the certificate of the folder's CA, which may have expired.
 *
 * @throws {FileError} when `CA.pem` is missing or unreadable
 * @throws {CertificateError} when it is not a CA certificate
 */
export function readAuthorityOfAnyDate(folder: string): TrustAnchor {
  return readTrustAnchorOfAnyDate(pemToDer(readIn(folder, "CA.pem"), "CERTIFICATE"));
}

/**
 * Opens the folder's CA, which issues certificates.
 *
 * @param atMs wall-clock time in milliseconds since the epoch
 * @throws {FileError} when a file of the CA is missing or unreadable
 * @throws {CertificateError} when the CA is not valid at `atMs`, or its files do not belong
 * together
 */
export function openAuthority(folder: string, atMs: number): CertificateAuthority {
  const caPem = readIn(folder, "CA.pem");
  const caKeyPem = readIn(folder, "CA.key");
  return withFileAdvice(
    folder,
    "CA.pem",
    () => CertificateAuthority.open({ caPem, caKeyPem, atMs }),
  );
}

export function namesThere(folder: string): CertificateFileName[] {
  return attempting(
    `use ${folder}`,
    () => certificateFileNames.filter((name) => isThere(join(folder, name))),
  );
}

/**
 * Returns the text of one of the four files.
 *
 * @throws {FileError} when the file is missing or unreadable; the text says how to restore it
 */
export function readIn(folder: string, name: CertificateFileName): string {
  const path = join(folder, name);
  const text = attempting(`use ${path}`, () => readTextIfThere(path));
  if (text !== undefined) return text;
  const advice = name.startsWith("CA")
    ? "put it back from your copy; only the ledger's own CA will do"
    : `${gencertCommandLine(folder)} makes it`;
  throw new FileError(`read ${path}: there is no such file; ${advice}`);
}

/**
 * Returns the paths of the server certificates in a folder. One is that of its own server. The
 * operator may have put those of other servers there, as `NAME.crt`. A renewal keeps the old ones.
 *
 * @throws {FileError} when the folder cannot be read
 */
export function certificatePathsIn(folder: string): string[] {
  const entries = attempting(`use ${folder}`, () => [...Deno.readDirSync(folder)]);
  return entries.map(({ name }) => name).filter((name) => /\.crt($|\.)/.test(name)).sort()
    .map((name) => join(folder, name));
}

/** Returns the result of reading a file, or `undefined` when it is missing or no certificate. */
export function unlessInvalid<T>(
  folder: string,
  name: CertificateFileName,
  read: () => T,
): T | undefined {
  if (!isThere(join(folder, name))) return undefined;
  try {
    return read();
  } catch (error) {
    if (error instanceof CertificateError) return undefined;
    throw error;
  }
}

/**
 * Runs an action on a file. An error of it gains the file's path and advice for the operator.
 *
 * @throws {CertificateError} when the action throws a {@link MicropayError}
 */
export function withFileAdvice<T>(folder: string, name: CertificateFileName, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    if (!(cause instanceof MicropayError)) throw cause;
    const text = `use ${join(folder, name)} and its key: ${messageOf(cause)}`;
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
