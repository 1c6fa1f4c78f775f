/**
 * The URIs that people pass on as a link or a QR code. Each kind has a path of its own. A join line
 * is `micropay://HOST:PORT/?ca=FINGERPRINT`, and has `&token=TOKEN` if it invites somebody. A
 * payment request is `micropay://HOST:PORT/pay?ca=FINGERPRINT&request=PACKED`.
 */
import { decodeBase64UrlStrict } from "../base64.ts";
import { UsageError } from "../errors.ts";
import { parseFingerprint } from "../pki/fingerprint.ts";
import { parseHost } from "../pki/host.ts";
import { requestBytesMax } from "../limits.ts";
import { printable } from "../printable.ts";
import { packedSigner } from "./packed_document.ts";

/** Where a ledger's server is, and which ledger it must be. */
export interface LedgerAddress {
  /** A DNS name or an IP address, without brackets and without a zone. */
  readonly host: string;
  readonly port: number;
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
}

const parameters = {
  ca: {
    is: (value) => parseFingerprint(value) !== undefined,
    rule: "the fingerprint after ca= is 64 hexadecimal digits",
    isRequired: true,
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
  "/": { kind: "join", names: ["ca", "token"] },
  "/pay": { kind: "pay", names: ["ca", "request"] },
} as const satisfies Record<string, { kind: string; names: readonly ParameterName[] }>;

/** Returns the URI as text. {@link readMicropayUri} reads the same URI from it. */
export function writeMicropayUri(uri: MicropayUri): string {
  const host = uri.host.includes(":") ? `[${uri.host}]` : uri.host;
  const start = `micropay://${host}:${uri.port}`;
  if (uri.kind === "pay") return `${start}/pay?ca=${uri.fingerprint}&request=${uri.request}`;
  const token = uri.token === undefined ? "" : `&token=${uri.token}`;
  return `${start}/?ca=${uri.fingerprint}${token}`;
}

/**
 * Reads a URI that somebody passed on. It accepts one text for each URI, apart from capitals in
 * the scheme, the host and the fingerprint, and from white space. A terminal or a mail breaks long
 * lines, and their parts are copied together (RFC 3986, Appendix C). Unknown and repeated
 * parameters are refused: a program that ignores one would do something else than the URI says.
 *
 * @throws {UsageError} with the part that is wrong
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const ca = "ab".repeat(32);
 * const uri = { kind: "join", host: "::1", port: 8888, fingerprint: ca } as const;
 * assertEquals(readMicropayUri(`micropay://[::1]:8888/?ca=${ca}`), uri);
 * ```
 */
export function readMicropayUri(text: string): MicropayUri {
  const fault = micropayUriFault(text);
  if (fault !== undefined) throw new UsageError(`read "${printable(text)}": ${fault}`);
  const { host, port, path, query } = partsOf(text)!;
  const values = new Map(query.map(({ name, value }) => [name, value]));
  const token = values.get("token");
  const address = {
    host: parseHost(host)!.value,
    port: Number(port),
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
  if (!/^[1-9][0-9]{0,4}$/.test(port) || Number(port) > 65_535) {
    return "the port is not a whole number from 1 to 65535";
  }
  if (!Object.hasOwn(kinds, path)) return `no micropay URI has the path "${printable(path)}"`;
  const { names } = kinds[path as keyof typeof kinds];
  return queryFault(query, names);
}

function queryFault(
  query: readonly { readonly name: string; readonly value: string }[],
  names: readonly ParameterName[],
): string | undefined {
  const seen = new Set<string>();
  for (const { name, value } of query) {
    if (!names.some((known) => known === name)) return `nothing is known of "${printable(name)}"`;
    if (seen.has(name)) return `"${name}" is there twice`;
    seen.add(name);
    const { is, rule } = parameters[name as ParameterName];
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
