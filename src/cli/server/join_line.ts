/**
 * The line that members need to join a ledger. The server prints it at every start.
 */
import { parseHost, usualHosts } from "../../pki/host.ts";

interface JoinAddress {
  /** `--host`: where the server listens. */
  readonly host: string;
  readonly port: number;
  /** Names and addresses in the server's certificate. */
  readonly certificateHosts: readonly string[];
  readonly hostname: string;
  /** The CA's SHA-256 fingerprint, 64 hexadecimal digits. */
  readonly fingerprint: string;
}

const everyAddress = ["::", "0.0.0.0"];

export function joinLine(address: JoinAddress): string {
  const { port, fingerprint } = address;
  const command = `micropay client ${joinHost(address)} ${port}`;
  return `Members join with: ${command} register NAME --fingerprint ${fingerprint}`;
}

/**
 * @returns the address that members most likely reach: the only one that the server listens on, a
 * name that the operator gave the certificate, or this machine's name. Otherwise a placeholder
 */
function joinHost({ host, certificateHosts, hostname }: JoinAddress): string {
  if (!everyAddress.includes(host)) return host;
  const usual = usualHosts(hostname);
  const given = certificateHosts.find((name) => !usual.includes(name));
  const own = usual.includes(hostname) && parseHost(hostname)?.kind === "dns" &&
    hostname !== "localhost";
  return given ?? (own ? hostname : "HOST");
}
