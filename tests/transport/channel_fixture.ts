/**
 * Connections between the parties of the golden vectors.
 */
import { assert } from "@std/assert";
import type { Signer } from "../../src/envelope/peer.ts";
import { type Random, systemRandom } from "../../src/random.ts";
import {
  acceptChannel,
  type Accepted,
  type AcceptOptions,
} from "../../src/transport/accept_channel.ts";
import type { ByteStream } from "../../src/transport/byte_stream.ts";
import type { Channel } from "../../src/transport/channel.ts";
import { type GreetingOptions, receiveGreeting } from "../../src/transport/connect_channel.ts";
import type { Clock } from "../../src/clock.ts";
import { LineReader } from "../../src/transport/line_reader.ts";
import { readDocument } from "../../src/pki/signed_document.ts";
import type { VectorParty } from "../vectors/vector_files.ts";
import { anchor, atMs, bob, server, signers } from "../envelope/vector_parties.ts";
import { sessionKeys } from "../envelope/vector_session_keys.ts";
import { ManualClock } from "../manual_clock.ts";

/** A stopped clock, so that nothing times out. */
export const stillClock: Clock = new ManualClock(atMs);

export function acceptOptions(
  as: "server" | "bob" = "server",
  options: Partial<AcceptOptions> = {},
): AcceptOptions {
  return {
    identity: as === "server" ? server : bob,
    sessionKey: sessionKeys[as],
    anchor,
    applicants: as === "server",
    firstMessageTimeoutMs: 1000,
    clock: stillClock,
    random: systemRandom,
    ...options,
  };
}

export function greetingOptions(
  role: "server" | "member" = "server",
  options: Partial<GreetingOptions> = {},
): GreetingOptions {
  const resolveAnchor = () => Promise.resolve(anchor);
  return { role, resolveAnchor, clock: stillClock, timeoutMs: 1000, ...options };
}

/** Connects as `party` and returns the channel, whose lines are recorded. */
export async function channelTo(
  stream: ByteStream,
  { party, to = "server", lines = [] }: {
    party: VectorParty;
    to?: "server" | "bob";
    /** Records each sent line. */
    lines?: string[];
  },
): Promise<Channel> {
  const connection = await receiveGreeting(
    stream,
    greetingOptions(to === "server" ? "server" : "member"),
  );
  const signer: Signer = signers[party];
  const observe = (direction: "in" | "out", line: string) => {
    if (direction === "out") lines.push(line);
  };
  return connection.introduce({ signer, sessionKey: sessionKeys[party], observe });
}

export interface OpenChannel {
  readonly mine: Channel;
  readonly accepted: Accepted;
  /** The lines that the connecting side sent, including its first message. */
  readonly lines: string[];
}

/** A channel after its first message, a `balance`, arrived. */
export async function openChannel(
  { near, far }: { near: ByteStream; far: ByteStream },
  { party = "alice", to = "server", random = systemRandom, clock = stillClock }: {
    party?: VectorParty;
    to?: "server" | "bob";
    random?: Random;
    clock?: Clock;
  } = {},
): Promise<OpenChannel> {
  const lines: string[] = [];
  const accepting = acceptChannel(far, acceptOptions(to, { random, clock }));
  const mine = await channelTo(near, { party, to, lines });
  mine.send("balance", {});
  const accepted = await accepting;
  assert(accepted);
  return { mine, accepted, lines };
}

/** Returns the accepting side's first line and its nonce. */
export async function readNonce(stream: ByteStream): Promise<string> {
  const event = await new LineReader(stream, { clock: stillClock }).next();
  assert(event.kind === "line");
  const { payload } = readDocument(event.line, { typ: "micropay-greeting", chain: "required" });
  return payload.nonce as string;
}
