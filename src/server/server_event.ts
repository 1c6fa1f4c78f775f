/** Events that a server reports. The command line decides how to print them. */
import type { AccountName } from "../account_name.ts";
import type { Code } from "../protocol/code.ts";
import type { Endpoint } from "../transport/byte_stream.ts";
import type { Occupancy } from "./admission/occupancy.ts";

/** The server's own certificate, or the one of its CA. */
export type ExpiringCertificate = "server" | "ca";

export type ServerEvent =
  | { readonly kind: "listening"; readonly endpoint: Endpoint }
  | ({ readonly kind: "connected"; readonly remote: Endpoint } & Occupancy)
  /** A member's connection waits, because no permit is free. */
  | ({
    readonly kind: "waiting";
    readonly remote: Endpoint;
    readonly name: AccountName | undefined;
    readonly place: number;
  } & Occupancy)
  /** A member's connection is refused: the waiting room is full, in all or for its address. */
  | ({
    readonly kind: "full";
    readonly of: "everybody" | "address";
    readonly remote: Endpoint;
    readonly name: AccountName;
  } & Occupancy)
  /** A stranger's connection is closed for a later one. */
  | ({ readonly kind: "crowded_out"; readonly remote: Endpoint } & Occupancy)
  /** A registration is refused by a limit. It is not reported each time. */
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
    /** The sender, when it is a member. */
    readonly name: AccountName | undefined;
    /** The request in the course project's notation, such as `brian#2000#ta`. Not escaped. */
    readonly notation: string;
    /** The sealed line as it came. */
    readonly line: string;
  }
  /** The last request of this connection, or an order in it, was refused. */
  | {
    readonly kind: "refused";
    readonly remote: Endpoint;
    readonly name: AccountName | undefined;
    readonly code: Code;
    readonly text: string;
  }
  | { readonly kind: "online"; readonly name: AccountName; readonly address: Endpoint }
  | { readonly kind: "offline"; readonly name: AccountName }
  /** A session ends, because the operator revoked its certificate or closed its account. */
  | {
    readonly kind: "dismissed";
    readonly remote: Endpoint;
    readonly name: AccountName | undefined;
  }
  /** A silent session ends, because another login of its account takes its place. */
  | {
    readonly kind: "replaced";
    readonly remote: Endpoint;
    readonly name: AccountName | undefined;
  }
  /** A line was refused without an answer, and its connection was closed. */
  | { readonly kind: "line_refused"; readonly remote: Endpoint; readonly reason: string }
  /** An unexpected error. The server goes on. */
  | {
    readonly kind: "fault";
    /** The connection that it concerns, if it concerns one. */
    readonly remote?: Endpoint;
    readonly name?: AccountName | undefined;
    readonly attempt: string;
    readonly error: unknown;
  }
  /** Requests that failed because the ledger could not be used succeed again. */
  | { readonly kind: "ledger_recovered" }
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
