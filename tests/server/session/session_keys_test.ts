/**
 * Session keys change for new connections. Each is forgotten with its last connection.
 */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import type { SessionKey } from "../../../src/envelope/session_key.ts";
import { balanceRequestType } from "../../../src/protocol/balance.ts";
import { SessionKeys } from "../../../src/server/session/session_keys.ts";
import { sessionKeys } from "../../envelope/vector_session_keys.ts";
import { ManualClock } from "../../manual_clock.ts";
import { settled } from "../../transport/streams.ts";
import { waitUntil } from "../wait_until.ts";
import { sessionKey, startServer } from "../test_server.ts";

const everyMs = 24 * 3_600_000;

/** Keys that are objects and nothing more. */
async function openKeys(options: { failing?: readonly number[] } = {}) {
  const clock = new ManualClock();
  let made = 0;
  const generate = () => {
    made++;
    return options.failing?.includes(made)
      ? Promise.reject(new Error("no entropy"))
      : Promise.resolve({ kid: String(made) } as SessionKey);
  };
  const keys = await SessionKeys.open({ generate, clock, everyMs });
  const faults: unknown[] = [];
  keys.start({ onFault: (error) => faults.push(error) });
  const pass = async () => {
    clock.advance(everyMs);
    await settled();
  };
  return { clock, keys, faults, pass };
}

Deno.test("keys: new connections get a new key after the interval, and not before", async () => {
  const { clock, keys } = await openKeys();
  assertEquals(keys.lease().key.kid, "1");
  clock.advance(everyMs - 1);
  await settled();
  assertEquals(keys.lease().key.kid, "1");
  clock.advance(1);
  await settled();
  assertEquals(keys.lease().key.kid, "2");
  clock.advance(everyMs);
  await settled();
  assertEquals(keys.lease().key.kid, "3");
});

Deno.test("keys: the server keeps an old key as long as a connection uses it, and no longer", async () => {
  const { keys, pass } = await openKeys();
  const [first, second] = [keys.lease(), keys.lease()];
  await pass();
  assertEquals(keys.held, 2);
  first.release();
  first.release();
  assertEquals(keys.held, 2);
  second.release();
  assertEquals(keys.held, 1);
});

Deno.test("keys: an unused key is forgotten at once", async () => {
  const { keys, pass } = await openKeys();
  for (let day = 0; day < 10; day++) {
    await pass();
    assertEquals(keys.held, 1);
  }
  keys.lease().release();
  assertEquals(keys.held, 1);
});

Deno.test("keys: when no key can be made, the old one stays in use and the server tries again", async () => {
  const { faults, keys, pass } = await openKeys({ failing: [2] });
  await pass();
  assertEquals([keys.lease().key.kid, faults.length], ["1", 1]);
  await pass();
  assertEquals([keys.lease().key.kid, faults.length], ["3", 1]);
});

Deno.test("keys: after the stop no key is made and no timer is left", async () => {
  const { clock, keys, pass } = await openKeys();
  keys.stop();
  assertEquals(clock.pending, 0);
  await pass();
  assertEquals(keys.lease().key.kid, "1");
});

Deno.test("keys: without an interval they never change", async () => {
  const clock = new ManualClock();
  const keys = await SessionKeys.open({ generate: () => Promise.resolve(sessionKey), clock });
  keys.start({ onFault: () => {} });
  assertEquals(clock.pending, 0);
});

Deno.test("keys: a connection outlives the change of keys, and the old key goes with it", async () => {
  const clock = new ManualClock(Date.now());
  const made = [sessionKeys.server, sessionKeys.alice].values();
  const generate = () => Promise.resolve(made.next().value!);
  const keys = await SessionKeys.open({ generate, clock, everyMs: 1000 });
  await using server = await startServer({ sessionKeys: keys });
  const alice = await server.enroll("alice");
  const before = await server.connect();
  const old = await server.link(alice, before);
  assertEquals((await old.ask(balanceRequestType, {})).outcome, "answered");
  clock.advance(1000);
  await waitUntil(() => keys.held === 2, "the new key");
  const after = await server.connect();
  assertNotEquals(after.greeting.sessionKey.kid, before.greeting.sessionKey.kid);
  const fresh = await server.link(alice, after);
  for (const link of [old, fresh, old]) {
    assertEquals((await link.ask(balanceRequestType, {})).outcome, "answered");
  }
  old.channel.close();
  await waitUntil(() => keys.held === 1, "the old key to be gone");
  assert(fresh.isOpen);
});
