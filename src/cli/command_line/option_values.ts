/**
 * The values on a command line, each with the sentence that refuses it.
 */
import {
  certificateDaysMax,
  historyEntriesMax,
  invitationDaysMax,
  invitationsAtOnceMax,
  oneTimeCodeCharactersMax,
  rekeyHoursMax,
  requestLifetimeMsMax,
  type RsaBits,
  serversMax,
  timeoutSecondsMax,
  userLimitMax,
  witnessPeriodMsMax,
} from "../../limits.ts";
import {
  type JoinUri,
  micropayUriFault,
  type PayUri,
  readMicropayUri,
} from "../../protocol/micropay_uri.ts";
import { type AccountName, accountNameRule, parseAccountName } from "../../account_name.ts";
import { isDocumentError } from "../../errors.ts";
import type { TreeHead } from "../../ledger/tree_proofs.ts";
import { isLedgerName, ledgerNameRule } from "../../client/wallet/ledger_name.ts";
import { isMemo, memoRule } from "../../memo.ts";
import { amountMax, amountRuleFor, parseAmount } from "../../money.ts";
import { parseFingerprint } from "../../pki/fingerprint.ts";
import { parseAddress, parseHost, withoutZone } from "../../pki/host.ts";
import {
  isWitnessName,
  readVerifierKey,
  type VerifierKey,
  witnessNameRule,
} from "../../protocol/cosignature.ts";
import { isOrderId } from "../../random.ts";
import { type AddressRange, parseAddressRange } from "../../transport/address_range.ts";
import { type Endpoint, endpointText, parseEndpoint } from "../../transport/byte_stream.ts";
import { expandHome } from "../data_home.ts";
import type { Environment } from "../process_io.ts";
import { parsePaymentReference, paymentReferenceRule } from "../client/payment_reference.ts";
import { oneOf, repeatable, valueOf, wholeNumber } from "./value_rule.ts";

/**
 * The address that a client tells its peers; without a port it is the one that the client listens
 * on. It has no zone, because a zone means something on this machine only.
 */
export interface AdvertisedAddress {
  readonly host: string;
  readonly port?: number;
}

export const listeningPort = wholeNumber("a port", 0, 65_535);
export const connectingPort = Object.assign(wholeNumber("a port", 1, 65_535), {
  suggests: { known: "ports" } as const,
});
/** The port in a join line. The variable of another `--port` must not set it. */
export const joinPort = Object.assign(wholeNumber("a port", 1, 65_535), {
  variable: "MICROPAY_JOIN_PORT",
});
export const userLimit = wholeNumber("a user limit", 1, userLimitMax);
export const rekeyHours = wholeNumber("a number of hours", 1, rekeyHoursMax);
export const initialBalance = wholeNumber("a balance", 0, Number.MAX_SAFE_INTEGER);
export const accountsMax = wholeNumber("a number of accounts", 1, Number.MAX_SAFE_INTEGER);
export const certificateDays = wholeNumber("a number of days", 1, certificateDaysMax);
export const visitCount = wholeNumber("a count", 1, Number.MAX_SAFE_INTEGER);
export const paymentCount = wholeNumber("a count", 1, Number.MAX_SAFE_INTEGER);
export const historyLimit = wholeNumber("a limit", 1, historyEntriesMax);
export const entryNumber = wholeNumber("an entry's number", 1, Number.MAX_SAFE_INTEGER);

/** An entry's number, or 0 for before the first. */
export const entryOrStart = wholeNumber("an entry's number", 0, Number.MAX_SAFE_INTEGER);

export const timeoutSeconds = valueOf<number>(
  `a timeout is a number of seconds from 0.001 to ${timeoutSecondsMax}`,
  (text) => {
    if (!/^[0-9]{1,4}(\.[0-9]{1,3})?$/.test(text)) return undefined;
    const seconds = Number(text);
    return seconds > 0 && seconds <= timeoutSecondsMax ? seconds : undefined;
  },
);

export const rsaBits = oneOf<RsaBits>("the bits of a session key are", [2048, 3072, 4096]);
export const logFormat = oneOf("the format of the log is", ["text", "json"] as const);

export const whoMayJoin = oneOf("who may register is", ["open", "invite"] as const);

export const invitationCount = Object.assign(wholeNumber("a count", 1, invitationsAtOnceMax), {
  variable: "MICROPAY_INVITATION_COUNT",
});
export const invitationName = Object.assign(valueOf(accountNameRule, parseAccountName), {
  variable: "MICROPAY_INVITATION_NAME",
});
export const invitationUses = wholeNumber("a number of uses", 1, Number.MAX_SAFE_INTEGER);
export const invitationNumber = wholeNumber("an invitation's id", 1, Number.MAX_SAFE_INTEGER);

/** How long an invitation is valid, in milliseconds. */
export const invitationPeriod = Object.assign(
  valueOf<number>(
    `a period is a whole number with m, h or d, from 1m to ${invitationDaysMax}d`,
    (text) => {
      const [, count, unit] = /^([1-9][0-9]{0,5})([mhd])$/.exec(text) ?? [];
      const minute = 60_000;
      const ms = Number(count) * { m: minute, h: 60 * minute, d: 1440 * minute }[unit as "m"];
      return ms <= invitationDaysMax * 1440 * minute ? ms : undefined;
    },
  ),
  { variable: "MICROPAY_INVITATION_EXPIRES" },
);

export const exportFormat = oneOf(
  "the format of an export is",
  ["csv", "jsonl", "hledger", "beancount"] as const,
);

export const day = valueOf("a date is a day as YYYY-MM-DD", (text) => {
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text));
  // A thirtieth of February would be read as a day in March.
  return isDay && new Date(text).toISOString().startsWith(text) ? text : undefined;
});

/** One account or one entry of the ledger. */
export type LedgerSelector =
  | { readonly id: string }
  /** Digits may be a name as well; the entry comes first. */
  | { readonly number: number; readonly account: AccountName }
  | { readonly account: AccountName };

export const ledgerSelector = valueOf<LedgerSelector>(
  "this is no account's name, no entry's number and no order's id",
  (text) => {
    if (isOrderId(text.toLowerCase())) return { id: text.toLowerCase() };
    const account = parseAccountName(text);
    if (account === undefined) return undefined;
    return /^[1-9][0-9]{0,15}$/.test(text) ? { number: Number(text), account } : { account };
  },
);

/** Where an audit begins: after the rows of a tree, or of a checkpoint in a file. */
export type SinceCheckpoint = TreeHead | { readonly file: string };

/** Reads `SIZE:HEAD`. Every other text is a file. */
export function sinceCheckpoint(file: (text: string) => string) {
  return (text: string): SinceCheckpoint => {
    const [, size, head] = /^(0|[1-9][0-9]{0,14}):([0-9a-f]{64})$/.exec(text) ?? [];
    return size && head ? { size: Number(size), head } : { file: file(text) };
  };
}

export const accountName = valueOf(accountNameRule, parseAccountName);
/** A limit on what is paid; 0 forbids every payment. */
export const paymentLimit = valueOf<number | "none">(
  `a limit is a whole number from 0 to ${amountMax}, or none`,
  (text) => {
    if (text === "none" || text === "0") return text === "0" ? 0 : "none";
    return parseAmount(text);
  },
  { suggests: ["none"] },
);
export const amount = valueOf(amountRuleFor, parseAmount);
export const memo = valueOf(memoRule, (text) => isMemo(text) ? text : undefined);

/** How long a payment request is good, in milliseconds. */
export const requestLifetime = valueOf(
  "a time is a whole number with s, m, h or d, up to 366d: 90m",
  (text) => {
    const [, count, unit] = /^([1-9][0-9]{0,8})([smhd])$/.exec(text) ?? [];
    const lifetimeMs = Number(count) * { s: 1, m: 60, h: 3600, d: 86_400 }[unit as "s"] * 1000;
    return lifetimeMs <= requestLifetimeMsMax ? lifetimeMs : undefined;
  },
);

const payUriRule = "a payment request is its whole line: micropay://HOST:PORT/pay?ca=…&request=…";

/** A payment request. */
export const payUri = valueOf(payUriRule, parsePayUri);

function parsePayUri(text: string): PayUri | undefined {
  const uri = micropayUriFault(text) === undefined ? readMicropayUri(text) : undefined;
  return uri?.kind === "pay" ? uri : undefined;
}

/** Whom to pay: an account, or who made a payment request. */
export const payeeOrRequest = valueOf(
  (text) =>
    /^micropay:/i.test(text)
      ? "a payment request is its whole line in quotes: 'micropay://HOST:PORT/pay?ca=…&request=…'"
      : accountNameRule,
  (text): PayUri | { readonly kind: "account"; readonly account: AccountName } | undefined => {
    const account = parseAccountName(text);
    return account === undefined ? parsePayUri(text) : { kind: "account", account };
  },
  { suggests: { known: "peers" } },
);

/** An account of this user, and one that it pays. */
export const ownAccount = knownAccount("accounts");
export const peerAccount = knownAccount("peers");

function knownAccount(known: "accounts" | "peers") {
  return valueOf(accountNameRule, parseAccountName, { suggests: { known } });
}

/** A payment, by its entry's number or by its id. */
export const paymentReference = valueOf(paymentReferenceRule, parsePaymentReference, {
  suggests: { known: "payments" },
});

/** A name as it was typed, beside the account it means: `Alice` is `alice`. */
function parseTypedName(typed: string) {
  const account = parseAccountName(typed);
  return account === undefined ? undefined : { account, typed };
}

export const typedAccountName = valueOf(accountNameRule, parseTypedName);

export const orderId = valueOf("an order's id is a UUID of version 7 or 8", (text) => {
  const id = text.toLowerCase();
  return isOrderId(id) ? id : undefined;
});

const oneTimeCodeRule = "a one-time code is what the operator gave, " +
  `1 to ${oneTimeCodeCharactersMax} letters, digits and hyphens`;

/** Reads it in either case, as people copy it from paper. */
export function parseOneTimeCode(text: string): string | undefined {
  const isCode = /^[A-Za-z0-9-]+$/.test(text) && text.length <= oneTimeCodeCharactersMax;
  return isCode ? text.toUpperCase() : undefined;
}

export const oneTimeCode = valueOf(oneTimeCodeRule, parseOneTimeCode);

export const fingerprint = valueOf(
  "a fingerprint is 64 hexadecimal digits, with or without colons between the bytes",
  parseFingerprint,
);

const hostRule = "a host is a DNS name or an IP address, without a port";

/** The rule, with advice for a port that was typed with the host, and for a bad IPv6 address. */
function addressRule(refused: string): string {
  if (/^[^:]+:[0-9]+$/.test(refused)) return `${hostRule}; give the port as a word of its own`;
  return refused.includes(":")
    ? `${hostRule}; a link-local one may have its zone, fe80::1%eth0`
    : hostRule;
}

/** The host is normalized: lower case, an IPv6 address in its shortest form. */
export const host = valueOf(hostRule, (text) => parseHost(text)?.value);

/**
 * A host to connect to or listen on. An IPv6 address may have brackets, a link-local one a zone.
 */
export const address = valueOf(addressRule, parseAddress);

const severalServersRule =
  `several servers are up to ${serversMax} different ones, HOST or HOST:PORT, separated by commas`;

/**
 * The host of a ledger's server, or up to `serversMax` of them with commas, each with a port of its
 * own if it has another one. The text is normalized, and {@link serversOf} splits it.
 */
export const serverAddresses = valueOf<string>(
  (refused) => refused.includes(",") ? severalServersRule : addressRule(refused),
  (text) => text.includes(",") ? parseServers(text) : parseAddress(text),
  { suggests: { known: "hosts" } },
);

/**
 * The servers in a join line, as {@link serverAddresses}. They have no zones, which mean nothing on
 * another machine. `MICROPAY_HOST` is what the server listens on.
 */
export const joinHosts = Object.assign(
  valueOf<string>(
    (refused) => refused.includes(",") ? severalServersRule : "a server is HOST or HOST:PORT",
    (text) => text.includes("%") ? undefined : parseServers(text),
  ),
  { variable: "MICROPAY_JOIN_HOST" },
);

/** Returns servers with commas in one spelling. */
function parseServers(text: string): string | undefined {
  const parts = text.split(",").map((part) => {
    const endpoint = parseEndpoint(part);
    return endpoint ? endpointText(endpoint) : parseAddress(part);
  });
  const whole = new Set(parts);
  const isGood = !whole.has(undefined) && whole.size === parts.length && whole.size <= serversMax;
  return isGood ? parts.join(",") : undefined;
}

/** Returns the different servers that a text of {@link serverAddresses} names. */
export function serversOf(hosts: string, port: number): Endpoint[] {
  const servers = hosts.split(",").map((text) => parseEndpoint(text) ?? { host: text, port });
  return [...new Map(servers.map((server) => [endpointText(server), server])).values()];
}

/** Returns servers as the two words that {@link serversOf} reads. */
export function serverWords(servers: readonly Endpoint[]): [hosts: string, port: number] {
  const { port } = servers[0]!;
  const hosts = servers.map((server) => server.port === port ? server.host : endpointText(server));
  return [hosts.join(","), port];
}

/** Several hosts: one in each option, or all of them in one variable. */
export const hosts = repeatable(host, {
  // MICROPAY_HOST is the address that a server listens on, which may be one that nobody else uses.
  variable: "MICROPAY_CERTIFICATE_HOST",
  readAll: valueOf(`${hostRule}; several are separated by commas`, (text) => {
    const hosts = text.split(",").map((part) => parseHost(part.trim())?.value);
    return hosts.every((host) => host !== undefined) ? hosts : undefined;
  }),
});

const readProxies = valueOf<readonly AddressRange[]>(
  "a proxy is an IP address, or a network such as 10.0.0.0/8, with no bits after its prefix; " +
    "several are separated by commas",
  (text) => {
    const ranges = text.split(",").map((part) => parseAddressRange(part.trim()));
    return ranges.every((range) => range !== undefined) ? ranges : undefined;
  },
);

/** The addresses of proxies. Each option has one or several, and the variable has all of them. */
export const proxies = Object.assign(
  (text: string, before: readonly AddressRange[]) => [...before, ...readProxies(text)],
  { variable: "MICROPAY_PROXY_FROM", readAll: readProxies },
);

const verifierKeyRule = "a verifier key is NAME+ID+KEY, as micropay witness prints it";

function parseVerifierKey(text: string): VerifierKey | undefined {
  try {
    return readVerifierKey(text);
  } catch (error) {
    if (!isDocumentError(error)) throw error;
    return undefined;
  }
}

export const verifierKey = valueOf(verifierKeyRule, parseVerifierKey);

/** Several verifier keys: one in each option, or all of them in one variable. */
export const verifierKeys = repeatable(verifierKey, {
  variable: "MICROPAY_WITNESS",
  readAll: valueOf(`${verifierKeyRule}; several are separated by blanks`, (text) => {
    const keys = text.trim().split(/\s+/).map(parseVerifierKey);
    return keys.every((key) => key !== undefined) ? keys : undefined;
  }),
});

export const witnessName = valueOf(
  witnessNameRule,
  (text) => isWitnessName(text) ? text : undefined,
);

/** A time between two visits, in milliseconds. */
export const visitPeriod = valueOf<number>(
  "a period is a whole number with s, m or h, from 1s to 24h",
  (text) => {
    const [, count, unit] = /^([1-9][0-9]{0,4})([smh])$/.exec(text) ?? [];
    const ms = Number(count) * { s: 1000, m: 60_000, h: 3_600_000 }[unit as "s" | "m" | "h"];
    return ms <= witnessPeriodMsMax ? ms : undefined;
  },
);

/** The name of a ledger that was joined. */
export const joinedLedgerName = valueOf(
  ledgerNameRule,
  (text) => isLedgerName(text) ? text : undefined,
  { suggests: { known: "ledgers" } },
);

export const newLedgerName = valueOf(
  ledgerNameRule,
  (text) => isLedgerName(text) ? text : undefined,
);

/** A join line, as the server prints it. `-` is the first line of the standard input. */
export const joinLine = valueOf<JoinUri | "-">(
  joinLineFault,
  (text) => text === "-" ? text : parseJoinLine(text),
);

/** Returns why a text is no join line. */
export function joinLineFault(text: string): string {
  return micropayUriFault(text) ??
    "this is a payment request, which pay takes, and not a join line";
}

/** Returns the join line that a text is, or `undefined` if it is none. */
export function parseJoinLine(text: string): JoinUri | undefined {
  const uri = micropayUriFault(text) === undefined ? readMicropayUri(text) : undefined;
  return uri?.kind === "join" ? uri : undefined;
}

export const advertisedAddress = valueOf<AdvertisedAddress>(
  "an address is HOST, HOST:PORT, [IPV6] or [IPV6]:PORT, with a port from 1 to 65535",
  (text) => {
    const whole = parseAddress(text);
    if (whole !== undefined) return { host: withoutZone(whole) };
    const endpoint = parseEndpoint(text);
    return endpoint && { host: withoutZone(endpoint.host), port: endpoint.port };
  },
);

/** The readers of paths, in which `~` is this environment's HOME. */
export function pathsIn(environment: Environment) {
  return { file: path("file", environment), directory: path("directory", environment) };
}

export type Paths = ReturnType<typeof pathsIn>;

/** The values of a flag in the environment. */
export const flagInEnvironment = valueOf<boolean>(
  "a flag is 1, true, yes or on, or 0, false, no or off",
  (text) => {
    if (/^(1|true|yes|on)$/i.test(text)) return true;
    return /^(0|false|no|off)$/i.test(text) ? false : undefined;
  },
);

function path(suggests: "file" | "directory", environment: Environment) {
  return valueOf(
    'a path is not empty and holds no NUL; "~/" begins one in HOME, if that is set, "~name/" none',
    (text) => text === "" || text.includes("\0") ? undefined : expandHome(text, environment),
    { suggests },
  );
}
