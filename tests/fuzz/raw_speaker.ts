/**
 * A peer that signs and seals any text as its next message, and reads the replies with the client's
 * own code.
 */
import { encodeBase64Url } from "../../src/base64.ts";
import { type Signer, signerKey } from "../../src/envelope/peer.ts";
import { messageHeader } from "../../src/envelope/jwe.ts";
import { decodeReply, type Reply, replyType } from "../../src/protocol/request_type.ts";
import type { Channel } from "../../src/transport/channel.ts";
import { forgeJwe, forgeJws } from "../envelope/forger.ts";
import { x5c } from "../envelope/hostile_message.ts";
import type { Scene } from "../hostile/scene.ts";
import { sessionKey } from "../server/test_server.ts";

/** No reply takes longer, however busy the machine. */
const replyTimeoutMs = 60_000;

export class RawSpeaker {
  readonly conn: string;
  /** The number of the next message. */
  seq = 0;
  isOpen = true;
  readonly #signer: Signer;
  readonly #channel: Channel;
  #waiting = Promise.withResolvers<Reply | "closed">();

  private constructor(conn: string, channel: Channel, signer: Signer) {
    this.conn = conn;
    this.#channel = channel;
    this.#signer = signer;
    this.#read();
  }

  static async connect(scene: Scene, signer: Signer): Promise<RawSpeaker> {
    const connection = await scene.greet();
    const channel = connection.introduce({ signer, sessionKey });
    const { nonce } = connection.greeting;
    const speaker = new RawSpeaker(nonce, channel, signer);
    speaker.#write = async (line) => await connection.stream.write(line);
    return speaker;
  }

  /** What an honest first message has beside what every message has. */
  introduction(): object {
    if (this.seq > 0) return {};
    const enc = sessionKey.jwk;
    if (this.#signer.kind === "certified") return { enc };
    return { enc, csr: encodeBase64Url(this.#signer.request.der) };
  }

  /** @returns the reply to it, or that the connection was closed instead */
  async say(payload: string): Promise<Reply | "closed"> {
    const { kid, jwk } = sessionKey;
    const chain = this.seq === 0 && this.#signer.kind === "certified"
      ? { x5c: x5c(...this.#signer.identity.chain) }
      : {};
    const jws = forgeJws({
      header: { alg: "EdDSA", typ: "micropay-message", ...chain },
      payload,
      key: signerKey(this.#signer),
    });
    const line = await forgeJwe({ header: messageHeader(kid), plaintext: jws, recipient: jwk });
    this.seq++;
    await this.#write(new TextEncoder().encode(`${line}\n`)).catch(() => {});
    return await this.#reply();
  }

  close(): void {
    this.#channel.close();
  }

  #write: (line: Uint8Array) => Promise<void> = () => Promise.resolve();

  async #reply(): Promise<Reply | "closed"> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new Error("no reply in time")), replyTimeoutMs);
    try {
      return await Promise.race([this.#waiting.promise, late.promise]);
    } finally {
      clearTimeout(timer);
      if (this.isOpen) this.#waiting = Promise.withResolvers();
    }
  }

  async #read(): Promise<void> {
    for (;;) {
      const arrival = await this.#channel.receive();
      if (arrival.kind === "end") break;
      const { type, body } = arrival.message;
      if (type === replyType) this.#waiting.resolve(decodeReply(body));
    }
    this.isOpen = false;
    this.#waiting.resolve("closed");
  }
}
