/**
 * The line that members need to join a ledger. The server prints it at every start.
 */
import { parseHost, usualHosts } from "../../pki/host.ts";
import { type JoinUri, writeMicropayUri } from "../../protocol/micropay_uri.ts";

export interface JoinAddress {
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

/** What stands in the line where only the operator knows the host. It reads as a name in a URI. */
const placeholder = "HOST";

/**
 * Returns the URI of a server. Its host is the address that members most likely reach: the only one
 * that the server listens on, a name that the operator gave the certificate, or this machine's
 * name.
 *
 * @returns `undefined` when none of these is an address for other machines
 */
export function joinUri(address: JoinAddress): JoinUri | undefined {
  const host = joinHost(address);
  const { port, fingerprint } = address;
  return host === undefined ? undefined : { kind: "join", host, port, fingerprint };
}

/** Returns the sentence with the command for members, with a placeholder for an unknown host. */
export function joinLine(address: JoinAddress): string {
  const { port, fingerprint } = address;
  const uri = joinUri(address) ?? { kind: "join", host: placeholder, port, fingerprint };
  return `Members join with: micropay client join '${writeMicropayUri(uri)}'`;
}

function joinHost(
  { host, certificateHosts, hostname }: JoinAddress,
): string | undefined {
  // A link-local address has a zone, which means nothing on another machine.
  if (!everyAddress.includes(host)) return parseHost(host)?.value;
  const usual = usualHosts(hostname);
  const given = certificateHosts.find((name) => !usual.includes(name));
  if (given !== undefined) return given;
  const own = parseHost(hostname);
  return own?.kind === "dns" && hostname !== "localhost" ? own.value : undefined;
}
