/** A route: who may make a type of request, how the output writes it, and how it is answered. */
import type { AccountName } from "../account_name.ts";
import type { Outcome, RequestType } from "../protocol/request_type.ts";
import type { CertificateRequest } from "../pki/certificate_request.ts";
import { addressGroup } from "./admission/address_group.ts";
import type { ServerContext } from "./server_context.ts";
import type { Push, Session } from "./session/session.ts";

/** What a handler is given beside the request. */
export interface RequestContext {
  readonly server: ServerContext;
  readonly session: Session;
  /** Ends the session after this answer: its certificate no longer speaks for its account. */
  dismiss(): void;
  /** Sends a message to another session, together with the reply. */
  push(push: Push): void;
  /** Reports the request to the server's output, in the course project's notation. Not escaped. */
  reportRequest(notation: string): void;
}

export interface MemberRequestContext extends RequestContext {
  /** Who asks, as its signature proves and the ledger knows. */
  readonly name: AccountName;
}

export interface ApplicantRequestContext extends RequestContext {
  readonly request: CertificateRequest;
}

interface RouteOf<Request, Answer, Context> {
  readonly requestType: RequestType<Request, Answer>;
  /**
   * Writes the request for {@link RequestContext.reportRequest}. Returns `undefined` for a request
   * that is reported only when it is refused. Absent when `handle` reports the request, because
   * only `handle` knows what its documents say.
   */
  notation?(request: Request): string | undefined;
  handle(request: Request, context: Context): Promise<Outcome<Answer>>;
}

// The table of routes erases these types. The functions below have checked them.
// deno-lint-ignore no-explicit-any
type Erased = any;

export type Route =
  | ({ readonly admits: "member" } & RouteOf<Erased, object, MemberRequestContext>)
  | ({ readonly admits: "applicant" } & RouteOf<Erased, object, ApplicantRequestContext>)
  /** Members, and applicants that want no account. */
  | ({ readonly admits: "everybody" } & RouteOf<Erased, object, RequestContext>);

export function memberRoute<Request, Answer extends object>(
  route: RouteOf<Request, Answer, MemberRequestContext>,
): Route {
  return { admits: "member", ...route };
}

export function applicantRoute<Request, Answer extends object>(
  route: RouteOf<Request, Answer, ApplicantRequestContext>,
): Route {
  return { admits: "applicant", ...route };
}

/** Returns a route for members, and for applicants that want no account. */
export function everybodyRoute<Request, Answer extends object>(
  route: RouteOf<Request, Answer, RequestContext>,
): Route {
  return { admits: "everybody", ...route };
}

/**
 * Returns whether the asker may make one more request of an {@link everybodyRoute}. A member always
 * may. Strangers at one address may make a limited number of them.
 */
export function mayAsk({ session, server }: RequestContext): boolean {
  if (session.speaker.kind === "member") return true;
  return server.strangerRequests.take(addressGroup(session.channel.remote.host));
}
