/**
 * Whom a client believes to be its server: a CA it was given, or one whose fingerprint was pinned or is confirmed now.
 */
import { announcedRoot } from "../envelope/announced_root.ts";
import { CertificateError, UntrustedError } from "../errors.ts";
import { readTrustAnchor, readTrustAnchorPem, type TrustAnchor } from "../pki/trust_anchor.ts";
import type { PinStore } from "./pin_store.ts";

export interface TrustOptions {
  /** `host:port` of the server, the name that fingerprints are pinned under. */
  readonly server: string;
  /** The CA certificate that was given, with where it came from. */
  readonly ca?: { readonly pem: string; readonly path: string } | undefined;
  /** The CA fingerprint that was given: 64 hexadecimal digits. */
  readonly fingerprint?: string | undefined;
  readonly pins: PinStore;
  /** Asks a person whether this is the right fingerprint; absent when there is nobody to ask. */
  readonly confirm?: ((fingerprint: string) => Promise<boolean>) | undefined;
  readonly atMs: number;
}

/**
 * Decides by the server's first line whose signature on it will be believed. The line itself is checked afterwards, against what
 * is returned here.
 *
 * @throws {UntrustedError} when there is no reason to believe it, with what to do
 */
export async function resolveServerAnchor(
  line: string,
  options: TrustOptions,
): Promise<TrustAnchor> {
  const { ca, fingerprint, server } = options;
  const anchor = ca ? await givenAnchor(ca, options) : await announcedAnchor(line, options);
  if (fingerprint !== undefined && fingerprint !== anchor.fingerprint) {
    throw new UntrustedError(
      `trust ${server}: its CA has the fingerprint ${anchor.fingerprint}, not ${fingerprint}`,
    );
  }
  if (!ca) await checkPin(anchor, options);
  return anchor;
}

async function givenAnchor(
  { pem, path }: { readonly pem: string; readonly path: string },
  { atMs }: TrustOptions,
): Promise<TrustAnchor> {
  try {
    return await readTrustAnchorPem(pem, { atMs });
  } catch (cause) {
    if (!(cause instanceof CertificateError)) throw cause;
    throw new UntrustedError(`read the CA ${path}: ${cause.message}`, { cause });
  }
}

async function announcedAnchor(
  line: string,
  { atMs, server }: TrustOptions,
): Promise<TrustAnchor> {
  const der = announcedRoot(line);
  if (!der) {
    throw new UntrustedError(`trust ${server}: what answers there is not a micropay server`);
  }
  try {
    return await readTrustAnchor(der, { atMs });
  } catch (cause) {
    if (!(cause instanceof CertificateError)) throw cause;
    throw new UntrustedError(`trust ${server}: ${cause.message}`, { cause });
  }
}

async function checkPin(
  { fingerprint: found }: TrustAnchor,
  { server, fingerprint: given, pins, confirm }: TrustOptions,
): Promise<void> {
  const pinned = await pins.get(server);
  if (pinned === found) return;
  if (given === undefined && pinned !== undefined) {
    throw new UntrustedError(
      `trust ${server}: its CA was ${pinned} and is ${found} now. Somebody may be in between. ` +
        `If the operator confirms the new one, give it with --fingerprint`,
    );
  }
  if (given === undefined && !await confirm?.(found)) {
    throw new UntrustedError(
      `trust ${server}: its CA has the fingerprint ${found}, which nobody has confirmed. ` +
        `Compare it with the operator's and give it with --fingerprint, or the CA's file with --ca`,
    );
  }
  await pins.set(server, found);
}
