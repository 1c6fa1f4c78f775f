/**
 * Invalid lines over TCP, as first and as later message. The accepting side gets an `EnvelopeError`
 * for its log. The sender always gets the same: no byte, and a closed connection.
 * `tests/hostile/forged_lines_test.ts` sends the same lines to the real server and a real payee in
 * memory.
 */
import { assertEquals, assertRejects } from "@std/assert";
import { EnvelopeError } from "../../src/errors.ts";
import { acceptChannel } from "../../src/transport/accept_channel.ts";
import { tcpNetwork } from "../../src/transport/tcp_network.ts";
import { hostileLines } from "../envelope/hostile_lines.ts";
import { aliceLine } from "../envelope/hostile_message.ts";
import { acceptOptions, readNonce } from "./channel_fixture.ts";
import { ascii, readAll, withEnds } from "./streams.ts";

for (const { what, only, make } of hostileLines) {
  if (only !== "next") {
    Deno.test(`over TCP: ${what} as first message closes the connection without a reply`, async () => {
      await withEnds(tcpNetwork, async ({ near, far }) => {
        const refused = assertRejects(() => acceptChannel(far, acceptOptions()), EnvelopeError);
        const conn = await readNonce(near);
        const line = await make({ conn, seq: 0 });
        await near.write(ascii(`${line}\n`));
        await refused;
        assertEquals(await readAll(near), "");
        assertEquals(await far.read(new Uint8Array(1)), null);
      });
    });
  }

  if (only !== "first") {
    Deno.test(`over TCP: ${what} as second message closes the connection without a reply`, async () => {
      await withEnds(tcpNetwork, async ({ near, far }) => {
        const accepting = acceptChannel(far, acceptOptions());
        const conn = await readNonce(near);
        await near.write(ascii(`${await aliceLine({ conn, seq: 0 })}\n`));
        const { channel } = (await accepting)!;
        const refused = assertRejects(() => channel.receive(), EnvelopeError);
        // A valid line right after it changes nothing.
        const lines = [await make({ conn, seq: 1 }), await aliceLine({ conn, seq: 1 })];
        await near.write(ascii(lines.map((line) => `${line}\n`).join(""))).catch(() => {});
        await refused;
        assertEquals(await readAll(near), "");
        assertEquals((await channel.receive()).kind, "end");
      });
    });
  }
}

Deno.test("over TCP: the valid line, from which each of these differs in one field, is accepted", async () => {
  await withEnds(tcpNetwork, async ({ near, far }) => {
    const accepting = acceptChannel(far, acceptOptions());
    const conn = await readNonce(near);
    await near.write(ascii(`${await aliceLine({ conn, seq: 0 })}\n`));
    const { channel, message } = (await accepting)!;
    assertEquals([message.type, message.seq], ["balance", 0]);
    await near.write(ascii(`${await aliceLine({ conn, seq: 1 })}\n`));
    const arrival = await channel.receive();
    assertEquals(arrival.kind === "message" && arrival.message.seq, 1);
  });
});
