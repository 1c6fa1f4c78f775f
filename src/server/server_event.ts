/**
 * What a server does that somebody watching it wants to know. The server reports; how it is printed is decided elsewhere.
 */
import type { AccountName } from "../account_name.ts";
import type { Code } from "../protocol/code.ts";
import type { Endpoint } from "../transport/byte_stream.ts";
import type { Occupancy } from "./admission/occupancy.ts";

/** The server's own certificate, or the one of its CA. */
export type ExpiringCertificate = "server" | "ca";

export type ServerEvent =
  | { readonly kind: "listening"; readonly endpoint: Endpoint }
  | ({ readonly kind: "connected"; readonly remote: Endpoint } & Occupancy)
  /** A member's connection, for which no permit is free. */
  | ({
    readonly kind: "waiting";
    readonly remote: Endpoint;
    readonly name: AccountName | undefined;
    readonly place: number;
  } & Occupancy)
  /** A member's connection turned away: the waiting room has no place left, for anybody or for its address. */
  | ({
    readonly kind: "full";
    readonly of: "everybody" | "address";
    readonly remote: Endpoint;
    readonly name: AccountName;
  } & Occupancy)
  /** A stranger's connection closed, because others came. */
  | ({ readonly kind: "crowded_out"; readonly remote: Endpoint } & Occupancy)
  /** No account is registered for now, or no more of them. Not reported each time. */
  | {
    readonly kind: "registration_limit";
    readonly remote: Endpoint;
    readonly limit: "address" | "accounts";
    readonly most: number;
  }
  | ({
    readonly kind: "disconnected";
    readonly remote: Endpoint;
    readonly name: AccountName | undefined;
  } & Occupancy)
  | {
    readonly kind: "message";
    readonly remote: Endpoint;
    /** Who said it, when that is a member. */
    readonly name: AccountName | undefined;
    /** The request in the course project's notation, such as `brian#2000#ta`. Not escaped. */
    readonly notation: string;
    /** The sealed line as it came. */
    readonly line: string;
  }
  /** The answer to the last message of this connection was a "no". */
  | {
    readonly kind: "refused";
    readonly remote: Endpoint;
    readonly name: AccountName | undefined;
    readonly code: Code;
    readonly text: string;
  }
  | { readonly kind: "online"; readonly name: AccountName; readonly address: Endpoint }
  | { readonly kind: "offline"; readonly name: AccountName }
  /** Its session ends, because the operator revoked its certificate or closed its account. */
  | {
    readonly kind: "dismissed";
    readonly remote: Endpoint;
    readonly name: AccountName | undefined;
  }
  /** A line that was refused without an answer, and its connection closed. */
  | { readonly kind: "line_refused"; readonly remote: Endpoint; readonly reason: string }
  /** Something that should not happen did; the server goes on. */
  | {
    readonly kind: "fault";
    /** Whose request or connection it came with, if it came with one. */
    readonly remote?: Endpoint;
    readonly name?: AccountName | undefined;
    readonly attempt: string;
    readonly error: unknown;
  }
  /** A certificate ends soon, or has ended. */
  | {
    readonly kind: "expiry";
    readonly certificate: ExpiringCertificate;
    readonly notAfterMs: number;
    /** Rounded up; 0 when it has expired. */
    readonly daysLeft: number;
  }
  | { readonly kind: "stopping"; readonly served: number }
  | { readonly kind: "stopped" };

export type ReportEvent = (event: ServerEvent) => void;
