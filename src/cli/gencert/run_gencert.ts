/**
 * `micropay gencert`: makes the CA and the server's certificate, and renews the server's.
 */
import { dirname, join, resolve } from "node:path";
import type { Clock } from "../../clock.ts";
import { messageOf, MicropayError, UsageError } from "../../errors.ts";
import { identifyLedgerFile, ledgerFileExists } from "../../ledger/sqlite/ledger_file.ts";
import { authorityFingerprint, hasNoCertificates } from "../../pki/certificate_folder.ts";
import { gencertCommandLine } from "../../pki/gencert_hint.ts";
import { usualHosts } from "../../pki/host.ts";
import {
  type CertificatesReport,
  makeCertificates,
  renewServerCertificate,
  replaceCertificates,
} from "../../pki/make_certificates.ts";
import type { Random } from "../../random.ts";
import type { GencertRequest } from "../command_line/command_line.ts";

export type GencertOptions = Omit<GencertRequest, "kind">;

interface GencertEnvironment {
  readonly clock: Clock;
  readonly random: Random;
  readonly hostname: string;
  readonly print: (line: string) => void;
  /** Asks a person; absent when there is nobody to ask. */
  readonly confirm?: ((question: string) => Promise<boolean>) | undefined;
}

/**
 * Makes the missing files, or renews or replaces them. Then it prints the paths, the CA's
 * fingerprint, the expiry dates and the hosts.
 *
 * @throws {UsageError} when the options do not go together, or nobody confirmed
 * @throws {FileError} when nothing is missing, or a file cannot be made
 * @throws {CertificateError} when the existing CA cannot be used, or a host or the days are wrong
 */
export async function runGencert(
  options: GencertOptions,
  environment: GencertEnvironment,
): Promise<void> {
  checkOptions(options);
  const { print } = environment;
  const report = await change(options, environment);
  for (const path of report.made) print(path);
  for (const path of report.kept) print(`kept: ${path}`);
  print(`CA fingerprint (SHA-256): ${report.caFingerprint}`);
  print(`CA valid until: ${new Date(report.caNotAfterMs).toISOString()}`);
  print(`server certificate valid until: ${new Date(report.serverNotAfterMs).toISOString()}`);
  print(`server certificate for: ${report.hosts.join(", ")}`);
  if (options.command.name === "renew") print("restart the server to use it");
}

async function change(
  options: GencertOptions,
  environment: GencertEnvironment,
): Promise<CertificatesReport> {
  const { command, out, caFrom: caFolder, days, force } = options;
  const { clock, random, hostname } = environment;
  const usual = usualHosts(hostname);
  const common = { folder: out, caFolder, days, clock, random };
  if (command.name === "renew") {
    const hosts = options.hosts.length === 0 ? undefined : [...usual, ...options.hosts];
    return await renewServerCertificate({ ...common, hosts, hostsDefault: usual });
  }
  const hosts = [...usual, ...options.hosts];
  if (!force || hasNoCertificates(out)) return await makeCertificates({ ...common, hosts });
  await requireConsent(options, environment);
  return await replaceCertificates({ ...common, hosts });
}

function checkOptions({ command, force, newCa, caFrom }: GencertOptions): void {
  if (command.name === "renew" && (force || newCa)) {
    throw new UsageError("renew the server's certificate: --force and --new-ca are not for that");
  }
  if (newCa && !force) {
    throw new UsageError("make certificates: --new-ca is for replacing a CA, with --force");
  }
  if (force && caFrom !== undefined) {
    throw new UsageError("make certificates: --force makes a new CA, and --ca-from keeps one");
  }
}

async function requireConsent(
  options: GencertOptions,
  { confirm }: GencertEnvironment,
): Promise<void> {
  const { out, yes, newCa } = options;
  if (!newCa) await requireNoLedger(options);
  if (yes) return;
  const attempt = `replace the CA in ${out}`;
  if (confirm === undefined) {
    throw new UsageError(`${attempt}: give --yes too, there is nobody to ask`);
  }
  const question = `Replace the CA in ${out} and the server's certificate by new ones? ` +
    "Members of its ledger can then no longer take part. The old files are kept.";
  if (!await confirm(question)) throw new UsageError(`${attempt}: not confirmed`);
}

/** @throws {UsageError} when a ledger of this CA exists, or a ledger's CA cannot be read */
async function requireNoLedger({ out, db }: GencertOptions): Promise<void> {
  const attempt = `replace the CA in ${out}`;
  const fingerprint = authorityFingerprint(out);
  for (const file of db === undefined ? await ledgersBeside(out) : [db]) {
    const ledgerId = ledgerIdOf(file, attempt);
    if (ledgerId === undefined) continue;
    if (fingerprint !== undefined && fingerprint !== ledgerId) continue;
    throw new UsageError(
      `${attempt}: ${file} is a ledger of this CA and cannot be served with another one. For a new ` +
        `certificate of the server: ${gencertCommandLine(out, "renew")}. To give that ledger up, ` +
        "add --new-ca",
    );
  }
}

/**
 * @returns where the ledger of these certificates is by default: in the current folder, or beside
 * the folder of the certificates
 */
async function ledgersBeside(out: string): Promise<ReadonlySet<string>> {
  const folders = [".", dirname(resolve(out)), dirname(await Deno.realPath(out))];
  return new Set(folders.map((folder) => join(resolve(folder), "server.db")));
}

/** @returns `undefined` when there is no such file */
function ledgerIdOf(file: string, attempt: string): string | undefined {
  try {
    return ledgerFileExists(file) ? identifyLedgerFile(file).ledgerId : undefined;
  } catch (cause) {
    if (!(cause instanceof MicropayError)) throw cause;
    const why = `the CA of the ledger ${file} cannot be read: ${messageOf(cause)}`;
    throw new UsageError(`${attempt}: ${why}`, { cause });
  }
}
