/**
 * The output of `micropay client identity`: text for people, or one JSON object a line for scripts.
 */
import type { AccountName } from "../../account_name.ts";
import type { ImportedIdentity, RecordCounts } from "../../client/wallet/identity_export.ts";
import type { KeptIdentity } from "../../client/wallet/kept_identities.ts";
import { printable } from "../../printable.ts";
import { jsonLine } from "../json_line.ts";

/** What is kept for an account beside its key and certificate. */
export interface IdentityDetails {
  /** The server addresses that the ledger is pinned for. */
  readonly servers: readonly string[];
  /** How many receipts, and how many orders whose outcome is open. */
  readonly receipts: number;
  readonly orders: number;
  /** Where key and certificate are. */
  readonly folder: string;
  /** Where the rest is. */
  readonly file: string;
}

export interface ProtectedIdentity {
  readonly account: AccountName;
  readonly ledger: string;
  readonly isProtected: boolean;
}

export interface ExportedIdentity extends RecordCounts {
  readonly account: AccountName;
  readonly ledger: string;
  readonly file: string;
  readonly isEncrypted: boolean;
}

export interface IdentityOutput {
  printIdentity(identity: KeptIdentity): void;
  printDetails(identity: KeptIdentity, details: IdentityDetails): void;
  printProtected(identity: ProtectedIdentity): void;
  printExported(exported: ExportedIdentity): void;
  printImported(imported: ImportedIdentity): void;
}

export function identityOutput(
  { json, print }: { readonly json: boolean; readonly print: (line: string) => void },
): IdentityOutput {
  if (json) {
    const line = (value: object) => print(jsonLine(value));
    return {
      printIdentity: (identity) => line(identityFields(identity)),
      printDetails: (identity, { servers, receipts, orders, folder, file }) =>
        line({
          ...{ ...identityFields(identity), certificate: identity.certificate.fingerprint },
          key: identity.certificate.publicKey.fingerprint,
          validFrom: dateOf(identity.certificate.notBeforeMs),
          ...{ servers, receipts, orders, folder, file },
        }),
      printProtected: ({ account, ledger, isProtected }) =>
        line({ account, ledger, passphrase: isProtected }),
      printExported: ({ account, ledger, file, receipts, orders, isEncrypted: encrypted }) =>
        line({ account, ledger, file, receipts, orders, encrypted }),
      printImported: ({ account, ledger, receipts, orders, servers, serversOfOthers }) =>
        line({ account, ledger, receipts, orders, servers, serversOfOthers }),
    };
  }
  return {
    printIdentity: ({ account, anchor, certificate, isProtected }) =>
      print(
        `${account}  ledger ${anchor.fingerprint}  valid until ${dayOf(certificate.notAfterMs)}  ` +
          passphraseWord(isProtected),
      ),
    printDetails: (identity, details) => detailLines(identity, details).forEach(print),
    printProtected: ({ account, isProtected }) =>
      print(`the key of ${account} has ${isProtected ? "a" : "no"} passphrase now`),
    printExported: ({ account, file, isEncrypted, ...counts }) =>
      print(
        `${account} exported to ${printable(file)}, ${
          isEncrypted ? "encrypted" : "not encrypted"
        }: ` +
          countsText(counts),
      ),
    printImported: (imported) => importedLines(imported).forEach(print),
  };
}

function importedLines(
  { account, ledger, servers, serversOfOthers, ...counts }: ImportedIdentity,
): string[] {
  const shown = (addresses: readonly string[]) => addresses.map(printable).join(", ");
  return [
    `${account} imported, ledger ${ledger}: ${countsText(counts)}`,
    ...(servers.length > 0 ? [`pinned for ${shown(servers)}`] : []),
    ...(serversOfOthers.length > 0
      ? [`still pinned to another ledger: ${shown(serversOfOthers)}`]
      : []),
  ];
}

function countsText({ receipts, orders }: RecordCounts): string {
  return `${receipts} receipts, ${orders} open orders`;
}

function identityFields({ account, anchor, certificate, isProtected }: KeptIdentity): object {
  const validUntil = dateOf(certificate.notAfterMs);
  return { account, ledger: anchor.fingerprint, validUntil, passphrase: isProtected };
}

function detailLines(
  { account, anchor, certificate, isProtected }: KeptIdentity,
  { servers, receipts, orders, folder, file }: IdentityDetails,
): string[] {
  const { fingerprint, notAfterMs, notBeforeMs, publicKey } = certificate;
  return [
    `account      ${account}`,
    `ledger       ${anchor.fingerprint}`,
    `servers      ${servers.length === 0 ? "none" : servers.map(printable).join(", ")}`,
    `certificate  ${fingerprint}`,
    `valid        ${dayOf(notBeforeMs)} to ${dayOf(notAfterMs)}`,
    `key          ${publicKey.fingerprint}, ${passphraseWord(isProtected)}`,
    `folder       ${printable(folder)}`,
    `kept         ${receipts} receipts, ${orders} open orders in ${printable(file)}`,
  ];
}

function passphraseWord(isProtected: boolean): string {
  return isProtected ? "with a passphrase" : "no passphrase";
}

function dateOf(ms: number): string {
  return new Date(ms).toISOString();
}

function dayOf(ms: number): string {
  return dateOf(ms).slice(0, 10);
}
