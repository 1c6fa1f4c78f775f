/**
 * Channels after real handshakes: delivery, replay, reordering, reflection, forwarding, and the
 * end.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { compactDecrypt } from "jose";
import { decodeBase64UrlStrict } from "../../src/base64.ts";
import { openFirst } from "../../src/envelope/open.ts";
import { messageHeader } from "../../src/envelope/jwe.ts";
import { seal } from "../../src/envelope/seal.ts";
import { EnvelopeError, TimeoutError } from "../../src/errors.ts";
import { bodyBytesMax, lineBytesMax } from "../../src/limits.ts";
import { partyUri } from "../../src/pki/party.ts";
import { systemRandom } from "../../src/random.ts";
import { acceptChannel } from "../../src/transport/accept_channel.ts";
import { receiveGreeting } from "../../src/transport/connect_channel.ts";
import { forgeJwe } from "../envelope/forger.ts";
import { anchor, atMs, recipients, signers } from "../envelope/vector_parties.ts";
import { sessionKeys } from "../envelope/vector_session_keys.ts";
import { ManualClock } from "../manual_clock.ts";
import { acceptOptions, channelTo, greetingOptions, openChannel } from "./channel_fixture.ts";
import { MemoryNetwork } from "./memory_network.ts";
import { ascii, networks, readAll, settled, withEnds } from "./streams.ts";

for (const { kind, make } of networks) {
  Deno.test(`${kind}: messages arrive both ways, numbered from 0 in each direction`, async () => {
    await withEnds(make(), async (ends) => {
      const { mine, accepted: { channel, message } } = await openChannel(ends);
      assertEquals([message.type, message.seq, message.to], ["balance", 0, "micropay:server"]);
      assertEquals(message.iat, atMs / 1000);
      for (const seq of [1, 2, 3]) {
        assertEquals(mine.send("list", { after: "a" }).seq, seq);
        assertEquals(channel.send("reply", { re: seq }).seq, seq - 1);
        const there = await channel.receive();
        const back = await mine.receive();
        assert(there.kind === "message" && back.kind === "message");
        assertEquals([there.message.seq, there.message.body], [seq, { after: "a" }]);
        assertEquals([back.message.seq, back.message.body], [seq - 1, { re: seq }]);
        assertEquals(back.message.to, "micropay:account:alice");
      }
    });
  });

  Deno.test(`${kind}: many messages sent at once arrive in their order`, async () => {
    await withEnds(make(), async (ends) => {
      const { mine, accepted: { channel } } = await openChannel(ends);
      const count = 40;
      for (let n = 0; n < count; n++) mine.send("list", { n });
      for (let n = 0; n < count; n++) {
        const arrival = await channel.receive();
        assert(arrival.kind === "message");
        assertEquals([arrival.message.seq, arrival.message.body.n], [n + 1, n]);
      }
    });
  });

  Deno.test(`${kind}: each side knows its peer`, async () => {
    await withEnds(make(), async (ends) => {
      const { mine, accepted: { channel } } = await openChannel(ends, {
        party: "alice",
        to: "bob",
      });
      const [server, client] = [mine.peer, channel.peer];
      assert(server.kind === "certified" && client.kind === "certified");
      assertEquals(partyUri(server.certificate.party), "micropay:account:bob");
      assertEquals(partyUri(client.certificate.party), "micropay:account:alice");
      assertEquals(mine.remote, ends.near.remote);
      assertEquals(channel.local, ends.far.local);
    });
  });

  Deno.test(`${kind}: an applicant is accepted where applicants may connect, and is named by its key`, async () => {
    await withEnds(make(), async (ends) => {
      const { mine, accepted: { channel } } = await openChannel(ends, { party: "carol" });
      assert(channel.peer.kind === "applicant");
      assertEquals(channel.peer.request.name, "carol");
      channel.send("reply", {});
      const arrival = await mine.receive();
      assert(arrival.kind === "message");
      const { fingerprint: keyFingerprint } = channel.peer.request.publicKey;
      assertEquals(arrival.message.to, `micropay:applicant:${keyFingerprint}`);
    });
  });

  Deno.test(`${kind}: an applicant is refused where only members may connect`, async () => {
    await withEnds(make(), async ({ near, far }) => {
      const accepting = assertRejects(
        () => acceptChannel(far, acceptOptions("bob")),
        EnvelopeError,
        "only members are served here",
      );
      const mine = await channelTo(near, { party: "carol", to: "bob" });
      await mine.send("pay", {}).written;
      await accepting;
      assertEquals((await mine.receive()).kind, "end");
    });
  });

  Deno.test(`${kind}: the same line twice on one connection is refused`, async () => {
    await withEnds(make(), async (ends) => {
      const { mine, accepted: { channel }, lines } = await openChannel(ends);
      await mine.send("list", {}).written;
      assertEquals((await channel.receive()).kind, "message");
      await ends.near.write(ascii(`${lines[1]}\n`));
      await assertRejects(() => channel.receive(), EnvelopeError, "it is message 1");
      assertEquals((await mine.receive()).kind, "end");
    });
  });

  Deno.test(`${kind}: the first line repeated as the second is refused`, async () => {
    await withEnds(make(), async (ends) => {
      const { accepted: { channel }, lines } = await openChannel(ends);
      await ends.near.write(ascii(`${lines[0]}\n`));
      await assertRejects(() => channel.receive(), EnvelopeError, "x5c is not expected");
    });
  });

  Deno.test(`${kind}: a line from another connection of the same two parties is refused`, async () => {
    await withEnds(make(), async (earlier) => {
      const { mine, lines } = await openChannel(earlier);
      await mine.send("list", {}).written;
      for (const line of lines) {
        await withEnds(make(), async (ends) => {
          const { accepted: { channel } } = await openChannel(ends);
          await ends.near.write(ascii(`${line}\n`));
          await assertRejects(() => channel.receive(), EnvelopeError);
        });
        await withEnds(make(), async ({ near, far }) => {
          const accepting = assertRejects(() => acceptChannel(far, acceptOptions()), EnvelopeError);
          await receiveGreeting(near, greetingOptions());
          await near.write(ascii(`${line}\n`));
          await accepting;
          assertEquals(await readAll(near), "");
        });
      }
    });
  });

  Deno.test(`${kind}: two swapped lines are refused`, async () => {
    await withEnds(make(), async (ends) => {
      await withEnds(new MemoryNetwork(), async (detour) => {
        const accepting = acceptChannel(ends.far, acceptOptions());
        // An attacker delivers alice's lines in another order.
        const relay = ends.near;
        const greeting = new Uint8Array(8192);
        await detour.far.write(greeting.subarray(0, (await relay.read(greeting))!));
        const lines: string[] = [];
        const mine = await channelTo(detour.near, { party: "alice", lines });
        for (let n = 0; n < 3; n++) await mine.send("list", { n }).written;
        await relay.write(ascii(`${lines[0]}\n${lines[2]}\n${lines[1]}\n`));
        const { channel } = (await accepting)!;
        await assertRejects(() => channel.receive(), EnvelopeError, "it is message 2");
      });
    });
  });

  Deno.test(`${kind}: a line reflected to its sender is refused`, async () => {
    await withEnds(make(), async (ends) => {
      const { mine, accepted: { channel }, lines } = await openChannel(ends);
      await mine.send("list", {}).written;
      await ends.far.write(ascii(`${lines[1]}\n`));
      await assertRejects(
        () => mine.receive(),
        EnvelopeError,
        "its header is not the expected one",
      );
      channel.close();
    });
  });

  Deno.test(`${kind}: a body of any allowed size fits into a line, and a longer line is refused`, async () => {
    await withEnds(make(), async (ends) => {
      const { mine, accepted: { channel }, lines } = await openChannel(ends);
      const overhead = '{"text":""}'.length;
      mine.send("list", { text: "x".repeat(bodyBytesMax - overhead) });
      const arrival = await channel.receive();
      assert(arrival.kind === "message");
      assert(lines[1]!.length < lineBytesMax);
      const tooLong = mine.send("list", { text: "x".repeat(40_000) });
      await assertRejects(() => tooLong.written, EnvelopeError, "seal a list: the line takes");
      assertEquals((await channel.receive()).kind, "end");
    });
  });

  Deno.test(`${kind}: ending a channel writes all sent messages`, async () => {
    await withEnds(make(), async (ends) => {
      const { mine, accepted: { channel } } = await openChannel(ends);
      for (let n = 0; n < 5; n++) mine.send("list", { n });
      await mine.end();
      const kinds: string[] = [];
      do kinds.push((await channel.receive()).kind); while (kinds.at(-1) === "message");
      assertEquals(kinds, [...Array(5).fill("message"), "end"]);
    });
  });

  Deno.test(`${kind}: a connection that ends within a line counts as ended`, async () => {
    await withEnds(make(), async (ends) => {
      const { accepted: { channel }, lines } = await openChannel(ends);
      await ends.near.write(ascii(lines[0]!.slice(0, 100)));
      ends.near.close();
      assertEquals((await channel.receive()).kind, "end");
    });
  });

  Deno.test(`${kind}: a peer that leaves without a message is not accepted`, async () => {
    await withEnds(make(), async ({ near, far }) => {
      const accepting = acceptChannel(far, acceptOptions());
      await receiveGreeting(near, greetingOptions());
      near.close();
      assertEquals(await accepting, undefined);
    });
  });
}

/**
 * Alice's first message to bob, which bob seals again for the server: the signed text is the same.
 */
async function forwarded(nonce?: Uint8Array<ArrayBuffer>): Promise<string> {
  let line = "";
  await withEnds(new MemoryNetwork(), async (ends) => {
    const random = nonce === undefined ? systemRandom : { bytes: () => nonce };
    const { lines } = await openChannel(ends, { to: "bob", random });
    const { plaintext } = await compactDecrypt(lines[0]!, sessionKeys.bob.privateKey);
    const { kid, jwk } = sessionKeys.server;
    const header = messageHeader(kid);
    line = await forgeJwe({ header, plaintext: new Uint8Array(plaintext), recipient: jwk });
  });
  return line;
}

Deno.test("a payer's message that its payee seals again for the server is refused", async () => {
  await withEnds(new MemoryNetwork(), async ({ near, far }) => {
    const accepting = assertRejects(
      () => acceptChannel(far, acceptOptions()),
      EnvelopeError,
      "it is message 0 to micropay:account:bob, not message 0 to micropay:server, and of another connection",
    );
    await receiveGreeting(near, greetingOptions());
    await near.write(ascii(`${await forwarded()}\n`));
    await accepting;
  });
});

Deno.test("it is refused even when the payee's greeting had the server's nonce", async () => {
  await withEnds(new MemoryNetwork(), async ({ near, far }) => {
    const accepting = acceptChannel(far, acceptOptions());
    const { greeting: { nonce } } = await receiveGreeting(near, greetingOptions());
    const line = await forwarded(decodeBase64UrlStrict(nonce));
    await near.write(ascii(`${line}\n`));
    const error = await assertRejects(() => accepting, EnvelopeError);
    assert(error.message.endsWith("to micropay:account:bob, not message 0 to micropay:server"));
  });
});

Deno.test("a late first message closes the connection", async () => {
  await withEnds(new MemoryNetwork(), async ({ near, far }) => {
    const clock = new ManualClock(atMs);
    const accepting = acceptChannel(far, acceptOptions("server", { clock }));
    const rejected = assertRejects(() => accepting, TimeoutError);
    await receiveGreeting(near, greetingOptions());
    await settled();
    assertEquals(clock.nextDelayMs, 1000);
    clock.advance(1000);
    await rejected;
    assertEquals(await readAll(near), "");
  });
});

Deno.test("a late message closes the channel, and without a limit no message is late", async () => {
  const clock = new ManualClock(atMs);
  await withEnds(new MemoryNetwork(), async (ends) => {
    const { mine, accepted: { channel } } = await openChannel(ends, { clock });
    const waiting = channel.receive();
    await settled();
    assertEquals(clock.pending, 0);
    await mine.send("list", {}).written;
    assertEquals((await waiting).kind, "message");
    const timed = channel.receive({ idleTimeoutMs: 5 });
    const rejected = assertRejects(() => timed, TimeoutError);
    await settled();
    clock.advance(5);
    await rejected;
    assertEquals((await mine.receive()).kind, "end");
  });
});

Deno.test("two connections never have the same nonce", async () => {
  const nonces = new Set<string>();
  for (let n = 0; n < 5; n++) {
    await withEnds(new MemoryNetwork(), async ({ near, far }) => {
      const accepting = acceptChannel(far, acceptOptions());
      nonces.add((await receiveGreeting(near, greetingOptions())).greeting.nonce);
      near.close();
      await accepting;
    });
  }
  assertEquals(nonces.size, 5);
});

Deno.test("a message opens only for its recipient, even when its signature is valid", async () => {
  const address = { conn: "AAAAAAAAAAAAAAAAAAAAAA", seq: 0, to: "micropay:account:bob" };
  const line = await seal({ type: "pay", iat: 0, body: {}, ...address }, {
    signer: signers.alice,
    recipient: recipients.bob,
    introduce: sessionKeys.alice,
  });
  const admission = { anchor, applicants: false, atMs };
  const opened = await openFirst(line, { sessionKey: sessionKeys.bob, address, admission });
  assertEquals(opened.message.type, "pay");
  await assertRejects(
    () => openFirst(line, { sessionKey: sessionKeys.server, address, admission }),
    EnvelopeError,
  );
});
