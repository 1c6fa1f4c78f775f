/**
 * The line that members need to join a ledger. The server prints it at every start.
 */
import { parseHost, usualHosts } from "../../pki/host.ts";
import { type JoinUri, type ServerAddress, writeMicropayUri } from "../../protocol/micropay_uri.ts";
import { serversOf } from "../command_line/option_values.ts";

export interface JoinAddress {
  /** The servers that the operator named for the line, as `serversOf` reads them. */
  readonly joinHosts?: string | undefined;
  /** Where the server listens. */
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
 * Returns the URI of a ledger's servers. They are those that the operator named. Without them, the
 * host is the address that members most likely reach: the only one that the server listens on, a
 * name that the operator gave the certificate, or this machine's name.
 *
 * @returns `undefined` when none of these is an address for other machines
 */
export function joinUri(address: JoinAddress): JoinUri | undefined {
  const { fingerprint } = address;
  const servers = joinServers(address);
  return servers && { kind: "join", servers, fingerprint };
}

/** Returns the sentence with the command for members, with a placeholder for an unknown host. */
export function joinLine(address: JoinAddress): string {
  const { port, fingerprint } = address;
  const servers = [{ host: placeholder, port }];
  const uri = joinUri(address) ?? { kind: "join", servers, fingerprint };
  return `Members join with: micropay client join '${writeMicropayUri(uri)}'`;
}

function joinServers(address: JoinAddress): readonly ServerAddress[] | undefined {
  const { joinHosts, port } = address;
  if (joinHosts !== undefined) return serversOf(joinHosts, port);
  const host = joinHost(address);
  return host === undefined ? undefined : [{ host, port }];
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
