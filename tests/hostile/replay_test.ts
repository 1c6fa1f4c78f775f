/**
 * Replays of valid lines, unchanged or encoded anew. They come on the same connection, on another,
 * after a restart, in another order, or back to their sender. The connection is closed, and the
 * line's request is done once.
 */
import { assertEquals } from "@std/assert";
import type { Identity } from "../../src/pki/identity.ts";
import { submitRequestType } from "../../src/protocol/transfer.ts";
import type { Channel } from "../../src/transport/channel.ts";
import { withPart, withStrayBits } from "../envelope/forger.ts";
import { orderPayload, signPayload } from "../server/order_maker.ts";
import type { ByteStream } from "../../src/transport/byte_stream.ts";
import { LastingServer } from "./lasting_server.ts";
import { connect, type Other, say } from "./recorded_connection.ts";

/**
 * A connection of bob on which he submitted an order of alice, with the lines of both directions.
 */
interface Recorded {
  readonly server: LastingServer;
  readonly bob: Identity;
  readonly stream: ByteStream;
  readonly channel: Channel;
  /** Of bob: the first message, and the one with the order. */
  readonly sent: readonly string[];
  /** Of the server: its answers. */
  readonly received: readonly string[];
}

function running({ running: { network, endpoint, anchor } }: LastingServer): Other {
  return { role: "server", network, endpoint, anchor };
}

/** The same on a new connection, right after its greeting. */
async function sayAnew({ server, bob }: Recorded, ...lines: readonly string[]): Promise<number> {
  return await say((await connect(running(server), bob)).stream, ...lines);
}

/** The same on a new connection, after a first message that was answered. */
async function sayLater({ server, bob }: Recorded, ...lines: readonly string[]): Promise<number> {
  const { stream, channel } = await connect(running(server), bob);
  channel.send("balance", {});
  await channel.receive();
  return await say(stream, ...lines);
}

const replays: readonly { title: string; replay: (recorded: Recorded) => Promise<number> }[] = [
  {
    title: "the same line again on its connection",
    replay: ({ stream, sent }) => say(stream, sent[1]!),
  },
  {
    title: "the first line again on its connection",
    replay: ({ stream, sent }) => say(stream, sent[0]!),
  },
  {
    title: "the first line on a new connection",
    replay: (recorded) => sayAnew(recorded, recorded.sent[0]!),
  },
  {
    title: "both lines on a new connection",
    replay: (recorded) => sayAnew(recorded, ...recorded.sent),
  },
  {
    title: "a line on a new connection, at its place",
    replay: (recorded) => sayLater(recorded, recorded.sent[1]!),
  },
  {
    title: "both lines after a restart that kept the session key",
    replay: async (recorded) => {
      await recorded.server.restart();
      return await sayAnew(recorded, ...recorded.sent);
    },
  },
  {
    title: "a line after a restart that kept the session key, at its place",
    replay: async (recorded) => {
      await recorded.server.restart();
      return await sayLater(recorded, recorded.sent[1]!);
    },
  },
  {
    title: "the two lines in the other order",
    replay: (recorded) => sayAnew(recorded, recorded.sent[1]!, recorded.sent[0]!),
  },
  {
    title: "the server's own answer to it",
    replay: ({ stream, received }) => say(stream, received[1]!),
  },
  ...[1, 4].map((part) => ({
    title: `the line again with stray bits in part ${part + 1}`,
    replay: ({ stream, sent }: Recorded) => say(stream, withPart(sent[1]!, part, withStrayBits)),
  })),
  {
    title: "the line again with padding",
    replay: ({ stream, sent }) =>
      say(stream, sent[1]!.split(".").map((part) => `${part}==`).join(".")),
  },
  {
    title: "the line again in standard base64",
    replay: ({ stream, sent }) => say(stream, sent[1]!.replaceAll("-", "+").replaceAll("_", "/")),
  },
];

Deno.test("replay: the server closes without a reply on every replayed line, and books the order once", async (t) => {
  await LastingServer.run(async (server, [alice, bob]) => {
    for (const { title, replay } of replays) {
      await t.step(title, async () => {
        const payload = orderPayload(alice, server.running.anchor, { amount: 10 });
        const order = signPayload(payload, alice);
        const { stream, channel, lines } = await connect(running(server), bob);
        const submit = [submitRequestType.type, { orders: [order] }] as const;
        for (const [type, body] of [["balance", {}] as const, submit]) {
          channel.send(type, body);
          assertEquals((await channel.receive()).kind, "message");
        }
        const before = await server.ledger.totals();
        const recorded = { server, bob, stream, channel, sent: [...lines.out], received: lines.in };
        assertEquals(await replay(recorded), 0);
        assertEquals(await server.ledger.totals(), before);
        stream.close();
      });
    }
    assertEquals(await server.running.balanceOf("bob"), 10_000 + 10 * replays.length);
  });
});
