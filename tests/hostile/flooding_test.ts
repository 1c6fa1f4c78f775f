/**
 * Members that flood over many connections. The tests measure by the order in which the server
 * opens messages, not by the clock.
 */
import { assert, assertEquals } from "@std/assert";
import { systemClock } from "../../src/clock.ts";
import { proofReceiptsMax } from "../../src/limits.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import type { Amount } from "../../src/money.ts";
import type { Identity } from "../../src/pki/identity.ts";
import { balanceRequestType } from "../../src/protocol/balance.ts";
import { bookingOf, signOrder } from "../../src/protocol/order.ts";
import { proofRequestType } from "../../src/protocol/proof.ts";
import { historyRequestType } from "../../src/protocol/history.ts";
import { orderId } from "../ledger/ledger_samples.ts";
import type { JsonObject } from "../../src/strict_json.ts";
import { endpointText } from "../../src/transport/byte_stream.ts";
import type { Channel } from "../../src/transport/channel.ts";
import { waitUntil } from "../server/wait_until.ts";
import { named, sessionKey, type TestServer } from "../server/test_server.ts";
import { CryptoCount } from "./counted_crypto.ts";
import { Scene } from "./scene.ts";

const requests = 12;

/**
 * Stops every connection after its first message until the gate opens, and counts the
 * entries that are proven.
 */
class Gate {
  isShut = false;
  /** How many connections it has stopped. */
  stopped = 0;
  proven = 0;
  /** Called when a certificate is looked up, once for a connection and once for each message. */
  onLookup = (_name: string): void => {};
  readonly #opened = Promise.withResolvers<void>();

  open(): void {
    this.isShut = false;
    this.#opened.resolve();
  }

  wrap(ledger: Ledger): Ledger {
    return new Proxy<Ledger>(ledger, {
      get: (target, name) => {
        const value = target[name as keyof Ledger];
        if (name === "proofs") {
          return async (...given: Parameters<Ledger["proofs"]>) => {
            const part = await target.proofs(...given);
            this.proven += part.inclusion.length;
            return part;
          };
        }
        if (name !== "currentCertificate") {
          return typeof value === "function" ? value.bind(target) : value;
        }
        return async (...given: Parameters<Ledger["currentCertificate"]>) => {
          if (this.isShut) {
            this.stopped++;
            await this.#opened.promise;
          }
          this.onLookup(given[0]);
          return await target.currentCertificate(...given);
        };
      },
    });
  }
}

interface Question {
  readonly type: string;
  readonly body: JsonObject;
}

const balance: Question = { type: balanceRequestType.type, body: {} };

/** Asks all at once, and reads none of the answers: short ones fit into what the network holds. */
async function ask(
  scene: Scene,
  { identity, host, type, body }: { identity: Identity; host: string } & Question,
): Promise<Channel> {
  const channel = await scene.channel(identity, host);
  const sent = Array.from({ length: requests }, () => channel.send(type, body));
  await Promise.all(sent.map(({ written }) => written));
  return channel;
}

/** Reads all that comes over some channels, and is done when the last of them has ended. */
class Readers implements AsyncDisposable {
  readonly #reading: Promise<void>[] = [];

  add(channel: Channel): void {
    this.#reading.push(readAll(channel));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#reading);
  }
}

async function readAll(channel: Channel): Promise<void> {
  while ((await channel.receive().catch(() => undefined))?.kind === "message");
}

Deno.test("flooding: a member that floods over six connections gets on average three messages opened for two of another, and no more", async () => {
  const gate = new Gate();
  // One turn at a time, so that the order is the queue's alone.
  await using scene = await Scene.open({ wrap: (ledger) => gate.wrap(ledger), processors: 0 });
  const { server } = scene;
  const bob = await server.enroll("bob");
  const flooders = await Promise.all(["alice", "carol", "dave"].map((name) => server.enroll(name)));
  gate.isShut = true;
  const members = new Map<string, string>();
  for (const [at, flooder] of flooders.entries()) {
    const from = Array.from(
      { length: 6 },
      () => ask(scene, { identity: flooder, host: `198.51.100.${at}`, ...balance }),
    );
    for (const { local } of await Promise.all(from)) {
      members.set(endpointText(local), `flood ${at}`);
    }
  }
  const { local } = await ask(scene, { identity: bob, host: "192.0.2.7", ...balance });
  members.set(endpointText(local), "bob");
  const before = server.events.all.length;
  const messages = () =>
    server.events.all.slice(before)
      .flatMap((event) =>
        event.kind === "message" ? [members.get(endpointText(event.remote))!] : []
      );
  // From here on each counts as its member, no longer as a stranger at its address.
  await waitUntil(() => gate.stopped === members.size, "everybody at the gate");
  gate.open();
  await waitUntil(
    () => messages().filter((who) => who === "bob").length === requests,
    "all of bob's",
  );
  const turns = messages().slice(0, messages().lastIndexOf("bob") + 1);
  // A message takes two turns: one opens it, and one answers it. In each, bob waits for one turn of
  // each flooder. Turns are short, so another one may pass before bob asks, while the server reads
  // his next line or looks up his account. A flooder may spend all its turns on opening. The first
  // round answers every message that was opened before.
  const rounds = turns.join(" ").split("bob").slice(2, -1);
  assertEquals(rounds.length, requests - 2);
  for (const at of flooders.keys()) {
    const ofFlood = rounds.map((round) => round.split(`flood ${at}`).length - 1);
    assert(ofFlood.reduce((sum, count) => sum + count) <= 1.5 * requests, rounds.join("|"));
  }
});

const entries = 320;
const digest = "0".repeat(64);
const provenReceipts = Array.from(
  { length: proofReceiptsMax },
  (_, index) => ({ entry: 15 * index + 1, digest }),
);
const proofs = { checkpoints: [{ size: 1, digest }], receipts: provenReceipts };
const receiptsPerPage = 16;

/**
 * What long answers cost. Four turns of it pass between two messages of the other member, on the
 * average and at most: two while that one waits, and two while its next line is on its way.
 */
const rows = [
  {
    title: "proofs",
    question: { type: proofRequestType.type, body: proofs },
    // And what the next turn has begun with when bob's message is looked at.
    provenMax: 5 * proofReceiptsMax,
    signaturesMax: 4,
  },
  {
    title: "its history",
    question: { type: historyRequestType.type, body: { limit: 16 } },
    provenMax: 0,
    // And what the next turn has begun with.
    signaturesMax: 4 * receiptsPerPage + 1,
  },
];

for (const { title, question, provenMax, signaturesMax } of rows) {
  Deno.test(`flooding: a member that asks for ${title} over six connections gets on average at most four turns between two messages of another`, async () => {
    const gate = new Gate();
    // Made before the scene, so that they end after it: reads are decrypted until the last
    // connection closes.
    await using readers = new Readers();
    await using scene = await Scene.open({ wrap: (ledger) => gate.wrap(ledger), processors: 0 });
    const { server } = scene;
    const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
    await fill(server, alice);
    gate.isShut = true;
    for (let connection = 0; connection < 6; connection++) {
      readers.add(await ask(scene, { identity: alice, host: "198.51.100.1", ...question }));
    }
    await ask(scene, { identity: bob, host: "192.0.2.7", ...balance });
    using count = new CryptoCount(sessionKey.privateKey);
    const seen: { proven: number; signatures: number }[] = [];
    gate.onLookup = (name) => {
      const { proven } = gate;
      if (name === "bob") seen.push({ proven, signatures: count.signatures });
    };
    await waitUntil(() => gate.stopped === 7, "everybody at the gate");
    gate.open();
    await waitUntil(() => seen.length > requests, "all of bob's");
    // The first lookup is the connection's.
    const messages = seen.length - 1;
    const average = (of: "proven" | "signatures") => (seen.at(-1)![of] - seen[0]![of]) / messages;
    assert(average("proven") <= provenMax, `${average("proven")} entries`);
    // And one for bob's own answer.
    assert(average("signatures") <= signaturesMax + 1, `${average("signatures")} signatures`);
    assert(average("proven") + average("signatures") > 1, "the flood");
  });
}

/** Books payments of alice to bob. */
async function fill({ anchor, ledger }: TestServer, identity: Identity): Promise<void> {
  const sides = { payer: named("alice"), payee: named("bob") };
  const signing = { identity, anchor, clock: systemClock };
  for (let entry = 0; entry < entries; entry++) {
    const order = signOrder({ id: orderId(entry), ...sides, amount: 1 as Amount }, signing);
    await ledger.book(bookingOf(order, { kind: "payment", atMs: systemClock.nowMs() }));
  }
}
