/**
 * Each change of the ledger takes a turn of the peer that asks for it. The tests count the changes
 * that the ledger is asked to make at the same time.
 */
import { assert, assertEquals } from "@std/assert";
import { loginRequestType } from "../../src/protocol/login.ts";
import type { Identity } from "../../src/pki/identity.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { named } from "../server/test_server.ts";
import { waitUntil } from "../server/wait_until.ts";
import { isServed, Scene } from "./scene.ts";

/** Holds every login back until it is let go. */
class SlowDisk {
  /** Whose logins are held back, in the order they came. */
  readonly held: string[] = [];
  #release: (() => void)[] = [];

  letGo(): void {
    this.held.length = 0;
    for (const release of this.#release.splice(0)) release();
  }

  wrap(ledger: Ledger): Ledger {
    return new Proxy(ledger, {
      get: (target, name) => {
        const value = target[name as keyof Ledger];
        if (name !== "bringOnline") return typeof value === "function" ? value.bind(target) : value;
        return async (presence: Parameters<Ledger["bringOnline"]>[0]) => {
          this.held.push(presence.name);
          await new Promise<void>((resolve) => this.#release.push(resolve));
          return await target.bringOnline(presence);
        };
      },
    });
  }
}

Deno.test("committing: the changes of one member over many connections share commits, and delay no other member's", async () => {
  const disk = new SlowDisk();
  await using scene = await Scene.open({ wrap: (ledger) => disk.wrap(ledger), processors: 0 });
  const { server } = scene;
  const names = ["mallory", "alice", "bob", "carol"] as const;
  const members: Identity[] = [];
  for (const name of names) members.push(await server.enroll(name));
  const logIn = async (at: number) => {
    const link = await scene.link(members[at]!, `198.51.100.${at}`);
    return await link.ask(loginRequestType, { name: named(names[at]!), port: 1 });
  };
  const asked = [...Array<number>(15).fill(0), 1, 2, 3].map(logIn);
  await waitUntil(() => disk.held.length === names.length, "a change of each member");
  assertEquals(disk.held.toSorted(), names.toSorted());
  const logins = () =>
    server.events.all.filter((event) => event.kind === "message" && /#1$/.test(event.notation));
  await waitUntil(() => logins().length === asked.length, "every login to be read");
  // Whose changes are none of them is answered meanwhile.
  assert(await isServed(await scene.link(await server.enroll("dave"), "192.0.2.7")));
  assertEquals(disk.held.length, names.length);
  // All that came of the others meanwhile.
  disk.letGo();
  await waitUntil(() => disk.held.length === 14, "the other changes, together");
  assertEquals(new Set(disk.held), new Set(["mallory"]));
  disk.letGo();
  const outcomes = await Promise.all(asked);
  assertEquals(outcomes.filter(({ outcome }) => outcome === "answered").length, names.length);
});
