/**
 * How a request is answered: who may ask it, how it is written in the output, what is done.
 */
import type { AccountName } from "../account_name.ts";
import type { Exchange, Outcome } from "../protocol/exchange.ts";
import type { CertificateRequest } from "../pki/certificate_request.ts";
import type { ServerContext } from "./server_context.ts";
import type { Session } from "./session/session.ts";

/** What a handler is given beside the request. */
export interface RequestContext {
  readonly server: ServerContext;
  readonly session: Session;
  /** Ends the session after this answer: its certificate speaks for its account no more. */
  dismiss(): void;
}

export interface MemberRequestContext extends RequestContext {
  /** Who asks; proven by its signature and known to the ledger. */
  readonly name: AccountName;
}

export interface ApplicantRequestContext extends RequestContext {
  readonly request: CertificateRequest;
}

interface RouteOf<Request, Parsed, Answer, Context> {
  readonly exchange: Exchange<string, Request, Answer>;
  /**
   * Takes a request apart, once. What is wrong with it becomes part of the result, for `handle` to
   * say.
   */
  parse(request: Request): Parsed;
  /** The request as the course project wrote it, for the server's output. Not escaped. */
  notation(request: Parsed): string;
  handle(request: Parsed, context: Context): Promise<Outcome<Answer>>;
}

// The parameter types are erased in the table of routes; `memberRoute` and `applicantRoute` checked them against each other.
// deno-lint-ignore no-explicit-any
type Erased = any;

export type Route =
  | ({ readonly admits: "member" } & RouteOf<Erased, Erased, object, MemberRequestContext>)
  | ({ readonly admits: "applicant" } & RouteOf<Erased, Erased, object, ApplicantRequestContext>);

export function memberRoute<Request, Answer extends object>(
  route: Omit<RouteOf<Request, Request, Answer, MemberRequestContext>, "parse">,
): Route {
  return { admits: "member", parse: (request) => request, ...route };
}

/**
 * {@link memberRoute} for a request that is more than its members, such as one with a signed
 * document.
 */
export function parsedMemberRoute<Request, Parsed, Answer extends object>(
  route: RouteOf<Request, Parsed, Answer, MemberRequestContext>,
): Route {
  return { admits: "member", ...route };
}

export function applicantRoute<Request, Answer extends object>(
  route: Omit<RouteOf<Request, Request, Answer, ApplicantRequestContext>, "parse">,
): Route {
  return { admits: "applicant", parse: (request) => request, ...route };
}
