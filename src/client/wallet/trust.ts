/**
 * Whom a client believes to be its server. In this order: the ledger that the person named (`--ca`, `--fingerprint`), the ledger that is
 * pinned for this address, the CA in the current folder, a ledger that was trusted at another address, and what a person confirms now.
 */
import { announcedRoot } from "../../envelope/announced_root.ts";
import { CertificateError, UntrustedError } from "../../errors.ts";
import { readTrustAnchor, readTrustAnchorPem, type TrustAnchor } from "../../pki/trust_anchor.ts";
import type { PinStore } from "./pin_store.ts";

/** The text of a CA's certificate, with the absolute path of its file. */
export interface CaFile {
  readonly pem: string;
  readonly path: string;
}

export interface TrustOptions {
  /** `host:port` of the server, the name that ledgers are pinned under. */
  readonly server: string;
  /** The CA certificate that was given. */
  readonly ca?: CaFile | undefined;
  /** The CA fingerprint that was given: 64 hexadecimal digits. */
  readonly fingerprint?: string | undefined;
  /** Reads the CA of the current folder. It is asked for only when neither of the above is given. */
  readonly readNearbyCa?: (() => CaFile | undefined) | undefined;
  readonly pins: PinStore;
  /** Asks a person whether this is the right fingerprint; absent when there is nobody to ask. */
  readonly confirm?: ((fingerprint: string) => Promise<boolean>) | undefined;
  /** Told when an address is pinned without a question, to a ledger that was trusted at another one. */
  readonly onKnown?: ((fingerprint: string) => void) | undefined;
  readonly atMs: number;
}

/** A ledger, and who says that it is the right one. */
interface Source {
  readonly fingerprint: string;
  readonly name: string;
}

/**
 * Decides by the server's first line whose signature on it will be believed. The line itself is checked afterwards, against what
 * is returned here.
 *
 * @throws {UntrustedError} when there is no reason to believe it, or two sources disagree; with what to do
 * @throws {FileError} when a pin cannot be read or written
 */
export async function resolveServerAnchor(
  line: string,
  options: TrustOptions,
): Promise<TrustAnchor> {
  const given = givenSource(options);
  const anchor = announcedAnchor(line, options);
  if (given) requireSame(anchor, given, options);
  if (!given) await requireUsual(anchor, options);
  // A CA's file is given each time; a fingerprint, once.
  else if (options.fingerprint !== undefined) await pin(anchor, options, { replace: true });
  return anchor;
}

/**
 * Decides without the server which ledger a person means: the one that was named, or the one that is pinned for the address, or the one
 * whose CA is in the current folder.
 *
 * @returns 64 hexadecimal digits
 * @throws {UntrustedError} when there is none, or two sources disagree; with what to do
 * @throws {FileError} when the pin cannot be read
 */
export async function resolveKnownLedger(options: TrustOptions): Promise<string> {
  const { server, pins, readNearbyCa } = options;
  const given = givenSource(options);
  if (given) return given.fingerprint;
  const pinned = await pins.get(server);
  if (pinned !== undefined) return pinned;
  const file = readNearbyCa?.();
  if (file) return readSource(file, "in the current folder", options).fingerprint;
  throw new UntrustedError(
    `find the ledger of ${server}: none is pinned for this address in ${pins.file}; give the ` +
      `address that you use, or the ledger with --fingerprint or --ca`,
  );
}

/** What the person named. */
function givenSource(options: TrustOptions): Source | undefined {
  const { ca, fingerprint, server } = options;
  const file = ca && readSource(ca, "--ca", options);
  if (fingerprint === undefined) return file;
  if (file && file.fingerprint !== fingerprint) {
    throw new UntrustedError(
      `trust ${server}: ${file.name} is the CA ${file.fingerprint}, and --fingerprint says ` +
        `${fingerprint}. Ask the operator which is right, and give only that one`,
    );
  }
  return { fingerprint, name: "--fingerprint" };
}

function announcedAnchor(
  line: string,
  { atMs, server }: TrustOptions,
): TrustAnchor {
  const der = announcedRoot(line);
  if (!der) {
    throw new UntrustedError(`trust ${server}: what answers there is not a micropay server`);
  }
  try {
    return readTrustAnchor(der, { atMs });
  } catch (cause) {
    if (!(cause instanceof CertificateError)) throw cause;
    throw new UntrustedError(`trust ${server}: ${cause.message}`, { cause });
  }
}

/** Where the person named nothing. */
async function requireUsual(anchor: TrustAnchor, options: TrustOptions): Promise<void> {
  const { server, pins, readNearbyCa } = options;
  const pinned = await pins.get(server);
  const file = readNearbyCa?.();
  if (pinned !== undefined) {
    requireAgreement(pinned, file, { anchor, options });
    if (pinned !== anchor.fingerprint) throw changed(pinned, anchor, options);
  } else if (file) {
    const nearby = readSource(file, "in the current folder", options);
    requireSame(anchor, nearby, options);
  } else {
    await requireKnown(anchor, options);
  }
}

/** A file that is no CA's certificate says nothing against the pin: it may be another program's. */
function requireAgreement(
  pinned: string,
  file: CaFile | undefined,
  { anchor, options }: { readonly anchor: TrustAnchor; readonly options: TrustOptions },
): void {
  const { atMs, server, pins } = options;
  const nearby = file && readIfAnchor(file.pem, atMs);
  if (!nearby || nearby.fingerprint === pinned) return;
  throw new UntrustedError(
    `trust ${server}: its pin in ${pins.file} is for the CA ${pinned}, and ` +
      `${file!.path} in the current folder is the CA ${nearby.fingerprint}; the server has ` +
      `${anchor.fingerprint}. Ask the operator which is right and give it with --fingerprint or ` +
      `--ca, or start micropay in another folder`,
  );
}

function readIfAnchor(pem: string, atMs: number): TrustAnchor | undefined {
  try {
    return readTrustAnchorPem(pem, { atMs });
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    return undefined;
  }
}

/** A ledger is trusted at any address; at a first one somebody has to confirm it. */
async function requireKnown(anchor: TrustAnchor, options: TrustOptions): Promise<void> {
  const { server, pins, confirm, onKnown } = options;
  const found = anchor.fingerprint;
  const isKnown = await pins.isKnown(anchor);
  if (!isKnown && !await confirm?.(found)) {
    throw new UntrustedError(
      `trust ${server}: its CA has the fingerprint ${found}, which nobody has confirmed. ` +
        `Compare it with the operator's and give it with --fingerprint, or the CA's file with --ca`,
    );
  }
  await pin(anchor, options, { replace: false });
  if (isKnown) onKnown?.(found);
}

async function pin(
  anchor: TrustAnchor,
  options: TrustOptions,
  { replace }: { readonly replace: boolean },
): Promise<void> {
  const { server, pins } = options;
  if (await pins.get(server) === anchor.fingerprint) return;
  const pinned = await pins.set(server, anchor, { replace });
  // Another process was told something else at the same time.
  if (pinned !== anchor.fingerprint) throw changed(pinned, anchor, options);
}

function requireSame(
  { fingerprint: found }: TrustAnchor,
  { fingerprint, name }: Source,
  { server }: TrustOptions,
): void {
  if (found === fingerprint) return;
  throw new UntrustedError(
    `trust ${server}: its CA has the fingerprint ${found}, not ${fingerprint}, as ${name} says. ` +
      `Ask the operator which is right, then give that one with --fingerprint or --ca, or the ` +
      `address of the other ledger's server`,
  );
}

function changed(
  pinned: string,
  { fingerprint: found }: TrustAnchor,
  { server, pins }: TrustOptions,
): UntrustedError {
  return new UntrustedError(
    `trust ${server}: its CA was ${pinned} and is ${found} now. Somebody may be in between. ` +
      `The pin is in ${pins.file}. ` +
      `If the operator confirms the new one, give it with --fingerprint`,
  );
}

function readSource(
  { pem, path }: CaFile,
  origin: string,
  { atMs }: TrustOptions,
): Source {
  try {
    const { fingerprint } = readTrustAnchorPem(pem, { atMs });
    return { fingerprint, name: `${path} (${origin})` };
  } catch (cause) {
    if (!(cause instanceof CertificateError)) throw cause;
    throw new UntrustedError(`read the CA ${path} (${origin}): ${cause.message}`, { cause });
  }
}
