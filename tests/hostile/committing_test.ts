/**
 * Changes of the ledger are turns of whoever asks for them, counted by what the ledger is asked to do at the same time.
 */
import { assert, assertEquals } from "@std/assert";
import { loginExchange } from "../../src/protocol/login.ts";
import type { Identity } from "../../src/pki/identity.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { named } from "../server/test_server.ts";
import { soon } from "../server/soon.ts";
import { isServed, Scene } from "./scene.ts";

/** Holds every login back until it is let go, and counts how many of each member wait for the disk at a time. */
class SlowDisk {
  readonly going = new Map<string, number>();
  readonly most = new Map<string, number>();
  readonly #held: (() => void)[] = [];

  get held(): number {
    return this.#held.length;
  }

  letGo(): void {
    for (const go of this.#held.splice(0)) go();
  }

  wrap(ledger: Ledger): Ledger {
    return new Proxy(ledger, {
      get: (target, name) => {
        const value = target[name as keyof Ledger];
        if (name !== "bringOnline") return typeof value === "function" ? value.bind(target) : value;
        return async (presence: Parameters<Ledger["bringOnline"]>[0]) => {
          const going = (this.going.get(presence.name) ?? 0) + 1;
          this.going.set(presence.name, going);
          this.most.set(presence.name, Math.max(going, this.most.get(presence.name) ?? 0));
          await new Promise<void>((resolve) => this.#held.push(resolve));
          this.going.set(presence.name, this.going.get(presence.name)! - 1);
          return await target.bringOnline(presence);
        };
      },
    });
  }
}

Deno.test("committing: a member that changes the ledger over many connections makes one change at a time, and another's changes go on beside it", async () => {
  const disk = new SlowDisk();
  await using scene = await Scene.open({ wrap: (ledger) => disk.wrap(ledger), processors: 0 });
  const { server } = scene;
  const names = ["mallory", "alice", "bob", "carol"] as const;
  const members: Identity[] = [];
  for (const name of names) members.push(await server.enroll(name));
  let answers = 0;
  const logIn = async (at: number) => {
    const link = await scene.link(members[at]!, `198.51.100.${at}`);
    const outcome = await link.ask(loginExchange, { name: named(names[at]!), port: 1 });
    answers++;
    return outcome;
  };
  const asked = [...Array<number>(15).fill(0), 1, 2, 3].map(logIn);
  await soon(() => disk.held === names.length, "a change of each member");
  // Whose changes are none of them is answered meanwhile.
  assert(await isServed(await scene.link(await server.enroll("dave"), "192.0.2.7")));
  while (answers < asked.length) {
    disk.letGo();
    await soon(() => disk.held > 0 || answers === asked.length, "the next change");
  }
  const outcomes = await Promise.all(asked);
  assertEquals(outcomes.filter(({ outcome }) => outcome === "answered").length, names.length);
  assertEquals([...disk.most.values()], [1, 1, 1, 1]);
});
