/**
 * Members that flood over many connections, told by the order in which the server opens messages: by turns, not by the clock.
 */
import { assert, assertEquals } from "@std/assert";
import type { Identity } from "../../src/pki/identity.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { balanceExchange } from "../../src/protocol/balance.ts";
import { endpointText } from "../../src/transport/byte_stream.ts";
import { soon } from "../server/soon.ts";
import { Scene } from "./scene.ts";

const requests = 12;

/** What stops every connection after its first message, until it is opened. */
class Gate {
  isShut = false;
  readonly #opened = Promise.withResolvers<void>();

  open(): void {
    this.isShut = false;
    this.#opened.resolve();
  }

  wrap(ledger: Ledger): Ledger {
    return new Proxy<Ledger>(ledger, {
      get: (target, name) => {
        const value = target[name as keyof Ledger];
        if (name !== "account") return typeof value === "function" ? value.bind(target) : value;
        return async (...given: Parameters<Ledger["account"]>) => {
          if (this.isShut) await this.#opened.promise;
          return await target.account(...given);
        };
      },
    });
  }
}

/** Asks all at once, and reads none of the answers: they fit into what the network holds. */
async function ask(scene: Scene, identity: Identity, host: string): Promise<string> {
  const channel = await scene.channel(identity, host);
  const sent = Array.from({ length: requests }, () => channel.send(balanceExchange.type, {}));
  await Promise.all(sent.map(({ written }) => written));
  return endpointText(channel.local);
}

Deno.test("flooding: between two messages of one member, each that floods over six connections has one on the average, and two at most", async () => {
  const gate = new Gate();
  // One turn at a time, so that the order is the queue's alone.
  await using scene = await Scene.open({ wrap: (ledger) => gate.wrap(ledger), processors: 0 });
  const { server } = scene;
  const bob = await server.enroll("bob");
  const flooders = await Promise.all(["alice", "carol", "dave"].map((name) => server.enroll(name)));
  gate.isShut = true;
  const members = new Map<string, string>();
  for (const [at, flooder] of flooders.entries()) {
    const from = Array.from({ length: 6 }, () => ask(scene, flooder, `198.51.100.${at}`));
    for (const client of await Promise.all(from)) members.set(client, `flood ${at}`);
  }
  members.set(await ask(scene, bob, "192.0.2.7"), "bob");
  const before = server.events.all.length;
  const messages = () =>
    server.events.all.slice(before)
      .flatMap((event) =>
        event.kind === "message" ? [members.get(endpointText(event.remote))!] : []
      );
  gate.open();
  await soon(() => messages().filter((who) => who === "bob").length === requests, "all of bob's");
  const turns = messages().slice(0, messages().lastIndexOf("bob") + 1);
  // A message takes two turns, one to be opened and one for its answer; a flooder may have both of its own for opening.
  const rounds = turns.join(" ").split("bob").slice(1, -1);
  assertEquals(rounds.length, requests - 1);
  for (const at of flooders.keys()) {
    const ofFlood = rounds.map((round) => round.split(`flood ${at}`).length - 1);
    assert(Math.max(...ofFlood) <= 2, rounds.join("|"));
    assert(ofFlood.reduce((sum, count) => sum + count) <= requests, rounds.join("|"));
  }
});
