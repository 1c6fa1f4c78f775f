/**
 * The golden messages are of the program's shapes: each body reads as the request, the answer or the push that its type says.
 */
import { assert } from "@std/assert";
import type { JsonObject } from "../../src/strict_json.ts";
import { balanceExchange } from "../../src/protocol/balance.ts";
import { chainExchange } from "../../src/protocol/chain.ts";
import { codes } from "../../src/protocol/code.ts";
import {
  check,
  decodeOutcome,
  decodeReply,
  type Exchange,
  replyType,
} from "../../src/protocol/exchange.ts";
import { closingShape, closingType, exitExchange } from "../../src/protocol/exit.ts";
import { historyExchange } from "../../src/protocol/history.ts";
import { listExchange } from "../../src/protocol/list.ts";
import { locateExchange } from "../../src/protocol/locate.ts";
import { loginExchange } from "../../src/protocol/login.ts";
import { pingShape, pingType, pongType } from "../../src/protocol/ping.ts";
import { registerExchange } from "../../src/protocol/register.ts";
import { statusExchange } from "../../src/protocol/status.ts";
import {
  payExchange,
  paymentsShape,
  paymentType,
  resultsShape,
  resultType,
  submitExchange,
} from "../../src/protocol/transfer.ts";
import { waitingShape, waitingType } from "../../src/protocol/waiting.ts";
import { readVectors } from "../envelope/vector_parties.ts";
import type { MessageVector } from "../vectors/vector_files.ts";

const messages = await readVectors<MessageVector[]>("messages");
const exchanges: readonly Exchange<string, unknown, unknown>[] = [
  balanceExchange,
  chainExchange,
  exitExchange,
  historyExchange,
  listExchange,
  locateExchange,
  loginExchange,
  payExchange,
  registerExchange,
  statusExchange,
  submitExchange,
];
const pushes = new Map<string, (body: JsonObject) => unknown>([
  [closingType, (body) => check(closingShape, body, "read a goodbye")],
  [paymentType, (body) => check(paymentsShape, body, "read a payment")],
  [pingType, (body) => check(pingShape, body, "read a ping")],
  [pongType, (body) => check(pingShape, body, "read a pong")],
  [resultType, (body) => check(resultsShape, body, "read a result")],
  [waitingType, (body) => check(waitingShape, body, "read a place")],
]);

for (const { what, from, to, payload } of messages) {
  Deno.test(`${what}: the body is of its shape`, () => {
    const body = payload.body as JsonObject;
    const type = payload.type as string;
    if (type === replyType) return checkReply(body, from, to);
    const exchange = exchanges.find((one) => one.type === type);
    if (exchange) check(exchange.request, body, `read a ${type} request`);
    else pushes.get(type)!(body);
  });
}

Deno.test("there is a golden message of every type, and a success of every exchange", () => {
  const types = new Set(messages.map(({ payload }) => payload.type));
  for (const type of [...exchanges.map(({ type }) => type), ...pushes.keys(), replyType]) {
    assert(types.has(type), type);
  }
  const answered = messages.map(({ payload }) => (payload.body as JsonObject).code);
  for (const { success } of exchanges) assert(answered.includes(success), `${success}`);
});

/** A reply's text begins with its code's, and its answer is of the exchange that was asked. */
function checkReply(body: JsonObject, from: string, to: string): void {
  const reply = decodeReply(body);
  assert(reply.text.startsWith(codes[reply.code].text), reply.text);
  const asked = messages.find(({ payload, ...asking }) =>
    asking.from === to && asking.to === from && payload.seq === reply.re &&
    payload.type !== replyType
  )!;
  const exchange = exchanges.find(({ type }) => type === asked.payload.type)!;
  decodeOutcome(exchange, reply);
}
