/**
 * Everybody may ask for the published checkpoint and bring cosignatures. Strangers who do so in
 * great number take nothing from members and honest witnesses.
 */
import { assert, assertEquals } from "@std/assert";
import { strangerRequestEveryMs, strangerRequestsAtOnce } from "../../src/limits.ts";
import { SigningKey } from "../../src/pki/signing_key.ts";
import { cosign, findCosignature, verifierKey } from "../../src/protocol/cosignature.ts";
import { proofRequestType } from "../../src/protocol/proof.ts";
import {
  checkpointRequestType,
  cosignRequestType,
} from "../../src/protocol/published_checkpoint.ts";
import { makeApplicant } from "../server/test_server.ts";
import { isServed, Scene } from "./scene.ts";

function makeWitness(name: string) {
  const { signingKey } = SigningKey.generate();
  return { signingKey, key: verifierKey(name, signingKey.publicKey) };
}

const honest = makeWitness("honest");

/** Speaks from an address as somebody without an account. */
async function strangerAt(scene: Scene, host: string) {
  return await scene.server.link(makeApplicant("nobody").signer, await scene.greet(host));
}

Deno.test("witnesses: strangers that flood the server with cosignatures push out no honest one, and no member", async () => {
  await using scene = await Scene.open({ witnesses: [honest.key] });
  const alice = await scene.link(await scene.server.enroll("alice"), "192.0.2.7");
  const flood = await strangerAt(scene, "198.51.100.1");
  const reply = await flood.ask(checkpointRequestType, {});
  assert(reply.outcome === "answered");
  const [published = ""] = reply.answer.published;
  // A foreign key under the honest witness's name, and its name and id before a wrong signature.
  const sameName = cosign(published, makeWitness("honest"), 1);
  const sameId = cosign(published, honest, 1).replace(/.{8}=*\n$/, "AAAAAAA=\n");
  const codes: number[] = [];
  for (let count = 1; count < strangerRequestsAtOnce + 5; count++) {
    const checkpoint = count % 2 === 0 ? sameName : sameId;
    const answer = await flood.ask(cosignRequestType, { checkpoint });
    codes.push(answer.outcome === "refused" ? answer.code : 300);
  }
  assertEquals(codes.slice(0, -5), Array(strangerRequestsAtOnce - 1).fill(430));
  assertEquals(codes.slice(-5), Array(5).fill(420));
  assert(await isServed(alice));
  const witness = await strangerAt(scene, "198.51.100.2");
  const kept = await witness.ask(cosignRequestType, { checkpoint: cosign(published, honest, 2) });
  assertEquals(kept.outcome, "answered");
  const seen = await alice.ask(checkpointRequestType, {});
  assert(seen.outcome === "answered");
  assertEquals(findCosignature(seen.answer.published[0]!, honest.key)?.at, 2);
});

Deno.test("witnesses: the requests for proofs of strangers are counted together, and one comes back in each interval", async () => {
  await using scene = await Scene.open();
  const ask = async (host: string) => {
    const link = await strangerAt(scene, host);
    const answer = await link.ask(proofRequestType, { checkpoints: [], receipts: [] });
    link.channel.close();
    return answer.outcome === "refused" ? answer.code : 300;
  };
  const link = await strangerAt(scene, "198.51.100.1");
  for (let count = 0; count < strangerRequestsAtOnce; count++) {
    assertEquals((await link.ask(checkpointRequestType, {})).outcome, "answered");
  }
  assertEquals(await ask("198.51.100.1"), 420);
  assertEquals(await ask("198.51.100.2"), 300);
  scene.clock.advance(strangerRequestEveryMs);
  assertEquals([await ask("198.51.100.1"), await ask("198.51.100.1")], [300, 420]);
});

Deno.test("witnesses: an applicant may still ask for nothing of a member", async () => {
  await using scene = await Scene.open();
  const link = await strangerAt(scene, "198.51.100.1");
  assertEquals(await isServed(link), false);
});
