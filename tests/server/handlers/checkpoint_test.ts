/** CHECKPOINT and COSIGN: what the server publishes, and the cosignatures that it keeps. */
import { assert, assertEquals } from "@std/assert";
import { nowSeconds, systemClock } from "../../../src/clock.ts";
import {
  publishedCheckpointsMax,
  publishEveryMs,
  strangerRequestsAtOnce,
} from "../../../src/limits.ts";
import { SigningKey } from "../../../src/pki/signing_key.ts";
import { verifyCheckpoint } from "../../../src/protocol/checkpoint.ts";
import {
  cosign,
  type Cosigner,
  findCosignature,
  verifierKey,
} from "../../../src/protocol/cosignature.ts";
import {
  checkpointRequestType,
  cosignRequestType,
} from "../../../src/protocol/published_checkpoint.ts";
import type { ServerLink } from "../../../src/client/server_link.ts";
import { ManualClock } from "../../manual_clock.ts";
import { makeApplicant, startServer, type TestServer } from "../test_server.ts";

function makeWitness(name: string): Cosigner {
  const { signingKey } = SigningKey.generate();
  return { signingKey, key: verifierKey(name, signingKey.publicKey) };
}

const [first, second] = [makeWitness("first"), makeWitness("second")];
const witnesses = [first.key, second.key];

/** Somebody who has only the CA's certificate. */
function asStranger(server: TestServer): Promise<ServerLink> {
  return server.link(makeApplicant("nobody").signer);
}

async function ask(link: ServerLink) {
  const reply = await link.ask(checkpointRequestType, {});
  assert(reply.outcome === "answered", JSON.stringify(reply));
  return reply.answer.published;
}

/** Returns the code with which a note is refused, or 300. */
async function bring(link: ServerLink, checkpoint: string): Promise<number> {
  const reply = await link.ask(cosignRequestType, { checkpoint });
  return reply.outcome === "refused" ? reply.code : 300;
}

function read(text: string, { anchor, identity }: TestServer) {
  return verifyCheckpoint(text, { anchor, publicKey: identity.certificate.publicKey });
}

Deno.test("checkpoint: a stranger gets the newest one, and it stays for a minute", async () => {
  await using server = await startServer();
  await server.enroll("alice");
  const link = await asStranger(server);
  const [published] = await ask(link);
  const { size, head } = read(published!, server);
  assertEquals([size, head], [1, (await server.ledger.totals()).head]);
  await server.enroll("bob");
  assertEquals(await ask(link), [published]);
});

Deno.test("checkpoint: a minute later there is another one, and the cosigned one stays behind it", async () => {
  const clock = new ManualClock(systemClock.nowMs());
  await using server = await startServer({ clock, witnesses });
  const link = await asStranger(server);
  const [before] = await ask(link);
  assertEquals(await bring(link, cosign(before!, first, nowSeconds(clock))), 300);
  clock.advance(publishEveryMs - 1);
  assertEquals((await ask(link)).length, 1);
  clock.advance(1);
  const [newest, cosigned] = await ask(await server.link(await member(server)));
  assertEquals(read(newest!, server).at, nowSeconds(clock));
  assert(findCosignature(cosigned!, first.key));
  assertEquals(findCosignature(newest!, first.key), undefined);
  // The newest one has as many again, and the earlier one is of no more use.
  const again = await asStranger(server);
  assertEquals(await bring(again, cosign(newest!, second, nowSeconds(clock))), 300);
  assertEquals((await ask(again)).length, 1);
});

Deno.test("checkpoint: the server keeps few of them, and forgets their cosignatures with them", async () => {
  const clock = new ManualClock(systemClock.nowMs());
  await using server = await startServer({ clock, witnesses });
  const alice = await member(server);
  // The server takes a silent member for lost, and this clock leaps over the wait.
  const connect = () => server.link(alice);
  const [old] = await ask(await connect());
  const note = cosign(old!, first, nowSeconds(clock));
  assertEquals(await bring(await connect(), note), 300);
  for (let count = 1; count <= publishedCheckpointsMax; count++) {
    assertEquals((await ask(await connect())).length, count === 1 ? 1 : 2);
    clock.advance(publishEveryMs);
  }
  assertEquals((await ask(await connect())).length, 1);
  assertEquals(await bring(await connect(), note), 431);
});

Deno.test("cosign: only good cosignatures of named witnesses are kept, one for each", async () => {
  await using server = await startServer({ witnesses });
  const link = await asStranger(server);
  const [published] = await ask(link);
  const checkpoint = published!;
  const foreign = cosign(checkpoint, makeWitness("first"), 1);
  assertEquals(await bring(link, foreign), 430);
  assertEquals(await bring(link, checkpoint), 430);
  const other = checkpoint.replace(/time \d+/, "time 1");
  assertEquals(await bring(link, cosign(other, first, 1)), 431);
  assertEquals(await bring(link, "nothing"), 410);
  assertEquals((await ask(link))[0]!, checkpoint);
  // A line of somebody else between them stays out.
  const both = cosign(cosign(cosign(checkpoint, first, 1), makeWitness("w"), 1), second, 2);
  assertEquals(await bring(link, both), 300);
  assertEquals(await bring(link, cosign(checkpoint, first, 9)), 300);
  const kept = (await ask(link))[0]!;
  assertEquals(kept, cosign(cosign(checkpoint, first, 1), second, 2));
});

Deno.test("cosign: without named witnesses the server keeps none", async () => {
  await using server = await startServer();
  const link = await asStranger(server);
  const [published] = await ask(link);
  assertEquals(await bring(link, cosign(published!, first, 1)), 430);
});

Deno.test("checkpoint: strangers at one address have a number of requests, and members are not counted", async () => {
  await using server = await startServer({
    clock: new ManualClock(systemClock.nowMs()),
    witnesses,
  });
  const alice = await server.link(await member(server));
  const link = await asStranger(server);
  const [published] = await ask(link);
  for (let count = 1; count < strangerRequestsAtOnce; count++) await bring(link, "nothing");
  const note = cosign(published!, first, 1);
  assertEquals(await bring(link, note), 420);
  const refused = await link.ask(checkpointRequestType, {});
  assert(refused.outcome === "refused");
  assertEquals(refused.code, 420);
  assertEquals((await ask(alice)).length, 1);
  assertEquals(await bring(alice, note), 300);
});

let members = 0;

function member(server: TestServer) {
  return server.enroll(`member${++members}`);
}
