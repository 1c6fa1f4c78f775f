/**
 * The connecting side's handshake. It verifies the greeting before it sends anything.
 */
import type { Clock } from "../clock.ts";
import type { Signer } from "../envelope/peer.ts";
import { type Greeting, readGreeting } from "../envelope/greeting.ts";
import type { SessionKey } from "../envelope/session_key.ts";
import { ClosedError, EnvelopeError, UntrustedError } from "../errors.ts";
import type { TrustAnchor } from "../pki/trust_anchor.ts";
import { type ByteStream, endpointText } from "./byte_stream.ts";
import { Channel, type LineObserver } from "./channel.ts";
import { type LineEvent, LineReader } from "./line_reader.ts";
import { LineWriter } from "./line_writer.ts";

/** Returns the CA to trust, given the unverified first line. Throws when it trusts none. */
export type ResolveAnchor = (line: string) => Promise<TrustAnchor>;

/** How the connecting side verifies a greeting. */
export interface GreetingOptions {
  readonly role: "server" | "member";
  readonly resolveAnchor: ResolveAnchor;
  readonly clock: Clock;
  /** Longest wait for the start of the greeting. */
  readonly timeoutMs: number;
}

/** A connection with a verified greeting. Nothing was sent on it yet. */
export class GreetedConnection {
  readonly greeting: Greeting;
  readonly anchor: TrustAnchor;
  readonly stream: ByteStream;
  readonly #reader: LineReader;
  readonly #clock: Clock;

  constructor(
    { greeting, anchor, stream, reader, clock }: {
      greeting: Greeting;
      anchor: TrustAnchor;
      stream: ByteStream;
      reader: LineReader;
      clock: Clock;
    },
  ) {
    this.greeting = greeting;
    this.anchor = anchor;
    this.stream = stream;
    this.#reader = reader;
    this.#clock = clock;
  }

  /**
   * Returns a channel over this connection. Its first message introduces the signer. Call it once.
   */
  introduce(
    { signer, sessionKey, observe }: {
      signer: Signer;
      sessionKey: SessionKey;
      observe?: LineObserver | undefined;
    },
  ): Channel {
    const { greeting, stream } = this;
    const writer = new LineWriter(stream, { clock: this.#clock });
    return new Channel(
      {
        stream,
        reader: this.#reader,
        writer,
        clock: this.#clock,
        conn: greeting.nonce,
        sessionKey,
        signer,
        peer: { kind: "certified", certificate: greeting.certificate },
        recipient: greeting.sessionKey,
        observe,
      },
      { received: 0 },
    );
  }

  close(): void {
    this.stream.close();
  }
}

/**
 * Receives and verifies the greeting of the accepting side.
 *
 * @throws {UntrustedError} when the greeting is not valid, or is from another CA or role
 * @throws {ClosedError} when the connection closes first
 * @throws {TimeoutError} when no greeting arrives in time
 */
export async function receiveGreeting(
  stream: ByteStream,
  options: GreetingOptions,
): Promise<GreetedConnection> {
  try {
    return await readFirstLine(stream, options);
  } catch (error) {
    stream.close();
    throw error;
  }
}

async function readFirstLine(
  stream: ByteStream,
  { role, resolveAnchor, clock, timeoutMs }: GreetingOptions,
): Promise<GreetedConnection> {
  const attempt = `greet ${endpointText(stream.remote)}`;
  const reader = new LineReader(stream, { clock });
  const event = await nextLine(reader, { attempt, timeoutMs });
  if (event.kind !== "line") throw new ClosedError(`${attempt}: it closed without a greeting`);
  const anchor = await resolveAnchor(event.line);
  const trust = { anchor, role, atMs: clock.nowMs() };
  const greeting = await distrustErrors(attempt, () => readGreeting(event.line, trust));
  return new GreetedConnection({ greeting, anchor, stream, reader, clock });
}

/**
 * Reads the first line. A malformed line means a foreign service, so it is untrusted. A time-out is
 * not.
 */
async function nextLine(
  reader: LineReader,
  { attempt, timeoutMs }: { attempt: string; timeoutMs: number },
): Promise<LineEvent> {
  try {
    return await reader.next({ idleTimeoutMs: timeoutMs });
  } catch (cause) {
    if (!(cause instanceof EnvelopeError)) throw cause;
    throw new UntrustedError(`${attempt}: ${cause.message}`, { cause });
  }
}

/** Turns each error of a check into an {@link UntrustedError}. */
async function distrustErrors<Result>(
  attempt: string,
  read: () => Promise<Result>,
): Promise<Result> {
  try {
    return await read();
  } catch (cause) {
    const fault = cause instanceof Error ? cause.message : String(cause);
    throw new UntrustedError(`${attempt}: ${fault}`, { cause });
  }
}
