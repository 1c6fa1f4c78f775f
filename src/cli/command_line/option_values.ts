/**
 * What the values on a command line are, each with the one sentence that a refusal of it says.
 */
import type { NonEmptyString } from "@optique/core/nonempty";
import { type AccountName, accountNameRule, parseAccountName } from "../../account_name.ts";
import type { RsaBits } from "../../limits.ts";
import { isMemo, memoRule } from "../../memo.ts";
import { amountRuleFor, parseAmount } from "../../money.ts";
import { parseFingerprint } from "../../pki/fingerprint.ts";
import { parseAddress, parseHost, withoutZone } from "../../pki/host.ts";
import { isOrderId } from "../../random.ts";
import { expandHome } from "../data_home.ts";
import type { Environment } from "./option_source.ts";
import { parsePaymentReference, paymentReferenceRule } from "../client/payment_reference.ts";
import { oneOf, valueOf, wholeNumber } from "./value_rule.ts";

/** Most users that one server may be told to serve at a time. */
export const userLimitMax = 100_000;
/** Longest validity of a server's certificate: as long as the CA's. */
export const certificateDaysMax = 3650;
/** Longest time between two session keys of a server: 24 days, about as long as the runtime can wait at a time. */
export const rekeyHoursMax = 576;
/** Longest wait that can be asked for. */
export const timeoutSecondsMax = 3600;
/** Most entries that one `history` prints. */
export const historyEntriesMax = 1000;

/** Where a client tells its peers to connect to; without a port the one it listens on. A zone is never told: it is this machine's. */
export interface AdvertisedAddress {
  readonly host: string;
  readonly port?: number;
}

export const listeningPort = (metavar: NonEmptyString) => wholeNumber("a port", metavar, 0, 65_535);
export const connectingPort = (metavar: NonEmptyString) =>
  wholeNumber("a port", metavar, 1, 65_535);
export const userLimit = wholeNumber("a user limit", "CONCURRENT_USER_LIMIT", 1, userLimitMax);
export const rekeyHours = wholeNumber("a number of hours", "N", 1, rekeyHoursMax);
export const initialBalance = wholeNumber("a balance", "N", 0, Number.MAX_SAFE_INTEGER);
export const accountsMax = wholeNumber("a number of accounts", "N", 1, Number.MAX_SAFE_INTEGER);
export const certificateDays = wholeNumber("a number of days", "N", 1, certificateDaysMax);
export const paymentCount = wholeNumber("a count", "N", 1, Number.MAX_SAFE_INTEGER);
export const historyLimit = wholeNumber("a limit", "N", 1, historyEntriesMax);
export const entryNumber = wholeNumber("an entry's number", "ENTRY", 1, Number.MAX_SAFE_INTEGER);

/** An entry's number, or 0 for before the first. */
export const entryOrStart = wholeNumber("an entry's number", "ENTRY", 0, Number.MAX_SAFE_INTEGER);

export const timeoutSeconds = valueOf<number>({
  metavar: "SECONDS",
  rule: `a timeout is a number of seconds from 0.001 to ${timeoutSecondsMax}`,
  read(text) {
    if (!/^[0-9]{1,4}(\.[0-9]{1,3})?$/.test(text)) return undefined;
    const seconds = Number(text);
    return seconds > 0 && seconds <= timeoutSecondsMax ? seconds : undefined;
  },
});

export const rsaBits = oneOf<RsaBits>("BITS", "the bits of a session key are", [2048, 3072, 4096]);
export const logFormat = oneOf("FORMAT", "the format of the log is", ["text", "json"] as const);

export const exportFormat = oneOf(
  "FORMAT",
  "the format of an export is",
  ["csv", "jsonl", "hledger", "beancount"] as const,
);

export const day = valueOf({
  metavar: "DATE",
  rule: "a date is a day as YYYY-MM-DD",
  read(text) {
    const isDay = /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text));
    // A thirtieth of February would be read as a day in March.
    return isDay && new Date(text).toISOString().startsWith(text) ? text : undefined;
  },
});

/** One account or one entry of the ledger. */
export type LedgerSelector =
  | { readonly id: string }
  /** Digits may be a name as well; the entry comes first. */
  | { readonly number: number; readonly account: AccountName }
  | { readonly account: AccountName };

export const ledgerSelector = valueOf<LedgerSelector>({
  metavar: "NAME|ENTRY|ID",
  rule: "this is no account's name, no entry's number and no order's id",
  read(text) {
    if (isOrderId(text.toLowerCase())) return { id: text.toLowerCase() };
    const account = parseAccountName(text);
    if (account === undefined) return undefined;
    return /^[1-9][0-9]{0,15}$/.test(text) ? { number: Number(text), account } : { account };
  },
});

export const accountName = valueOf({
  metavar: "NAME",
  rule: accountNameRule,
  read: parseAccountName,
});
export const payee = valueOf({ metavar: "TO", rule: accountNameRule, read: parseAccountName });
export const amount = valueOf({ metavar: "AMOUNT", rule: amountRuleFor, read: parseAmount });
export const memo = valueOf({
  metavar: "TEXT",
  rule: memoRule,
  read: (text) => isMemo(text) ? text : undefined,
});

/** A payment, by its entry's number or by its id. */
export const paymentReference = valueOf({
  metavar: "ENTRY|ID",
  rule: paymentReferenceRule,
  read: parsePaymentReference,
});

/** A name as it was typed, beside the account it means: `Alice` is `alice`. */
export const typedAccountName = valueOf({
  metavar: "NAME",
  rule: accountNameRule,
  read(typed) {
    const account = parseAccountName(typed);
    return account === undefined ? undefined : { account, typed };
  },
});

export const orderId = (metavar: NonEmptyString) =>
  valueOf({
    metavar,
    rule: "an order's id is a UUID of version 7",
    read: (text) => isOrderId(text.toLowerCase()) ? text.toLowerCase() : undefined,
  });

export const oneTimeCodeRule =
  "a one-time code is what the operator gave, 1 to 64 letters, digits and hyphens";

/** Reads it in either case, as people copy it from paper. */
export function parseOneTimeCode(text: string): string | undefined {
  return /^[A-Za-z0-9-]{1,64}$/.test(text) ? text.toUpperCase() : undefined;
}

export const oneTimeCode = valueOf({
  metavar: "CODE",
  rule: oneTimeCodeRule,
  read: parseOneTimeCode,
});

export const fingerprint = valueOf({
  metavar: "HEX",
  rule: "a fingerprint is 64 hexadecimal digits, with or without colons between the bytes",
  read: parseFingerprint,
});

const hostRule = "a host is a DNS name or an IP address, without a port";

/** The rule, with what helps further: a port that was typed with the host, or an IPv6 address that is none. */
function addressRule(refused: string): string {
  if (/^[^:]+:[0-9]+$/.test(refused)) return `${hostRule}; give the port as a word of its own`;
  return refused.includes(":")
    ? `${hostRule}; a link-local one may have its zone, fe80::1%eth0`
    : hostRule;
}

/** The host is normalized: lower case, an IPv6 address in its shortest form. */
export const host = (metavar: NonEmptyString) =>
  valueOf({ metavar, rule: hostRule, read: (text) => parseHost(text)?.value });

/** A host to connect to or listen on; an IPv6 address may have brackets, and a link-local one its zone. */
export const address = (metavar: NonEmptyString) =>
  valueOf({ metavar, rule: addressRule, read: parseAddress });

/** Several hosts in one text, as an environment variable holds them. */
export const hostList = valueOf({
  metavar: "HOSTS",
  rule: `${hostRule}; several are separated by commas`,
  read(text) {
    const hosts = text.split(",").map((part) => parseHost(part.trim())?.value);
    return hosts.every((host) => host !== undefined) ? hosts : undefined;
  },
});

export const advertisedAddress = valueOf<AdvertisedAddress>({
  metavar: "HOST[:PORT]",
  rule: "an address is HOST, HOST:PORT, [IPV6] or [IPV6]:PORT, with a port from 1 to 65535",
  read(text) {
    const whole = parseAddress(text);
    if (whole !== undefined) return { host: withoutZone(whole) };
    const match = /^(\[[^\]]*\]|[^:]+):([1-9][0-9]{0,4})$/.exec(text);
    const host = parseAddress(match?.[1] ?? "");
    const port = Number(match?.[2]);
    return host !== undefined && port <= 65_535 ? { host: withoutZone(host), port } : undefined;
  },
});

export const file = (environment: Environment) => path("FILE", "file", environment);
export const directory = (environment: Environment) => path("DIR", "directory", environment);

/** The values of a flag in the environment. */
export const environmentFlag = valueOf<boolean>({
  metavar: "FLAG",
  rule: "a flag is 1, true, yes or on, or 0, false, no or off",
  read(text) {
    if (/^(1|true|yes|on)$/i.test(text)) return true;
    return /^(0|false|no|off)$/i.test(text) ? false : undefined;
  },
});

function path(metavar: NonEmptyString, type: "file" | "directory", environment: Environment) {
  return valueOf<string>({
    metavar,
    rule:
      'a path is not empty and holds no NUL; "~/" begins one in HOME, if that is set, "~name/" none',
    read: (text) => text === "" || text.includes("\0") ? undefined : expandHome(text, environment),
    suggest: (prefix) => [{ kind: "file", type, pattern: prefix, includeHidden: false }],
  });
}
