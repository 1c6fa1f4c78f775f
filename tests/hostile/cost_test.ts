/**
 * The cost of hostile lines, counted in real decryptions and signatures. A line that a cheap check
 * refuses costs none; any other costs one. In a flood, few lines are opened at a time, and one of
 * each address.
 */
import { assert, assertEquals } from "@std/assert";
import {
  costlyBesideProcessors,
  strangerLineEveryMs,
  strangerLinesAtOnce,
  strangersOfAddressMax,
} from "../../src/limits.ts";
import { aliceLine } from "../envelope/hostile_message.ts";
import { outerLines } from "../envelope/hostile_outer.ts";
import { sessionKeys } from "../envelope/vector_session_keys.ts";
import { waitUntil } from "../server/wait_until.ts";
import type { ByteStream } from "../../src/transport/byte_stream.ts";
import { attack } from "./forged_line.ts";
import { CryptoCount } from "./counted_crypto.ts";
import { hostileBytes } from "./hostile_bytes.ts";
import { bytesOf, drain } from "./scene.ts";
import { type Receiver, VectorScene } from "./vector_scene.ts";

/** Reasons that can be found without the private key. */
const cheap = [
  "open a line: not a compact JWE",
  "open a line: a part is not base64url",
  "open a line: the encrypted key does not have our key's size",
  "open a line: its header is not the expected one",
];

for (const receiver of ["server", "payee"] as const satisfies readonly Receiver[]) {
  Deno.test(`cost: the ${receiver} decrypts no line that a cheap check refuses, and each other line once`, async (t) => {
    await using scene = await VectorScene.open();
    const rows = [
      ...hostileBytes.map((bytes) => ({ ...bytes, decryptions: 0 })),
      ...outerLines.map((line) => ({ ...line, decryptions: cheap.includes(line.reason) ? 0 : 1 })),
    ];
    assert(rows.filter(({ decryptions }) => decryptions === 0).length > 40);
    for (const { what, make, decryptions } of rows) {
      await t.step(what, async () => {
        using count = new CryptoCount(sessionKeys.server.privateKey);
        await attack(scene, { receiver, position: "first", make });
        assertEquals(count.decryptions, decryptions);
      });
    }
  });
}

Deno.test("cost: after many bad lines the server decrypts lines of that address at a bounded rate, and lines of others at once", async () => {
  await using scene = await VectorScene.open();
  const line = await aliceLine({ conn: "AAAAAAAAAAAAAAAAAAAAAA", seq: 0 });
  const send = async (from: string) => {
    const stream = await scene.dial("server", from);
    await stream.write(bytesOf(`${line}\n`));
    return stream;
  };
  using count = new CryptoCount(sessionKeys.server.privateKey);
  for (let sent = 0; sent < strangerLinesAtOnce; sent++) await drain(await send("203.0.113.9"));
  assertEquals(count.decryptions, strangerLinesAtOnce);
  const late: ByteStream[] = [];
  for (let sent = 0; sent < strangersOfAddressMax; sent++) late.push(await send("203.0.113.9"));
  await drain(await send("203.0.113.10"));
  assertEquals(count.decryptions, strangerLinesAtOnce + 1);
  for (const at of late.keys()) {
    scene.clock.advance(strangerLineEveryMs);
    await waitUntil(
      () => count.decryptions === strangerLinesAtOnce + 2 + at,
      "one more decryption",
    );
  }
  await Promise.all(late.map(drain));
});

const crowds = [
  {
    title: "40 addresses",
    from: (at: number) => `203.0.113.${at}`,
    atOnce: 1 + costlyBesideProcessors,
  },
  { title: "one address", from: () => "203.0.113.9", atOnce: 1 },
];

for (const { title, from, atOnce } of crowds) {
  Deno.test(`cost: of 40 lines at once from ${title} the server opens at most ${atOnce} at a time`, async () => {
    await using scene = await VectorScene.open({ processors: 1 });
    const streams = await Promise.all(
      Array.from({ length: 40 }, (_, at) => scene.dial("server", from(at))),
    );
    const line = await aliceLine({ conn: "AAAAAAAAAAAAAAAAAAAAAA", seq: 0 });
    using count = new CryptoCount(sessionKeys.server.privateKey);
    await Promise.all(streams.map((stream) => stream.write(bytesOf(`${line}\n`))));
    await Promise.all(streams.map(drain));
    assertEquals([count.decryptions, count.decryptionsAtOnceMax], [40, atOnce]);
  });
}
