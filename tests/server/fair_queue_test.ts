/**
 * Turns of the fair queue: a limited number at a time, and fair between the parties.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { FairQueue } from "../../src/server/fair_queue.ts";
import { settled } from "../transport/streams.ts";

/** A queue whose tasks begin when they may and end when they are told to. */
class Scene {
  readonly queue: FairQueue;
  /** In the order they began. */
  readonly begun: string[] = [];
  readonly #ends: (() => void)[] = [];
  readonly #done: Promise<void>[] = [];

  constructor(inFlightMax: number) {
    this.queue = new FairQueue({ inFlightMax });
  }

  ask(party: string, count = 1): void {
    this.#ask(party, { count, kind: "ordinary", note: party });
  }

  /** Turns aside are noted in capitals. */
  askAside(party: string, count = 1): void {
    this.#ask(party, { count, kind: "aside", note: party.toUpperCase() });
  }

  /** Reads are noted with a dot. */
  askRead(party: string, count = 1): void {
    this.#ask(party, { count, kind: "read", note: `${party}.` });
  }

  #ask(
    party: string,
    { count, kind, note }: { count: number; kind: "ordinary" | "read" | "aside"; note: string },
  ): void {
    const act = () => {
      this.begun.push(note);
      return new Promise<void>((resolve) => this.#ends.push(resolve));
    };
    for (let asked = 0; asked < count; asked++) {
      this.#done.push(this.queue.run(party, act, { kind }));
    }
  }

  /** Ends the turn that has lasted longest, and lets the next begin. */
  async end(): Promise<void> {
    this.#ends.shift()!();
    await settled();
  }

  async endAll(): Promise<string[]> {
    await settled();
    while (this.#ends.length > 0) await this.end();
    await Promise.all(this.#done);
    return this.begun;
  }
}

Deno.test("queue: the limit of turns at a time is reached and not exceeded", async () => {
  const scene = new Scene(3);
  for (const party of "abcde") scene.ask(party);
  await settled();
  assertEquals([scene.begun.length, scene.queue.inFlight, scene.queue.waiting], [3, 3, 2]);
  await scene.end();
  assertEquals([scene.begun.length, scene.queue.inFlight, scene.queue.waiting], [4, 3, 1]);
  await scene.endAll();
  assertEquals([scene.begun.length, scene.queue.inFlight, scene.queue.waiting], [5, 0, 0]);
});

Deno.test("queue: a party has one turn at a time, even when more could run", async () => {
  const scene = new Scene(3);
  scene.ask("a", 5);
  scene.ask("b", 1);
  await settled();
  assertEquals([scene.begun.join(""), scene.queue.inFlight, scene.queue.waiting], ["ab", 2, 4]);
  scene.ask("c", 1);
  await settled();
  assertEquals(scene.begun.join(""), "abc");
  assertEquals((await scene.endAll()).join(""), "abcaaaa");
});

const rows: readonly {
  title: string;
  asks: readonly (readonly [string, number])[];
  order: string;
}[] = [
  { title: "one party's turns come in order of asking", asks: [["a", 3]], order: "aaa" },
  { title: "two who ask alike take turns", asks: [["a", 3], ["b", 3]], order: "ababab" },
  {
    title: "who asks once waits for one turn of a flood",
    asks: [["a", 6], ["b", 1], ["c", 1]],
    order: "abcaaaaa",
  },
  { title: "a flood is as fast as may be when alone", asks: [["a", 4], ["b", 1]], order: "abaaa" },
];

for (const { title, asks, order } of rows) {
  Deno.test(`queue: ${title}`, async () => {
    const scene = new Scene(1);
    // Somebody has the only turn while all of them ask.
    scene.ask("-");
    for (const [party, count] of asks) scene.ask(party, count);
    assertEquals((await scene.endAll()).join(""), `-${order}`);
  });
}

Deno.test("queue: between two turns of a busy member, a flooding member has at most one", async () => {
  const scene = new Scene(1);
  scene.ask("flood", 100);
  await settled();
  for (let round = 0; round < 20; round++) {
    // The flood is in its turn, and has many left. The next turn is the honest party's even so.
    scene.ask("honest");
    await scene.end();
    assertEquals(scene.begun.slice(-2), ["flood", "honest"]);
    await scene.end();
  }
  assertEquals(scene.begun.length, 41);
  await scene.endAll();
});

Deno.test("queue: the result or error of a task is passed on, and its turn ends", async () => {
  const queue = new FairQueue({ inFlightMax: 1 });
  const share = queue.share("a");
  const failing = share.run(() => Promise.reject(new Error("cannot be decrypted")));
  const fine = share.run(() => Promise.resolve(7));
  await assertRejects(() => failing, Error, "cannot be decrypted");
  assertEquals([await fine, queue.inFlight], [7, 0]);
});

Deno.test("queue: after a change of its party a share takes turns of the new party", async () => {
  const order: string[] = [];
  const queue = new FairQueue({ inFlightMax: 1 });
  const [first, second] = [queue.share("address"), queue.share("address")];
  second.party = "member";
  const task = (name: string) => () => {
    order.push(name);
    return settled();
  };
  await Promise.all([
    ...[1, 2, 3].map((at) => first.run(task(`a${at}`))),
    second.run(task("m")),
  ]);
  assertEquals(order.join(" "), "a1 m a2 a3");
});

Deno.test("queue: every task gets its turn, and no waiting party is passed over twice by another", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 3 }),
      fc.array(fc.constantFrom("a", "b", "c", "d"), { maxLength: 30 }),
      async (inFlightMax, asks) => {
        const scene = new Scene(inFlightMax);
        for (const party of asks) scene.ask(party);
        const begun = await scene.endAll();
        assertEquals(begun.toSorted(), asks.toSorted());
        // Once the turns that began without contention are over, parties alternate. Every waiting
        // party gets a turn between two turns of another party.
        const queued = begun.slice(inFlightMax);
        queued.forEach((party, at) => {
          const next = queued.indexOf(party, at + 1);
          if (next === -1) return;
          const between = queued.slice(at + 1, next);
          for (const other of new Set(queued.slice(next))) {
            assert(
              other === party || between.includes(other),
              `${asks.join("")} ${begun.join("")}`,
            );
          }
        });
      },
    ),
    { numRuns: 30 },
  );
});

Deno.test("queue: a member's ordinary turn comes before the reads of all others", async () => {
  const scene = new Scene(1);
  scene.ask("-");
  for (let member = 0; member < 100; member++) scene.askRead(`r${member}`);
  await settled();
  for (let at = 0; at < 10; at++) {
    scene.ask("a");
    await scene.end();
    assertEquals(scene.begun.at(-1), "a");
    // With nobody else waiting, one read runs.
    await scene.end();
    assertEquals(scene.begun.at(-1), `r${at}.`);
  }
  await scene.endAll();
});

Deno.test("queue: ordinary turns of any number of members leave every fourth turn to reads", async () => {
  const scene = new Scene(1);
  scene.ask("-");
  for (const party of "abcdef") scene.ask(party, 2);
  for (const party of "xy") scene.askRead(party);
  assertEquals((await scene.endAll()).join(""), "-abx.cdey.fabcdef");
});

Deno.test("queue: a party's reads and other turns keep the order of asking", async () => {
  const scene = new Scene(1);
  scene.ask("-");
  scene.askRead("a");
  scene.ask("a", 2);
  scene.askRead("a");
  scene.ask("b");
  assertEquals((await scene.endAll()).join(""), "-ba.aaa.");
});

Deno.test("queue: any number of turns aside delays nobody else's turn", async () => {
  const scene = new Scene(1);
  for (const party of "abc") scene.askAside(party);
  scene.ask("d");
  await settled();
  assertEquals([scene.begun.join(""), scene.queue.inFlight], ["ABCd", 1]);
  scene.askAside("e");
  await settled();
  assertEquals([scene.begun.join(""), scene.queue.inFlight], ["ABCdE", 1]);
  await scene.endAll();
  assertEquals([scene.queue.inFlight, scene.queue.waiting], [0, 0]);
});

Deno.test("queue: a party's turns, aside or not, keep the order of asking", async () => {
  const scene = new Scene(3);
  scene.askAside("a");
  scene.ask("a", 2);
  scene.askAside("a");
  scene.ask("b");
  await settled();
  assertEquals([scene.begun.join(""), scene.queue.waiting], ["Ab", 3]);
  assertEquals((await scene.endAll()).join(""), "AbaaA");
});

Deno.test("queue: consecutive turns aside start together, and the next turn starts after all of them", async () => {
  const scene = new Scene(3);
  scene.ask("a");
  scene.askAside("a", 3);
  scene.ask("a");
  scene.askAside("a");
  await settled();
  assertEquals(scene.begun.join(""), "a");
  await scene.end();
  assertEquals([scene.begun.join(""), scene.queue.inFlight], ["aAAA", 0]);
  await scene.end();
  await scene.end();
  assertEquals(scene.begun.join(""), "aAAA");
  await scene.end();
  assertEquals([scene.begun.join(""), scene.queue.inFlight], ["aAAAa", 1]);
  assertEquals((await scene.endAll()).join(""), "aAAAaA");
});
