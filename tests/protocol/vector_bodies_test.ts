/**
 * The golden messages have the program's shapes: each body is read as the request, answer or push
 * of its type.
 */
import { assert } from "@std/assert";
import type { JsonObject } from "../../src/strict_json.ts";
import { balanceRequestType } from "../../src/protocol/balance.ts";
import { certificatesRequestType } from "../../src/protocol/certificates.ts";
import { codes } from "../../src/protocol/code.ts";
import {
  check,
  decodeOutcome,
  decodeReply,
  replyType,
  type RequestType,
} from "../../src/protocol/request_type.ts";
import { closingShape, closingType, exitRequestType } from "../../src/protocol/exit.ts";
import { historyRequestType } from "../../src/protocol/history.ts";
import { listRequestType } from "../../src/protocol/list.ts";
import { locateRequestType } from "../../src/protocol/locate.ts";
import { loginRequestType } from "../../src/protocol/login.ts";
import { pingShape, pingType, pongType } from "../../src/protocol/ping.ts";
import { proofRequestType } from "../../src/protocol/proof.ts";
import { registerRequestType } from "../../src/protocol/register.ts";
import { statusRequestType } from "../../src/protocol/status.ts";
import {
  paymentsShape,
  paymentType,
  payRequestType,
  resultsShape,
  resultType,
  submitRequestType,
} from "../../src/protocol/transfer.ts";
import { waitingShape, waitingType } from "../../src/protocol/waiting.ts";
import { type MessageVector, readVectors } from "../vectors/vector_files.ts";

const messages = await readVectors<MessageVector[]>("messages");
const requestTypes: readonly RequestType[] = [
  balanceRequestType,
  certificatesRequestType,
  exitRequestType,
  historyRequestType,
  listRequestType,
  locateRequestType,
  loginRequestType,
  payRequestType,
  proofRequestType,
  registerRequestType,
  statusRequestType,
  submitRequestType,
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
  Deno.test(`${what}: the body has its shape`, () => {
    const body = payload.body as JsonObject;
    const type = payload.type as string;
    if (type === replyType) return checkReply(body, from, to);
    const requestType = requestTypes.find((one) => one.type === type);
    if (requestType) check(requestType.request, body, `read a ${type} request`);
    else pushes.get(type)!(body);
  });
}

Deno.test("every type has a golden message, and every request type a success", () => {
  const types = new Set(messages.map(({ payload }) => payload.type));
  for (const type of [...requestTypes.map(({ type }) => type), ...pushes.keys(), replyType]) {
    assert(types.has(type), type);
  }
  const answered = messages.map(({ payload }) => (payload.body as JsonObject).code);
  for (const { success } of requestTypes) assert(answered.includes(success), `${success}`);
});

/** A reply's text starts with its code's text, and its answer fits the request. */
function checkReply(body: JsonObject, from: string, to: string): void {
  const reply = decodeReply(body);
  assert(reply.text.startsWith(codes[reply.code].text), reply.text);
  const asked = messages.find(({ payload, ...asking }) =>
    asking.from === to && asking.to === from && payload.seq === reply.re &&
    payload.type !== replyType
  )!;
  const requestType = requestTypes.find(({ type }) => type === asked.payload.type)!;
  decodeOutcome(requestType, reply);
}
