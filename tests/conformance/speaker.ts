/**
 * One end of a connection. It signs and seals any given text as its next message, and reads the
 * replies message by message.
 */
import { assert, assertEquals } from "@std/assert";
import { encodeBase64Url } from "../../src/base64.ts";
import { type Signer, signerKey } from "../../src/envelope/peer.ts";
import { messageHeader } from "../../src/envelope/jwe.ts";
import type { Identity } from "../../src/pki/identity.ts";
import { partyUri } from "../../src/pki/party.ts";
import { codes, isCode } from "../../src/protocol/code.ts";
import { check, replyType } from "../../src/protocol/request_type.ts";
import { resultsShape } from "../../src/protocol/transfer.ts";
import type { JsonObject } from "../../src/strict_json.ts";
import type { Channel } from "../../src/transport/channel.ts";
import type { GreetedConnection } from "../../src/transport/connect_channel.ts";
import { forgeJwe, forgeJws } from "../envelope/forger.ts";
import { x5c } from "../envelope/hostile_message.ts";
import { sessionKey } from "../server/test_server.ts";

/** What came: a message, or the end of the connection. */
export type Told = { readonly type: string; readonly body: JsonObject } | "closed";

export class Speaker {
  readonly #connection: GreetedConnection;
  readonly #channel: Channel;
  readonly #signer: Signer;
  #seq = 0;

  private constructor(connection: GreetedConnection, channel: Channel, signer: Signer) {
    this.#connection = connection;
    this.#channel = channel;
    this.#signer = signer;
  }

  /** Nothing is sent yet. */
  static on(connection: GreetedConnection, as: Signer | Identity): Speaker {
    const signer: Signer = "kind" in as ? as : { kind: "certified", identity: as };
    const channel = connection.introduce({ signer, sessionKey });
    return new Speaker(connection, channel, signer);
  }

  /**
   * The next message as a line, without sending it.
   *
   * @param changes members of the payload that are another than they have to be
   */
  async line(type: string, body: unknown, changes: object = {}): Promise<string> {
    const { greeting } = this.#connection;
    const seq = this.#seq++;
    const isFirst = seq === 0;
    const { jwk } = sessionKey;
    const certified = this.#signer.kind === "certified" ? this.#signer.identity : undefined;
    const csr = this.#signer.kind === "applicant" ? this.#signer.request.der : undefined;
    const jws = forgeJws({
      header: {
        alg: "EdDSA",
        typ: "micropay-message",
        ...(isFirst && certified && { x5c: x5c(...certified.chain) }),
      },
      payload: JSON.stringify({
        type,
        seq,
        conn: greeting.nonce,
        to: partyUri(greeting.certificate.party),
        iat: Math.floor(Date.now() / 1000),
        body,
        ...(isFirst && { enc: jwk, ...(csr && { csr: encodeBase64Url(csr) }) }),
        ...changes,
      }),
      key: signerKey(this.#signer),
    });
    const header = messageHeader(greeting.sessionKey.kid);
    // Everybody in these tests has the one session key.
    return await forgeJwe({ header, plaintext: jws, recipient: jwk });
  }

  /** Sends the next message. */
  async tell(type: string, body: unknown = {}, changes: object = {}): Promise<void> {
    await this.write(`${await this.line(type, body, changes)}\n`);
  }

  /** Sends bytes as they are. The other side may have closed. */
  async write(text: string): Promise<void> {
    await this.#connection.stream.write(new TextEncoder().encode(text)).catch(() => {});
  }

  async next(): Promise<Told> {
    const arrival = await this.#channel.receive();
    return arrival.kind === "end" ? "closed" : arrival.message;
  }

  /** Sends the next message and reads up to its reply, over the pushes before it. */
  async ask(type: string, body: unknown = {}): Promise<JsonObject | "closed"> {
    await this.tell(type, body);
    for (;;) {
      const told = await this.next();
      if (told === "closed") return told;
      if (told.type === replyType) return told.body;
    }
  }

  /** Submits one order, and reads its result as the reply to a request of its own. */
  async submit(order: string): Promise<JsonObject | "closed"> {
    const reply = await this.ask("submit", { orders: [order] });
    if (reply === "closed" || reply.code !== 300) return reply;
    const [result] = check(resultsShape, reply.answer, "read results").results;
    const { code, text, receipt } = result!;
    return { code, text, ...(receipt !== undefined && { answer: { receipt } }) };
  }

  /** The code of an order's result. */
  async submitCode(order: string): Promise<unknown> {
    const reply = await this.submit(order);
    return reply === "closed" ? reply : reply.code;
  }

  /** The code of the reply to it. */
  async code(type: string, body: unknown = {}): Promise<unknown> {
    const reply = await this.ask(type, body);
    return reply === "closed" ? reply : reply.code;
  }

  /** Closes the connection. */
  [Symbol.dispose](): void {
    this.#channel.close();
  }
}

/**
 * Checks that a reply refuses with this code, and that its text begins with the code's.
 *
 * @returns the text
 */
export function assertRefusal(reply: JsonObject | "closed", code: number): { text: string } {
  assert(reply !== "closed", "it was closed");
  assertEquals(reply.code, code, String(reply.text));
  assert(isCode(reply.code));
  const text = reply.text as string;
  assert(text.startsWith(codes[reply.code].text), text);
  assertEquals(reply.answer, undefined);
  return { text };
}
