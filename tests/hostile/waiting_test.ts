/**
 * The waiting room on a clock that the test moves: how often places are sent, and the low cost of
 * many arrivals and departures.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { ClosedError } from "../../src/errors.ts";
import type { ServerLink } from "../../src/client/server_link.ts";
import {
  memberIdleMs,
  pongTimeoutMs,
  waitingChangeMs,
  waitingPlacesOfAccount,
  waitingPlacesOfAddress,
  waitingRepeatMs,
} from "../../src/limits.ts";
import type { Identity } from "../../src/pki/identity.ts";
import { balanceRequestType } from "../../src/protocol/balance.ts";
import { pingType, pongType } from "../../src/protocol/ping.ts";
import { waitingType } from "../../src/protocol/waiting.ts";
import type { Channel } from "../../src/transport/channel.ts";
import { waitUntil } from "../server/wait_until.ts";
import { isServed, Scene } from "./scene.ts";

/** The pending reads of the waiting members. They go on until the members' connections end. */
const readings: Promise<void>[] = [];

/** A member that waits, by hand: each notice it is told is read by the test. */
class WaitingMember {
  readonly channel: Channel;
  readonly told: string[] = [];
  readonly #answersPings: boolean;

  constructor(channel: Channel, { answersPings = false } = {}) {
    this.channel = channel;
    this.#answersPings = answersPings;
    channel.send(balanceRequestType.type, {});
    readings.push(this.#read());
  }

  async until(told: string): Promise<void> {
    await waitUntil(() => this.told.join(" ") === told, `${told} to be told`);
  }

  async #read(): Promise<void> {
    for (;;) {
      const arrival = await this.channel.receive();
      if (arrival.kind === "end") return void this.told.push("end");
      const { type, body } = arrival.message;
      this.told.push(type === waitingType ? String(body.place) : type);
      if (type === pingType && this.#answersPings) this.channel.send(pongType, {});
    }
  }
}

interface FullScene extends AsyncDisposable {
  readonly scene: Scene;
  readonly serving: ServerLink;
  readonly members: Identity[];
}

async function openFull(names: readonly string[]): Promise<FullScene> {
  const scene = await Scene.open({ userLimit: 1 });
  const members: Identity[] = [];
  for (const name of ["serving", ...names]) members.push(await scene.server.enroll(name));
  const serving = await scene.link(members.shift()!, "192.0.2.7");
  assert(await isServed(serving));
  return {
    scene,
    serving,
    members,
    async [Symbol.asyncDispose]() {
      await scene[Symbol.asyncDispose]();
      await Promise.allSettled(readings.splice(0));
    },
  };
}

Deno.test("waiting: the server repeats a place after a while, and tells a change no sooner than its limit", async () => {
  await using full = await openFull(["alice", "bob"]);
  const { scene, serving, members: [alice, bob] } = full;
  const { clock } = scene;
  const first = new WaitingMember(await scene.channel(alice!, "198.51.100.1"));
  await first.until("1");
  const second = new WaitingMember(await scene.channel(bob!, "198.51.100.2"));
  await second.until("2");
  // Its place changes twice at once: it is told the newest one, in its time.
  const gone = scene.count("disconnected");
  first.channel.close();
  await waitUntil(() => scene.count("disconnected") === gone + 1, "the first to be gone");
  clock.advance(waitingChangeMs - 1);
  assertEquals(second.told, ["2"]);
  clock.advance(1);
  await second.until("2 1");
  clock.advance(waitingRepeatMs - 1);
  assertEquals(second.told, ["2", "1"]);
  clock.advance(1);
  await second.until("2 1 1");
  serving.channel.close();
  await second.until("2 1 1 reply");
});

Deno.test("waiting: a member that does not answer a ping loses its place", async () => {
  await using full = await openFull(["alice", "bob"]);
  const { scene, serving, members: [alice, bob] } = full;
  const { clock } = scene;
  const silent = new WaitingMember(await scene.channel(alice!, "198.51.100.1"));
  await silent.until("1");
  const other = new WaitingMember(await scene.channel(bob!, "198.51.100.2"), {
    answersPings: true,
  });
  await other.until("2");
  for (let passedMs = 0; passedMs < memberIdleMs; passedMs += waitingRepeatMs) {
    const told = [silent.told.length, other.told.length];
    clock.advance(waitingRepeatMs);
    await waitUntil(() => silent.told.length > told[0]! && other.told.length > told[1]!);
  }
  const answered = () => clock.delays.filter((delayMs) => delayMs === memberIdleMs).length === 2;
  await waitUntil(answered, "the other one, and the one that is served, to answer");
  for (let passedMs = 0; passedMs < pongTimeoutMs; passedMs += waitingRepeatMs) {
    const told = other.told.length;
    clock.advance(waitingRepeatMs);
    await waitUntil(() => other.told.length > told);
  }
  await waitUntil(() => silent.told.at(-1) === "end", "the silent one to be closed");
  clock.advance(waitingChangeMs);
  await waitUntil(() => other.told.at(-1) === "1", "the other one to be told its new place");
  serving.channel.close();
  await waitUntil(() => other.told.at(-1) === "reply", "its answer");
});

Deno.test("waiting: past its address's places a member learns that the room is full, and past its account's it is refused", async () => {
  const names = Array.from(
    { length: waitingPlacesOfAddress / waitingPlacesOfAccount + 1 },
    (_, at) => `m${at}`,
  );
  await using full = await openFull(names);
  const { scene, members } = full;
  for (const member of members.slice(0, -1)) {
    for (let connection = 0; connection < waitingPlacesOfAccount; connection++) {
      new WaitingMember(await scene.channel(member, "198.51.100.1"));
    }
  }
  await waitUntil(() => scene.count("waiting") === waitingPlacesOfAddress);
  const late = members.at(-1)!;
  const refused = await scene.link(late, "198.51.100.1");
  const error = await assertRejects(() => refused.ask(balanceRequestType, {}), ClosedError);
  assert(error.message.endsWith("it is full; try again later"));
  assertEquals(scene.count("full"), 1);
  const surplus = await scene.link(members[0]!, "203.0.113.5");
  const outcome = await surplus.ask(balanceRequestType, {});
  assertEquals(outcome.outcome === "refused" && outcome.code, 230);
  // From elsewhere there is room, and it is the second to be served.
  const elsewhere = new WaitingMember(await scene.channel(late, "203.0.113.5"));
  await elsewhere.until("2");
});

Deno.test("waiting: when the first ones leave and return all the time, each other one is told its place at most once a second", async () => {
  const names = Array.from({ length: 20 }, (_, at) => `m${at}`);
  await using full = await openFull(names);
  const { scene, members } = full;
  const { clock } = scene;
  const come = async (at: number) => {
    const host = `198.51.100.${at}`;
    const member = new WaitingMember(await scene.channel(members[at]!, host));
    await waitUntil(() => member.told.length === 1, "the first place to be told");
    return member;
  };
  const waiting: WaitingMember[] = [];
  for (const at of members.keys()) waiting.push(await come(at));
  const [churners, others] = [waiting.slice(0, 3), waiting.slice(3)];
  const before = others.reduce((sum, { told }) => sum + told.length, 0);
  const seconds = 5;
  for (let second = 0; second < seconds; second++) {
    for (const [at, churner] of churners.entries()) {
      // Everybody moves up one place.
      const gone = scene.count("disconnected");
      churner.channel.close();
      await waitUntil(() => scene.count("disconnected") === gone + 1, "one to be gone");
      churners[at] = await come(at);
    }
    clock.advance(waitingChangeMs);
  }
  await waitUntil(() => others.every(({ told }) => told.length > 1), "the changes to be told");
  const told = others.reduce((sum, { told }) => sum + told.length, 0) - before;
  assert(told <= others.length * seconds, `${told} notices`);
});
