/**
 * What payees do with an order, and what payers see of it.
 */
import { assert, assertInstanceOf } from "@std/assert";
import type { OrderOutcome } from "../../../src/client/payment/order_outcome.ts";
import type { Message } from "../../../src/envelope/message.ts";
import { UnknownOutcomeError, UntrustedError } from "../../../src/errors.ts";
import { decodeBase64UrlStrict } from "../../../src/base64.ts";
import { unpackOrder } from "../../../src/protocol/order.ts";
import { parseJsonObject } from "../../../src/strict_json.ts";
import type { Code } from "../../../src/protocol/code.ts";
import { encodeReply, refuse, replyType } from "../../../src/protocol/request_type.ts";
import { payRequestType } from "../../../src/protocol/transfer.ts";
import type { JsonObject } from "../../../src/strict_json.ts";
import type { Behaviour, PayeeScene } from "../test_member.ts";
import { submitOrder } from "../../server/submit_order.ts";

/** What a payer learns: a code when it is refused. */
export type Result = "paid" | "unknown" | "untrusted" | number;

export async function resultOf(pay: () => Promise<OrderOutcome>): Promise<Result> {
  try {
    const outcome = await pay();
    return outcome.outcome === "paid" ? "paid" : outcome.code;
  } catch (error) {
    if (error instanceof UnknownOutcomeError) return "unknown";
    assertInstanceOf(error, UntrustedError);
    return "untrusted";
  }
}

/** As the program does it: submits the order, and says nothing. */
export async function honest(scene: PayeeScene): Promise<void> {
  await submit(scene);
}

/** Hands the order in. */
export function submit(scene: PayeeScene) {
  return submitOrder(scene.link, orderTextIn(scene));
}

/** The whole text of the order that a payer's message carries, unchecked. */
export function orderTextIn({ channel: { peer }, message }: PayeeScene): string {
  assert(peer.kind === "certified");
  return unpackOrder(message.body.order as string, peer.certificate);
}

/** Answers with a "no". */
export function refusing(code: Code): Behaviour {
  return (scene) => reply(scene, encodeReply(payRequestType, scene.message.seq, refuse(code)));
}

export async function garbage({ stream }: PayeeScene): Promise<void> {
  await stream.write(new TextEncoder().encode(`${"x".repeat(100)}\n`)).catch(() => {});
}

/** The payer may know already, and be gone. */
export async function reply({ channel }: PayeeScene, body: JsonObject): Promise<void> {
  await channel.send(replyType, body).written.catch(() => {});
}

/** The order that a payer's message carries, unchecked. */
export function orderIn({ body }: Message): { id: string } {
  const [, payload] = (body.order as string).split(".");
  const { id } = parseJsonObject(decodeBase64UrlStrict(payload!)!)!;
  return { id: id as string };
}
