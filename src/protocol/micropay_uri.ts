/**
 * The URIs that people pass on as a link or a QR code. Each kind has a path of its own. A join line
 * is `micropay://HOST:PORT/?ca=FINGERPRINT`, and has `&token=TOKEN` if it invites somebody. A
 * payment request is `micropay://HOST:PORT/pay?ca=FINGERPRINT&request=PACKED`. Each further server
 * of the ledger is a parameter `&server=HOST:PORT`.
 */
import { decodeBase64UrlStrict } from "../base64.ts";
import { UsageError } from "../errors.ts";
import { parseFingerprint } from "../pki/fingerprint.ts";
import { parseHost } from "../pki/host.ts";
import { requestBytesMax, serversMax } from "../limits.ts";
import { printable } from "../printable.ts";
import { packedSigner } from "./packed_document.ts";

export interface ServerAddress {
  /** A DNS name or an IP address, without brackets and without a zone. */
  readonly host: string;
  readonly port: number;
}

/** Where a ledger's servers are, and which ledger it must be. */
export interface LedgerAddress {
  /** 1 to `serversMax` different ones. */
  readonly servers: readonly ServerAddress[];
  /** The SHA-256 fingerprint of the ledger's CA, 64 lower-case hexadecimal digits. */
  readonly fingerprint: string;
}

/** What a member needs to join a ledger. */
export interface JoinUri extends LedgerAddress {
  readonly kind: "join";
  /** An invitation's token: {@link invitationTokenBytes} in base64url. */
  readonly token?: string;
}

/** What a member needs to pay a payment request. */
export interface PayUri extends LedgerAddress {
  readonly kind: "pay";
  /** The packed request, see `packDocument`. It is not verified. */
  readonly request: string;
}

export type MicropayUri = JoinUri | PayUri;

/** Bytes of an invitation's token, enough that nobody guesses one. */
export const invitationTokenBytes = 16;

/** Returns whether the text is an invitation's token: 22 characters of base64url. */
export function isInvitationToken(text: string): boolean {
  return decodeBase64UrlStrict(text)?.length === invitationTokenBytes;
}

/** What the value of a parameter must be, and what a refusal says about it. */
interface Parameter {
  readonly is: (value: string) => boolean;
  readonly rule: string;
  readonly isRequired: boolean;
  /** Whether it may be there several times, each with another value. */
  readonly isRepeated?: boolean;
}

const parameters = {
  ca: {
    is: (value) => parseFingerprint(value) !== undefined,
    rule: "the fingerprint after ca= is 64 hexadecimal digits",
    isRequired: true,
  },
  server: {
    is: (value) => parseServer(value) !== undefined,
    rule: "a server is HOST:PORT, with an IPv6 address as %5B…%5D",
    isRequired: false,
    isRepeated: true,
  },
  token: {
    is: isInvitationToken,
    rule: "the token is 22 letters, digits, hyphens and underscores",
    isRequired: false,
  },
  request: {
    is: (value) => value.length <= requestBytesMax && packedSigner(value) !== undefined,
    rule: "the request is not whole; copy the line again",
    isRequired: true,
  },
} satisfies Record<string, Parameter>;

type ParameterName = keyof typeof parameters;

/** The kinds of URI by their path, each with its parameters. */
const kinds = {
  "/": { kind: "join", names: ["ca", "server", "token"] },
  "/pay": { kind: "pay", names: ["ca", "server", "request"] },
} as const satisfies Record<string, { kind: string; names: readonly ParameterName[] }>;

/** Returns the URI as text. {@link readMicropayUri} reads the same URI from it. */
export function writeMicropayUri(uri: MicropayUri): string {
  const [first, ...others] = uri.servers.map(({ host, port }) =>
    host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`
  );
  const servers = others.map((server) => `&server=${encodeBrackets(server)}`).join("");
  const ledger = `ca=${uri.fingerprint}${servers}`;
  if (uri.kind === "pay") return `micropay://${first}/pay?${ledger}&request=${uri.request}`;
  const token = uri.token === undefined ? "" : `&token=${uri.token}`;
  return `micropay://${first}/?${ledger}${token}`;
}

/** A query has no brackets (RFC 3986, section 3.4). */
function encodeBrackets(server: string): string {
  return server.replace("[", "%5B").replace("]", "%5D");
}

/**
 * Reads a URI that somebody passed on. It accepts one text for each URI, apart from the order of
 * the parameters, from capitals in the scheme, the hosts and the fingerprint, and from white space.
 * A terminal or a mail breaks long lines, and their parts are copied together (RFC 3986, Appendix
 * C). Unknown and repeated parameters are refused: a program that ignores one would do something
 * else than the URI says.
 *
 * @throws {UsageError} with the part that is wrong
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const ca = "ab".repeat(32);
 * const servers = [{ host: "::1", port: 8888 }];
 * const uri = { kind: "join", servers, fingerprint: ca } as const;
 * assertEquals(readMicropayUri(`micropay://[::1]:8888/?ca=${ca}`), uri);
 * ```
 */
export function readMicropayUri(text: string): MicropayUri {
  const fault = micropayUriFault(text);
  if (fault !== undefined) throw new UsageError(`read "${printable(text)}": ${fault}`);
  const { path, query, ...first } = partsOf(text)!;
  const values = new Map(query.map(({ name, value }) => [name, value]));
  const token = values.get("token");
  const address = {
    servers: serversIn(first, query),
    fingerprint: parseFingerprint(values.get("ca")!)!,
  };
  if (kinds[path as keyof typeof kinds].kind === "pay") {
    return { kind: "pay", ...address, request: values.get("request")! };
  }
  return { kind: "join", ...address, ...(token !== undefined && { token }) };
}

/** Returns which part of the text is wrong, as a sentence without its full stop. */
export function micropayUriFault(text: string): string | undefined {
  const parts = partsOf(text);
  if (parts === undefined) {
    return /^micropay:\/\/[^?#]*\/pay\b/i.test(text)
      ? "a payment request is micropay://HOST:PORT/pay?ca=FINGERPRINT&request=REQUEST"
      : "a join line is micropay://HOST:PORT/?ca=FINGERPRINT";
  }
  const { host, port, path, query } = parts;
  if (parseHost(host) === undefined) {
    return "the host is not a DNS name, an IPv4 address, or an IPv6 address in brackets";
  }
  if (!isPort(port)) return "the port is not a whole number from 1 to 65535";
  if (!Object.hasOwn(kinds, path)) return `no micropay URI has the path "${printable(path)}"`;
  const { names } = kinds[path as keyof typeof kinds];
  const fault = queryFault(query, names);
  if (fault !== undefined) return fault;
  const servers = serversIn({ host, port }, query);
  if (servers.length > serversMax) return `it has more than ${serversMax} servers`;
  const texts = servers.map((server) => `${server.host} ${server.port}`);
  return new Set(texts).size < texts.length ? "a server is there twice" : undefined;
}

/** Returns the servers of a URI that {@link queryFault} finds no fault in. */
function serversIn(
  { host, port }: { readonly host: string; readonly port: string },
  query: Query,
): ServerAddress[] {
  const others = query.filter(({ name }) => name === "server");
  return [
    { host: parseHost(host)!.value, port: Number(port) },
    ...others.map(({ value }) => parseServer(value)!),
  ];
}

/** Reads the value of a parameter `server`. */
function parseServer(text: string): ServerAddress | undefined {
  const match = /^(?:%5B([^%]*:[^%]*)%5D|([^:%]*)):([^:]*)$/i.exec(text);
  const host = parseHost(match?.[1] ?? match?.[2] ?? "")?.value;
  const port = match?.[3] ?? "";
  return host === undefined || !isPort(port) ? undefined : { host, port: Number(port) };
}

function isPort(text: string): boolean {
  return /^[1-9][0-9]{0,4}$/.test(text) && Number(text) <= 65_535;
}

type Query = readonly { readonly name: string; readonly value: string }[];

function queryFault(query: Query, names: readonly ParameterName[]): string | undefined {
  const seen = new Set<string>();
  for (const { name, value } of query) {
    if (!names.some((known) => known === name)) return `nothing is known of "${printable(name)}"`;
    const { is, rule, isRepeated }: Parameter = parameters[name as ParameterName];
    if (seen.has(name) && !isRepeated) return `"${name}" is there twice`;
    seen.add(name);
    if (!is(value)) return rule;
  }
  const missing = names.find((name) => parameters[name].isRequired && !seen.has(name));
  return missing === undefined ? undefined : `"${missing}=" is missing`;
}

/**
 * Splits a URI at its separators. `URL` is not used: it repairs what it reads, and so it accepts
 * many texts for one URI.
 */
function partsOf(text: string) {
  const match =
    /^micropay:\/\/(?:\[([^\]]*:[^\]]*)\]|([^:/?#@[\]]*)):([^:/?#@]*)(\/[^?#]*)\?([^#]*)$/i
      .exec(text.replace(/\s+/g, ""));
  if (match === null) return undefined;
  const [, ipv6, other, port = "", path = "", query = ""] = match;
  return {
    host: ipv6 ?? other ?? "",
    port,
    path,
    query: query.split("&").map((part) => {
      const [name = "", ...value] = part.split("=");
      return { name, value: value.join("=") };
    }),
  };
}
