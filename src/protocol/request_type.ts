/**
 * The types of requests. Each is declared once, in the file of its name. The server checks requests
 * by the declaration, and the client answers.
 */
import { namedMemberCharactersMax } from "../limits.ts";
import * as v from "valibot";
import { ProtocolError } from "../errors.ts";
import { excerpt, quote } from "../printable.ts";
import type { JsonObject } from "../strict_json.ts";
import { type Code, codes, isCode } from "./code.ts";
import { countShape } from "./shapes.ts";

type Shape<Value> = v.GenericSchema<unknown, Value>;

/** One type of request, with the shapes of its request and its answer. */
export interface RequestType<Request = unknown, Answer = unknown> {
  /** The message's `type`. */
  readonly type: string;
  readonly request: Shape<Request>;
  /** The code of a reply with an answer. All other codes refuse. */
  readonly success: Code;
  readonly answer: Shape<Answer>;
}

/** An expected refusal, which is never thrown. */
export interface Refusal {
  readonly outcome: "refused";
  readonly code: Code;
  readonly text: string;
}

export interface Answered<Answer> {
  readonly outcome: "answered";
  readonly answer: Answer;
}

export type Outcome<Answer> = Answered<Answer> | Refusal;

/**
 * Returns a refusal with the code's text.
 *
 * @param detail what was wrong, in parentheses after the text, so that each text starts with its
 * code's
 */
export function refuse(code: Code, detail?: string): Refusal {
  const { text } = codes[code];
  return { outcome: "refused", code, text: detail === undefined ? text : `${text} (${detail})` };
}

export function answerWith<Answer>(answer: Answer): Answered<Answer> {
  return { outcome: "answered", answer };
}

/** The `type` of all replies. */
export const replyType = "reply";

const replyShape = v.strictObject({
  /** The `seq` of the request. */
  re: countShape,
  code: v.custom<Code>(isCode),
  text: v.pipe(v.string(), v.maxLength(1000)),
  answer: v.optional(v.custom<JsonObject>(isObject, "an object is expected")),
});

export type Reply = v.InferOutput<typeof replyShape>;

/** Returns whether a value is an object. The library's own object shape accepts an array. */
function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Returns the body of a reply.
 *
 * @param re the `seq` of the request
 */
export function encodeReply<Answer extends object>(
  { success }: { readonly success: Code },
  re: number,
  outcome: Outcome<Answer>,
): JsonObject {
  if (outcome.outcome === "refused") return { re, code: outcome.code, text: outcome.text };
  return { re, code: success, text: codes[success].text, answer: outcome.answer };
}

/**
 * Reads the body of a reply.
 *
 * @throws {ProtocolError} when the body does not have a reply's shape
 */
export function decodeReply(body: JsonObject): Reply {
  return check(replyShape, body, "read a reply");
}

/**
 * Returns the outcome in a reply.
 *
 * @throws {ProtocolError} when a success has no answer or one of another shape, or a refusal has an
 * answer
 */
export function decodeOutcome<Answer>(
  requestType: RequestType<unknown, Answer>,
  reply: Reply,
): Outcome<Answer> {
  if (reply.code !== requestType.success) {
    if (reply.answer !== undefined) {
      throw new ProtocolError(`read a reply: ${reply.code} has an answer`);
    }
    return { outcome: "refused", code: reply.code, text: reply.text };
  }
  return answerWith(
    check(requestType.answer, reply.answer, `read the answer to ${requestType.type}`),
  );
}

/**
 * Returns a body that has its shape.
 *
 * @param attempt the start of the error's text
 * @throws {ProtocolError} when it does not. The text names the member and the rule, without the
 * value. It is short for any input, because it may become the text of a reply.
 * @example
 * ```ts
 * import { assertThrows } from "@std/assert";
 * import { countShape } from "./shapes.ts";
 *
 * assertThrows(() => check(countShape, -1, "read a count"), Error, "read a count: the body");
 * ```
 */
export function check<Value>(shape: Shape<Value>, body: unknown, attempt: string): Value {
  const result = v.safeParse(shape, body, { abortEarly: true });
  if (result.success) return result.output;
  const [{ path, message, received }] = result.issues;
  const member = path?.map(({ key }) => String(key)).join(".");
  const rule = message.replace(` but received ${received}`, () => "");
  throw new ProtocolError(`${attempt}: ${nameOf(member)}: ${rule}`);
}

function nameOf(member: string | undefined): string {
  if (member === undefined) return "the body";
  return ownMember.test(member) ? member : quote(excerpt(member, namedMemberCharactersMax));
}

/** Matches the names of our members and paths of them. A stranger's name may be anything. */
const ownMember = new RegExp(`^[\\w.]{1,${namedMemberCharactersMax}}$`);
