/**
 * As many silent strangers as there may be, and more. Newcomers are still heard, from the same
 * addresses and from others.
 */
import { assert, assertEquals } from "@std/assert";
import {
  firstMessageTimeoutMs,
  pressedTimeoutMs,
  strangersMax,
  strangersOfAddressMax,
} from "../../src/limits.ts";
import { registerRequestType } from "../../src/protocol/register.ts";
import { waitUntil } from "../server/wait_until.ts";
import { makeApplicant } from "../server/test_server.ts";
import { elsewhere, isServed, Scene } from "./scene.ts";

Deno.test("silent: while a full pool of strangers is silent, a member and a newcomer from any address are served at once", async () => {
  await using scene = await Scene.open({ userLimit: 1 });
  const { server } = scene;
  const bob = await server.enroll("bob");
  const hosts = Array.from(
    { length: strangersMax / strangersOfAddressMax },
    (_, at) => `198.51.100.${at}`,
  );
  for (const host of hosts) {
    await Promise.all(Array.from({ length: strangersOfAddressMax }, () => scene.dial(host)));
  }
  await waitUntil(() => scene.count("connected") === strangersMax, "the pool to be full");
  assertEquals(scene.count("crowded_out"), 0);
  for (const host of ["192.0.2.7", hosts[0]!, hosts.at(-1)!]) {
    const member = await scene.link(bob, host);
    assert(await isServed(member));
    await member.end();
    const applicant = makeApplicant(`new-${host}`);
    const link = await server.link(applicant.signer, await scene.greet(host));
    const { name } = applicant.signer.request;
    assertEquals((await link.ask(registerRequestType, { name })).outcome, "answered");
    await link.end();
  }
  // Somebody had to go for each of them, and nobody waited.
  assert(scene.count("crowded_out") >= 1);
  assertEquals(scene.count("waiting"), 0);
});

Deno.test("silent: sockets that are opened again as soon as they are closed keep out no newcomer at their address", async () => {
  await using scene = await Scene.open({ userLimit: 3 });
  const bob = await scene.server.enroll("bob");
  const silent: Awaited<ReturnType<Scene["dial"]>>[] = [];
  for (let count = 0; count < 3 * strangersOfAddressMax; count++) silent.push(await scene.dial());
  await waitUntil(
    () => scene.count("crowded_out") === 2 * strangersOfAddressMax,
    "the oldest to go",
  );
  const member = await scene.link(bob, elsewhere);
  assert(await isServed(member));
  assertEquals(scene.count("crowded_out"), 2 * strangersOfAddressMax + 1);
});

Deno.test("silent: where many strangers connect, a new one has less time for its first message", async () => {
  await using scene = await Scene.open();
  const { clock } = scene;
  const delays = (ms: number) => clock.delays.filter((delayMs) => delayMs === ms).length;
  const half = strangersOfAddressMax / 2;
  for (let count = 0; count < half; count++) await scene.dial();
  await waitUntil(() => delays(firstMessageTimeoutMs) === half, "the server to wait for each");
  assertEquals(delays(pressedTimeoutMs), 0);
  const pressed = await scene.greet();
  await waitUntil(() => delays(pressedTimeoutMs) === 1, "the server to wait for less");
  (await scene.greet("192.0.2.7")).close();
  clock.advance(pressedTimeoutMs);
  assertEquals(await pressed.stream.read(new Uint8Array(1)), null);
  await waitUntil(() => scene.count("line_refused") === 1);
});
