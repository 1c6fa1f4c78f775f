/** A client's connection to a server that the test plays. The clocks move only on command. */
import { assertEquals } from "@std/assert";
import { ServerLink, type ServerLinkOptions } from "../../src/client/server_link.ts";
import { serverSilenceMsMax } from "../../src/limits.ts";
import { balanceRequestType } from "../../src/protocol/balance.ts";
import { answerWith, encodeReply, replyType } from "../../src/protocol/request_type.ts";
import { acceptChannel } from "../../src/transport/accept_channel.ts";
import type { Channel } from "../../src/transport/channel.ts";
import { receiveGreeting } from "../../src/transport/connect_channel.ts";
import { atMs, signers } from "../envelope/vector_parties.ts";
import { sessionKeys } from "../envelope/vector_session_keys.ts";
import { ManualClock } from "../manual_clock.ts";
import { waitUntil } from "../server/wait_until.ts";
import { acceptOptions, greetingOptions } from "../transport/channel_fixture.ts";
import { MemoryNetwork } from "../transport/memory_network.ts";

export const timeoutMs = 1000;

export interface Linked {
  readonly clock: ManualClock;
  /** Of the server, whose messages carry it. */
  readonly serverClock: ManualClock;
  readonly link: ServerLink;
  /** The server's end. It has answered one question. */
  readonly server: Channel;
}

/** The test controls all input: the clock is the client's, and the test plays the server. */
export async function linked(
  act: (scene: Linked) => Promise<void>,
  options: Partial<ServerLinkOptions> = {},
): Promise<void> {
  const clock = new ManualClock(atMs);
  const serverClock = new ManualClock(atMs);
  const { channel, accepting } = await connectToServer({ clock, serverClock });
  const link = new ServerLink(channel, { clock, timeoutMs, serverTimeMs: atMs, ...options });
  const asked = link.ask(balanceRequestType, {});
  const { channel: server } = (await accepting)!;
  reply(server, 0, 100);
  assertEquals(await asked, answerWith({ balance: 100 }));
  await waiting(clock);
  await act({ clock, serverClock, link, server });
  link.close();
  await link.closed;
  assertEquals(clock.pending, 0);
}

/** Connects to a server that the test plays. It accepts when the client has said something. */
export async function connectToServer(
  { clock, serverClock }: Pick<Linked, "clock" | "serverClock">,
) {
  const network = new MemoryNetwork();
  const listener = network.listen({ host: "127.0.0.1", port: 0 });
  const connecting = network.connect(listener.endpoint, { signal: new AbortController().signal });
  const stream = (await listener.accept())!;
  const accepting = acceptChannel(stream, acceptOptions("server", { clock: serverClock }));
  const connection = await receiveGreeting(await connecting, greetingOptions("server", { clock }));
  listener.close();
  const channel = connection.introduce({ signer: signers.alice, sessionKey: sessionKeys.alice });
  return { channel, accepting };
}

export function reply(server: Channel, re: number, balance: number): void {
  server.send(replyType, encodeReply(balanceRequestType, re, answerWith({ balance })));
}

/** Waits until the client waits for the server's next word. */
export async function waiting(clock: ManualClock): Promise<void> {
  await waitUntil(() => clock.delays.includes(serverSilenceMsMax), "the client to wait");
}
