/**
 * A member's connection whose lines are noted, so that they can be told again.
 */
import { systemClock } from "../../src/clock.ts";
import type { Identity } from "../../src/pki/identity.ts";
import type { Role } from "../../src/pki/party.ts";
import type { TrustAnchor } from "../../src/pki/trust_anchor.ts";
import type { ByteStream, Endpoint, Network } from "../../src/transport/byte_stream.ts";
import type { Channel } from "../../src/transport/channel.ts";
import { receiveGreeting } from "../../src/transport/connect_channel.ts";
import { sessionKey, timeoutMs } from "../server/test_server.ts";
import { bytesOf, drain } from "./scene.ts";

/** Who is connected to. */
export interface Other {
  readonly role: Role;
  readonly network: Network;
  readonly endpoint: Endpoint;
  readonly anchor: TrustAnchor;
}

export interface RecordedConnection {
  /** The greeting's nonce. */
  readonly conn: string;
  readonly stream: ByteStream;
  readonly channel: Channel;
  readonly lines: Readonly<Record<"in" | "out", string[]>>;
}

/** Connects as a member, and is greeted. */
export async function connect(
  { role, network, endpoint, anchor }: Other,
  identity: Identity,
): Promise<RecordedConnection> {
  const signal = new AbortController().signal;
  const stream = await network.connect(endpoint, { signal });
  const resolveAnchor = () => Promise.resolve(anchor);
  const connection = await receiveGreeting(stream, {
    role,
    resolveAnchor,
    clock: systemClock,
    timeoutMs,
  });
  const lines = { in: [] as string[], out: [] as string[] };
  const channel = connection.introduce({
    signer: { kind: "certified", identity },
    sessionKey,
    observe: (direction, line) => lines[direction].push(line),
  });
  return { conn: connection.greeting.nonce, stream, channel, lines };
}

/** Says lines on a stream and reads to the end. @returns how many bytes came */
export async function say(stream: ByteStream, ...lines: readonly string[]): Promise<number> {
  await stream.write(bytesOf(lines.map((line) => `${line}\n`).join(""))).catch(() => {});
  const count = await drain(stream);
  stream.close();
  return count;
}
