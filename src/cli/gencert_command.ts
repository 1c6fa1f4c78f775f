/**
 * `micropay gencert`: makes the CA and the server's certificate.
 */
import type { Clock } from "../clock.ts";
import { UsageError } from "../errors.ts";
import { makeCertificates } from "../pki/certificate_folder.ts";
import { parseHost, usualHosts } from "../pki/host.ts";
import { printable } from "../printable.ts";
import type { Random } from "../random.ts";

export interface GencertOptions {
  /** The folder; made when it is missing. */
  readonly out: string;
  /** Names and addresses of the server besides the usual ones. */
  readonly hosts: readonly string[];
  /** Days that the server's certificate is valid. */
  readonly days: number;
  readonly force: boolean;
}

export interface GencertEnvironment {
  readonly clock: Clock;
  readonly random: Random;
  /** This machine's name. */
  readonly hostname: string;
  /** Prints one line of the result. */
  readonly print: (line: string) => void;
}

/**
 * Makes what is missing and prints the paths, the CA's fingerprint and the expiry dates.
 *
 * @throws {UsageError} when a host is neither a DNS name nor an IP address, or the days are not a positive whole number
 * @throws {FileError} when a file is there already and not `force`
 * @throws {CertificateError} when the CA that is there cannot be used
 */
export async function runGencert(
  { out, hosts, days, force }: GencertOptions,
  { clock, random, hostname, print }: GencertEnvironment,
): Promise<void> {
  if (!Number.isSafeInteger(days) || days < 1) {
    throw new UsageError(`make certificates: ${days} is not a number of days`);
  }
  for (const host of hosts) {
    if (parseHost(host) !== undefined) continue;
    const text = `${printable(host)} is neither a DNS name nor an IP address`;
    throw new UsageError(`make certificates: ${text}`);
  }
  const report = await makeCertificates({
    folder: out,
    hosts: [...usualHosts(hostname), ...hosts],
    days,
    force,
    clock,
    random,
  });
  for (const path of report.made) print(path);
  print(`CA fingerprint (SHA-256): ${report.caFingerprint}`);
  print(`CA valid until: ${new Date(report.caNotAfterMs).toISOString()}`);
  print(`server certificate valid until: ${new Date(report.serverNotAfterMs).toISOString()}`);
}
