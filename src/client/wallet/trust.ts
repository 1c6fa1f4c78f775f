/**
 * Decides which CA a client trusts at a server's address. It must be that of the ledger that the
 * person named (`--ca`, `--fingerprint`). Without one, the ledger pinned for this address decides,
 * and without a pin the CA in the current folder. Last come the ledgers trusted at other addresses,
 * and a person's confirmation.
 */
import { announcedRoot } from "../../envelope/announced_root.ts";
import { readGreeting } from "../../envelope/greeting.ts";
import { CertificateError, messageOf, OtherLedgerError, UntrustedError } from "../../errors.ts";
import { readTrustAnchor, readTrustAnchorPem, type TrustAnchor } from "../../pki/trust_anchor.ts";
import type { PinStore } from "./pin_store.ts";

/** The text of a CA's certificate, with the absolute path of its file. */
export interface CaFile {
  readonly pem: string;
  readonly path: string;
}

export interface TrustOptions {
  /** The server's address, `host:port`. Ledgers are pinned under it. */
  readonly server: string;
  readonly ca?: CaFile | undefined;
  /** The CA fingerprint that the person gave: 64 hexadecimal digits. */
  readonly fingerprint?: string | undefined;
  /** The ledger that was joined, or the one that a join line names. */
  readonly expected?: LedgerSource | undefined;
  /** Reads the CA of the current folder. Called only when there is none of the above. */
  readonly readNearbyCa?: (() => CaFile | undefined) | undefined;
  readonly pins: PinStore;
  /** Asks a person whether this is the right fingerprint; absent when there is nobody to ask. */
  readonly confirm?: ((fingerprint: string) => Promise<boolean>) | undefined;
  /** Called when an address is pinned to a ledger that was trusted at another address. */
  readonly onKnown?: ((fingerprint: string, server: string) => void) | undefined;
  readonly atMs: number;
}

/** A ledger, and the name of what says that it is the right one. */
export interface LedgerSource {
  readonly fingerprint: string;
  readonly name: string;
}

/**
 * Returns the CA that the server's first line has to be signed under. The line itself is not
 * verified yet.
 *
 * @throws {UntrustedError} when nothing says that this CA is the right one, or two sources
 * disagree. The message says what to do
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
  // A person gives a CA's file each time, and a fingerprint once.
  else if (options.fingerprint !== undefined) await pin(anchor, options, { replace: true });
  return anchor;
}

/**
 * Checks that the ledger of a server's first line is the one that the client used until now. The
 * line itself is verified only when it is of another one.
 *
 * @returns the CA that the line has to be signed under
 * @throws {OtherLedgerError} when a server of another ledger signed the line
 * @throws {UntrustedError} when the line proves nothing
 */
export async function requireSameLedger(
  line: string,
  { known, ...options }: Pick<TrustOptions, "server" | "atMs"> & { readonly known: TrustAnchor },
): Promise<TrustAnchor> {
  const { server, atMs } = options;
  const anchor = announcedAnchor(line, options);
  if (anchor.fingerprint === known.fingerprint) return anchor;
  try {
    await readGreeting(line, { anchor, role: "server", atMs });
  } catch (cause) {
    throw new UntrustedError(`trust ${server}: ${messageOf(cause)}`, { cause });
  }
  throw new OtherLedgerError(
    `trust ${server}: its ledger was ${known.fingerprint} and is ${anchor.fingerprint} now; ` +
      `ask the operator which is right`,
  );
}

/**
 * Finds the ledger that a person means, without the server: the one that was named, the one pinned
 * for the address, or the one whose CA is in the current folder.
 *
 * @returns 64 hexadecimal digits
 * @throws {UntrustedError} when there is none, or two sources disagree. The message says what to do
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

function givenSource(options: TrustOptions): LedgerSource | undefined {
  const { ca, fingerprint, expected, server } = options;
  const sources = [
    ...(ca ? [readSource(ca, "--ca", options)] : []),
    ...(fingerprint === undefined ? [] : [{ fingerprint, name: "--fingerprint" }]),
    ...(expected ? [expected] : []),
  ];
  const [first] = sources;
  const last = sources.at(-1);
  const other = sources.find((one) => one.fingerprint !== first!.fingerprint);
  if (other) {
    throw new UntrustedError(
      `trust ${server}: ${first!.name} is the CA ${first!.fingerprint}, and ${other.name} says ` +
        `${other.fingerprint}. Ask the operator which is right, and give only that one`,
    );
  }
  return last;
}

function announcedAnchor(
  line: string,
  { atMs, server }: Pick<TrustOptions, "server" | "atMs">,
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

/** Checks a CA where the person named none. */
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

/**
 * Checks that a CA in the current folder agrees with the pin. Another program's file does not
 * count.
 */
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

/** Checks that a ledger was trusted at some address before, or that a person confirms it. */
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
  if (isKnown) onKnown?.(found, server);
}

async function pin(
  anchor: TrustAnchor,
  options: TrustOptions,
  { replace }: { readonly replace: boolean },
): Promise<void> {
  const { server, pins } = options;
  if (await pins.get(server) === anchor.fingerprint) return;
  const pinned = await pins.set(server, anchor, { replace });
  // Another process pinned another ledger at the same time.
  if (pinned !== anchor.fingerprint) throw changed(pinned, anchor, options);
}

function requireSame(
  { fingerprint: found }: TrustAnchor,
  { fingerprint, name }: LedgerSource,
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
): LedgerSource {
  try {
    const { fingerprint } = readTrustAnchorPem(pem, { atMs });
    return { fingerprint, name: `${path} (${origin})` };
  } catch (cause) {
    if (!(cause instanceof CertificateError)) throw cause;
    throw new UntrustedError(`read the CA ${path} (${origin}): ${cause.message}`, { cause });
  }
}
