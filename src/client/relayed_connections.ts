/**
 * Relayed connections: byte streams between two members that go through the server. What runs over
 * a connection between the two runs over them unchanged, the greeting first. So the server can
 * neither read nor change what they say.
 */
import { Buffer } from "node:buffer";
import type { AccountName } from "../account_name.ts";
import type { Clock } from "../clock.ts";
import { ClosedError, MicropayError } from "../errors.ts";
import { relayedBytesMax, relayedUnreadBytesMax, relayRetryMs } from "../limits.ts";
import { check, type Outcome, type Refusal, type RequestType } from "../protocol/request_type.ts";
import {
  relayDataRequestType,
  relayedDataShape,
  relayedDataType,
  relayedEndShape,
  relayedEndType,
  relayedShape,
  relayedType,
  relayEndRequestType,
  relayRequestType,
} from "../protocol/relay.ts";
import { makeNonce, type Random } from "../random.ts";
import type { JsonObject } from "../strict_json.ts";
import type { ByteStream, Endpoint, Listener } from "../transport/byte_stream.ts";
import type { ServerLink } from "./server_link.ts";

interface RelayedOptions {
  readonly link: ServerLink;
  readonly clock: Clock;
  readonly random: Random;
  /** How long to ask a busy relay for a new connection. */
  readonly timeoutMs: number;
}

export class RelayedConnections {
  readonly #options: RelayedOptions;
  readonly #streams = new Map<string, RelayedStream>();
  #listener: RelayListener | undefined;

  constructor(options: RelayedOptions) {
    const { link } = options;
    this.#options = options;
    link.listen(
      relayedType,
      ignoringFaults((body) => {
        const { connection } = check(relayedShape, body, "read a relayed connection");
        // Another stream of this name would never hear of its end.
        if (this.#streams.has(connection)) return;
        // Without a listener another part of this process may have one.
        this.#listener?.take(this.#open(connection));
      }),
    );
    link.listen(
      relayedDataType,
      ignoringFaults((body) => {
        const { connection, data } = check(relayedDataShape, body, "read relayed bytes");
        this.#streams.get(connection)?.take(Buffer.from(data, "latin1"));
      }),
    );
    link.listen(
      relayedEndType,
      ignoringFaults((body) => {
        const { connection } = check(relayedEndShape, body, "read the end of a relayed connection");
        this.#streams.get(connection)?.end();
      }),
    );
    link.onLost(() => {
      for (const stream of this.#streams.values()) stream.end();
    });
  }

  /**
   * Asks the server for a connection to a member.
   *
   * @returns the refusal when the member is unknown or offline, takes no relayed connections, or
   * the relay stays busy
   * @throws {ClosedError} when the connection to the server ends
   * @throws {TimeoutError} when the server does not answer in time
   */
  async connect(name: AccountName): Promise<RelayedStream | Refusal> {
    const { clock, random, timeoutMs } = this.#options;
    const connection = makeNonce(random);
    const endMs = clock.monotonicMs() + timeoutMs;
    // Before the answer, because the payee may greet at once.
    const stream = this.#open(connection);
    try {
      const outcome = await stream.ask(relayRequestType, { name, connection }, {
        mayRepeat: () => clock.monotonicMs() < endMs,
      });
      if (outcome.outcome === "answered") return stream;
      stream.end();
      return outcome;
    } catch (error) {
      // The server may have opened it. Its name is not used again.
      stream.close();
      throw error;
    }
  }

  /** Returns a listener for connections that other members open, until it is closed. */
  listen(endpoint: Endpoint): Listener {
    this.#listener = new RelayListener(endpoint);
    return this.#listener;
  }

  #open(connection: string): RelayedStream {
    const { link, clock } = this.#options;
    const onOver = () => this.#streams.delete(connection);
    const stream = new RelayedStream(connection, { link, clock, onOver });
    this.#streams.set(connection, stream);
    return stream;
  }
}

interface StreamOptions extends Pick<RelayedOptions, "link" | "clock"> {
  readonly onOver: () => void;
}

/** One end of a relayed connection. */
export class RelayedStream implements ByteStream {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly #connection: string;
  readonly #options: StreamOptions;
  readonly #unread: Uint8Array[] = [];
  #unreadBytes = 0;
  #isOver = false;
  /** Ends the wait of the reader, and the pause of a writer. */
  #wakeReader = () => {};
  #endPause = () => {};

  constructor(connection: string, options: StreamOptions) {
    const { local, remote } = options.link.channel;
    this.local = local;
    this.remote = remote;
    this.#connection = connection;
    this.#options = options;
  }

  async read(buffer: Uint8Array<ArrayBuffer>): Promise<number | null> {
    while (this.#unread.length === 0) {
      if (this.#isOver) return null;
      await new Promise<void>((resolve) => this.#wakeReader = resolve);
    }
    const [first] = this.#unread;
    const some = first!.subarray(0, buffer.length);
    buffer.set(some);
    this.#unreadBytes -= some.length;
    if (some.length === first!.length) {
      this.#unread.shift();
      this.#unreadBytes -= pieceBytes;
    } else this.#unread[0] = first!.subarray(some.length);
    return some.length;
  }

  async write(bytes: Uint8Array): Promise<void> {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
    for (let from = 0; from < text.length; from += relayedBytesMax) {
      const data = text.slice(from, from + relayedBytesMax);
      const request = { connection: this.#connection, data };
      const outcome = await this.ask(relayDataRequestType, request);
      if (outcome.outcome === "answered") continue;
      this.end();
      throw this.#closed(outcome.text);
    }
  }

  close(): void {
    if (this.#isOver) return;
    this.end();
    // Nobody reads what came.
    this.#unread.length = 0;
    this.#options.link.ask(relayEndRequestType, { connection: this.#connection }).catch((error) => {
      if (!(error instanceof MicropayError)) throw error;
    });
  }

  /** Takes bytes of the other end. One that sends more than it may is cut off. */
  take(bytes: Uint8Array): void {
    this.#unread.push(bytes);
    this.#unreadBytes += bytes.length + pieceBytes;
    if (this.#unreadBytes > relayedUnreadBytesMax) this.close();
    this.#wakeReader();
  }

  /** Notes that the connection is over. What came before can still be read. */
  end(): void {
    this.#isOver = true;
    this.#options.onOver();
    this.#wakeReader();
    this.#endPause();
  }

  /**
   * Asks the server, again and again while the relay is busy.
   *
   * @throws {ClosedError} when this connection, or the one to the server, ends first
   */
  async ask<Request extends object, Answer>(
    requestType: RequestType<Request, Answer>,
    request: Request,
    { mayRepeat = () => true }: { readonly mayRepeat?: () => boolean } = {},
  ): Promise<Outcome<Answer>> {
    for (;;) {
      if (this.#isOver) throw this.#closed("the relayed connection has ended");
      const outcome = await this.#options.link.ask(requestType, request);
      const isBusy = outcome.outcome === "refused" && outcome.code === 421;
      if (!isBusy || !mayRepeat()) return outcome;
      if (!this.#isOver) await this.#pause();
    }
  }

  async #pause(): Promise<void> {
    await new Promise<void>((resolve) => {
      const cancel = this.#options.clock.schedule(relayRetryMs, resolve);
      this.#endPause = () => {
        cancel();
        resolve();
      };
    });
  }

  #closed(reason: string): ClosedError {
    return new ClosedError(`talk to a member through the server: ${reason}`);
  }
}

/** What a piece takes beside its bytes. So many pieces of one byte count for what they are. */
const pieceBytes = 256;

/** Accepts relayed connections. */
class RelayListener implements Listener {
  readonly endpoint: Endpoint;
  readonly #arrived: RelayedStream[] = [];
  #isClosed = false;
  #wake = () => {};

  constructor(endpoint: Endpoint) {
    this.endpoint = endpoint;
  }

  take(stream: RelayedStream): void {
    if (this.#isClosed) return stream.close();
    this.#arrived.push(stream);
    this.#wake();
  }

  async accept(): Promise<ByteStream | null> {
    while (this.#arrived.length === 0) {
      if (this.#isClosed) return null;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    return this.#arrived.shift()!;
  }

  close(): void {
    this.#isClosed = true;
    for (const stream of this.#arrived.splice(0)) stream.close();
    this.#wake();
  }
}

/** A push of another shape is passed over. What a stream misses then, its channel notices. */
function ignoringFaults(take: (body: JsonObject) => void): (body: JsonObject) => void {
  return (body) => {
    try {
      take(body);
    } catch (error) {
      if (!(error instanceof MicropayError)) throw error;
    }
  };
}
