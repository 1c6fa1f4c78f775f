/** The address of a PostgreSQL database: `postgres://user@host:port/name?sslmode=verify-full`. */
import { UsageError } from "../../errors.ts";

/** A host of a database. Several of them are a primary and its standbys, in any order. */
export interface DatabaseHost {
  /** A name, an IPv4 address, or an IPv6 address without brackets. */
  readonly host: string;
  readonly port: number;
}

/** Where a ledger's database is, and as whom to connect. */
export interface DatabaseUrl {
  readonly hosts: readonly DatabaseHost[];
  readonly user: string;
  readonly database: string;
  /** Whether each connection is encrypted, and the server's certificate is verified. */
  readonly isEncrypted: boolean;
  /** A file with the CA certificates to trust, in PEM. Without one: those of the system. */
  readonly rootCertificateFile: string | undefined;
  /** The name under which the connections appear in `pg_stat_activity`. */
  readonly applicationName: string;
  /** What messages call the database. */
  readonly text: string;
}

/** The port of a host without one. */
const portDefault = 5432;

/** Returns whether `--db` names a database and not a file. */
export function isDatabaseUrl(db: string): boolean {
  return /^postgres(?:ql)?:/.test(db);
}

/**
 * Reads the URL of a database.
 *
 * @throws {UsageError} when it is not one, has a password or an unknown parameter
 */
export function parseDatabaseUrl(text: string): DatabaseUrl {
  // A password is never shown again. It is before the last @, or in the parameter of `psql`.
  const shown = text.replace(/^(\w+:\/\/[^/?:@]*):.*@/, "$1:…@")
    .replace(/([?&]password=)[^&]*/g, "$1…");
  const refuse = (reason: string) => {
    throw new UsageError(`cannot use the database ${shown}: ${reason}`);
  };
  if (shown !== text) {
    refuse(
      "a password in a command line can be read by others; put it in a file and its path in PGPASSFILE or MICROPAY_DB_PASSWORD_FILE",
    );
  }
  const parts = /^postgres(?:ql)?:\/\/([^/?@]+)@([^/?@]+)\/([^/?]+)(?:\?(.*))?$/.exec(text);
  if (parts === null) {
    return refuse("it has to be postgres://user@host:port/name") as never;
  }
  const [, user = "", hostList = "", database = "", query = ""] = parts;
  const hosts = hostList.split(",").map((host) => parseHost(host) ?? refuse(wrongHost(host)));
  const parameters = new URLSearchParams(query);
  for (const name of parameters.keys()) {
    if (!parameterNames.includes(name)) {
      refuse(`it has no parameter "${name}"; there are ${parameterNames.join(", ")}`);
    }
  }
  const areLocal = hosts.every((host) => isLoopback(host!.host));
  // A file of CA certificates has no use without encryption.
  const isPlain = areLocal && !parameters.has("sslrootcert");
  const mode = parameters.get("sslmode") ?? (isPlain ? "disable" : "verify-full");
  if (mode !== "disable" && mode !== "verify-full") {
    refuse(`its sslmode "${mode}" does not verify the server; use verify-full or disable`);
  }
  return {
    hosts: hosts as DatabaseHost[],
    user: decode(user) ?? refuse("its user is not encoded well") as never,
    database: decode(database) ?? refuse("its name is not encoded well") as never,
    isEncrypted: mode === "verify-full",
    rootCertificateFile: parameters.get("sslrootcert") ?? undefined,
    applicationName: parameters.get("application_name") ?? "micropay",
    text,
  };
}

const parameterNames = ["sslmode", "sslrootcert", "application_name"];

function wrongHost(text: string): string {
  return `"${text}" is not a host, or a host and a port from 1 to 65535`;
}

function parseHost(text: string): DatabaseHost | undefined {
  const parts = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+))(?::([0-9]{1,5}))?$/.exec(text);
  const host = parts && decode(parts[1] ?? parts[2]!);
  const port = Number(parts?.[3] ?? portDefault);
  // A path of a Unix socket is not one: connections are TCP alone.
  const isHost = host && !host.includes("/");
  return isHost && port >= 1 && port <= 65535 ? { host, port } : undefined;
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.[0-9.]+$/.test(host);
}

function decode(text: string): string | undefined {
  try {
    const decoded = decodeURIComponent(text);
    // A NUL would end it early in what the server reads.
    return decoded.includes("\0") ? undefined : decoded;
  } catch {
    return undefined;
  }
}
