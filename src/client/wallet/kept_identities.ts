/**
 * The identities in a data folder, on all ledgers. Nothing here needs a server or a passphrase.
 */
import type { AccountName } from "../../account_name.ts";
import { CertificateError, NotAuthenticatedError, UsageError } from "../../errors.ts";
import { type VerifiedCertificate, verifyChain } from "../../pki/certificate_profile.ts";
import { pemToDer, pemToDers } from "../../pki/pem.ts";
import { isProtectedKey } from "../../pki/protected_key.ts";
import { readTrustAnchorOfAnyDate, type TrustAnchor } from "../../pki/trust_anchor.ts";
import type { DataFolder } from "./data_folder.ts";
import { accountNames, type IdentityFiles, IdentityStore } from "./identity_store.ts";

export interface KeptIdentity {
  readonly account: AccountName;
  readonly anchor: TrustAnchor;
  /** Verified at the first moment of its validity; it may have ended. */
  readonly certificate: VerifiedCertificate;
  readonly files: IdentityFiles;
  /** Whether the key has a passphrase. */
  readonly isProtected: boolean;
}

/** Which identity a person means. */
export interface IdentityChoice {
  readonly account?: AccountName | undefined;
  /** The fingerprint of the ledger's CA. */
  readonly ledger?: string | undefined;
}

/**
 * Returns the chosen identities, ordered by ledger and name.
 *
 * @throws {CertificateError} when a certificate is not its CA's. The message names the account
 * @throws {FileError} when a file cannot be read
 */
export async function keptIdentities(
  folder: DataFolder,
  { account, ledger }: IdentityChoice = {},
): Promise<KeptIdentity[]> {
  const found: KeptIdentity[] = [];
  for (const fingerprint of await folder.ledgers()) {
    if (ledger !== undefined && ledger !== fingerprint) continue;
    for (const name of await accountNames(folder, fingerprint)) {
      if (account !== undefined && account !== name) continue;
      const identity = await readIdentity(folder, fingerprint, name);
      if (identity) found.push(identity);
    }
  }
  return found;
}

/**
 * Returns the one chosen identity.
 *
 * @throws {NotAuthenticatedError} when there is none
 * @throws {UsageError} when there are several
 * @throws as {@link keptIdentities}
 */
export async function keptIdentity(
  folder: DataFolder,
  choice: IdentityChoice,
): Promise<KeptIdentity> {
  const [identity, ...others] = await keptIdentities(folder, choice);
  if (!identity) {
    const name = choice.account === undefined ? "" : ` ${choice.account}`;
    throw new NotAuthenticatedError(
      `choose an account: ${folder.path} has no account${name}; register it, or give another ` +
        `name or --home`,
    );
  }
  if (others.length === 0) return identity;
  const all = [identity, ...others];
  if (new Set(all.map(({ account }) => account)).size === 1) {
    const ledgers = all.map(({ anchor }) => anchor.fingerprint).join(", ");
    throw new UsageError(
      `choose an account: several ledgers have ${identity.account}; name one with ` +
        `--fingerprint: ${ledgers}`,
    );
  }
  const names = [...new Set(all.map(({ account }) => account))].join(", ");
  throw new UsageError(`choose an account: there are several here; name one with --as: ${names}`);
}

async function readIdentity(
  folder: DataFolder,
  ledger: string,
  account: AccountName,
): Promise<KeptIdentity | undefined> {
  const caPem = await folder.disk.readText(folder.caFile(ledger));
  try {
    if (caPem === undefined) throw new CertificateError(`${folder.caFile(ledger)} is missing`);
    const anchor = readTrustAnchorOfAnyDate(pemToDer(caPem, "CERTIFICATE"));
    const files = await new IdentityStore(folder, anchor).files(account);
    if (!files) return undefined;
    const certificate = verifyMember(files.certificatePem, { anchor, account });
    return { account, anchor, certificate, files, isProtected: isProtectedKey(files.keyPem) };
  } catch (cause) {
    if (!(cause instanceof CertificateError)) throw cause;
    const attempt = `read the account ${folder.accountFolder(ledger, account)}`;
    throw new CertificateError(`${attempt}: ${cause.message}`, { cause });
  }
}

/**
 * Verifies that a certificate is an account's on a ledger, at whatever time.
 *
 * @throws {CertificateError} when it is not
 */
export function verifyMember(
  certificatePem: string,
  { anchor, account }: { readonly anchor: TrustAnchor; readonly account: AccountName },
): VerifiedCertificate {
  const certificate = verifyChain(pemToDers(certificatePem, "CERTIFICATE"), {
    anchor,
    role: "member",
    atMs: ({ notBeforeMs }) => notBeforeMs,
  });
  const { party } = certificate;
  if (party.role === "member" && party.name === account) return certificate;
  throw new CertificateError(`the certificate is not that of ${account}`);
}
