/**
 * A question and its answer. Each exchange is declared once, in the file named for it, and both sides read the declaration:
 * the server checks the request by it, the client the answer.
 */
import { namedMemberCharactersMax } from "../limits.ts";
import * as v from "valibot";
import { ProtocolError } from "../errors.ts";
import { excerpt, quoted } from "../printable.ts";
import type { JsonObject } from "../strict_json.ts";
import { type Code, codes, isCode } from "./code.ts";
import { countShape } from "./shapes.ts";

type Shape<Value> = v.GenericSchema<unknown, Value>;

export interface Exchange<Type extends string, Request, Answer> {
  /** The message's `type`. */
  readonly type: Type;
  readonly request: Shape<Request>;
  /** The code of the reply that carries an answer. Every other code refuses. */
  readonly success: Code;
  readonly answer: Shape<Answer>;
}

/** An expected "no". Never thrown. */
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
 * Refuses with a code, in the words everybody is shown for it.
 *
 * @param detail what was wrong; it follows these words in parentheses, so that every text begins with its code's
 */
export function refuse(code: Code, detail?: string): Refusal {
  const { text } = codes[code];
  return { outcome: "refused", code, text: detail === undefined ? text : `${text} (${detail})` };
}

export function answered<Answer>(answer: Answer): Answered<Answer> {
  return { outcome: "answered", answer };
}

/** The `type` of every reply. */
export const replyType = "reply";

const replyShape = v.strictObject({
  /** The `seq` of the message that is answered. */
  re: countShape,
  code: v.custom<Code>(isCode),
  text: v.pipe(v.string(), v.maxLength(1000)),
  answer: v.optional(v.custom<JsonObject>(isObject, "an object is expected")),
});

export type Reply = v.InferOutput<typeof replyShape>;

/** The library's own object shapes take a list for an object; an answer without members would then be a list too. */
function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The body of the reply to message `re`. */
export function encodeReply<Answer extends object>(
  exchange: { readonly success: Code },
  re: number,
  outcome: Outcome<Answer>,
): JsonObject {
  if (outcome.outcome === "refused") return { re, code: outcome.code, text: outcome.text };
  const { success } = exchange;
  return { re, code: success, text: codes[success].text, answer: outcome.answer };
}

/** @throws {ProtocolError} when the body is not a reply's */
export function decodeReply(body: JsonObject): Reply {
  return check(replyShape, body, "read a reply");
}

/** @throws {ProtocolError} when a success lacks its answer, has another shape, or a refusal has one */
export function decodeOutcome<Answer>(
  exchange: Exchange<string, unknown, Answer>,
  reply: Reply,
): Outcome<Answer> {
  if (reply.code !== exchange.success) {
    if (reply.answer !== undefined) {
      throw new ProtocolError(`read a reply: ${reply.code} has an answer`);
    }
    return { outcome: "refused", code: reply.code, text: reply.text };
  }
  return answered(check(exchange.answer, reply.answer, `read the answer to ${exchange.type}`));
}

/**
 * @throws {ProtocolError} when a body is not of its shape; the message names the member and what it should be, not its value,
 * and is short whatever the sender wrote: it may become the text of a reply
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
  return ownMember.test(member) ? member : quoted(excerpt(member, namedMemberCharactersMax));
}

/** What a member of ours may look like, or a path to one within another. A stranger's may be anything. */
const ownMember = new RegExp(`^[\\w.]{1,${namedMemberCharactersMax}}$`);
