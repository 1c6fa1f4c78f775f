import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { Admission, type Ticket } from "../../src/server/admission.ts";
import { named } from "./test_server.ts";

/** Who comes (`+a`) and goes (`-a`), and who then has which place; 0 is being served, "no" is turned away. */
const rows: readonly {
  readonly title: string;
  readonly userLimit: number;
  readonly places: number;
  readonly moves: string;
  readonly then: Readonly<Record<string, number | "no">>;
}[] = [
  { title: "the first is served", userLimit: 1, places: 1, moves: "+a", then: { a: 0 } },
  {
    title: "up to the limit everybody is served",
    userLimit: 3,
    places: 1,
    moves: "+a +b +c",
    then: { a: 0, b: 0, c: 0 },
  },
  {
    title: "one past the limit waits at place 1",
    userLimit: 2,
    places: 1,
    moves: "+a +b +c",
    then: { a: 0, b: 0, c: 1 },
  },
  {
    title: "places are given in order of arrival",
    userLimit: 1,
    places: 3,
    moves: "+a +b +c +d",
    then: { a: 0, b: 1, c: 2, d: 3 },
  },
  {
    title: "one past the waiting room is turned away",
    userLimit: 1,
    places: 2,
    moves: "+a +b +c +d",
    then: { a: 0, b: 1, c: 2, d: "no" },
  },
  {
    title: "without a waiting room, one past the limit is turned away",
    userLimit: 1,
    places: 0,
    moves: "+a +b",
    then: { a: 0, b: "no" },
  },
  {
    title: "when a served one leaves, the first is served and all behind move up",
    userLimit: 1,
    places: 3,
    moves: "+a +b +c +d -a",
    then: { b: 0, c: 1, d: 2 },
  },
  {
    title: "when a waiting one leaves, those behind it move up and nobody else",
    userLimit: 1,
    places: 3,
    moves: "+a +b +c +d -c",
    then: { a: 0, b: 1, d: 2 },
  },
  {
    title: "when the last of the queue leaves, nothing else changes",
    userLimit: 1,
    places: 3,
    moves: "+a +b +c -c",
    then: { a: 0, b: 1 },
  },
  {
    title: "a place that became free is given to the next who comes",
    userLimit: 1,
    places: 1,
    moves: "+a +b +c -b +d",
    then: { a: 0, c: "no", d: 1 },
  },
  {
    title: "leaving twice frees one place only",
    userLimit: 1,
    places: 2,
    moves: "+a +b +c -a -a",
    then: { b: 0, c: 1 },
  },
  {
    title: "when all have left, everything is free again",
    userLimit: 1,
    places: 1,
    moves: "+a +b -b -a +c +d",
    then: { c: 0, d: 1 },
  },
];

for (const { title, userLimit, places, moves, then } of rows) {
  Deno.test(`admission: ${title}`, () => {
    const admission = new Admission({ userLimit, places });
    const tickets = play(admission, moves);
    const found = Object.keys(then).map((name) => [name, tickets.get(name)?.place ?? "no"]);
    assertEquals(Object.fromEntries(found), then);
    const placed = Object.values(then);
    assertEquals(admission.servedCount, placed.filter((place) => place === 0).length);
    const waiting = placed.filter((place) => place !== "no" && place > 0);
    assertEquals(admission.waitingCount, waiting.length);
  });
}

Deno.test("admission: whoever waits is told each new place, and its turn", async () => {
  const admission = new Admission({ userLimit: 1, places: 2 });
  const tickets = play(admission, "+a +b +c");
  const waiting = tickets.get("c")!;
  const places: number[] = [];
  const told = (async () => {
    for (let place = waiting.place; place > 0; place = waiting.place) {
      places.push(place);
      await waiting.moved(place);
    }
  })();
  tickets.get("a")!.release();
  await Promise.resolve();
  await Promise.resolve();
  tickets.get("b")!.release();
  await told;
  assertEquals(places, [2, 1]);
});

Deno.test("admission: a place that has changed already is told at once", async () => {
  const admission = new Admission({ userLimit: 1, places: 2 });
  const tickets = play(admission, "+a +b +c");
  tickets.get("a")!.release();
  await tickets.get("c")!.moved(2);
  assertEquals(tickets.get("c")!.place, 1);
});

Deno.test("admission: whatever comes and goes, never more are served or wait than may, and nobody is overtaken", () => {
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 4 }),
    fc.integer({ min: 0, max: 4 }),
    fc.array(fc.oneof(fc.constant(-1), fc.nat({ max: 20 })), { maxLength: 60 }),
    (userLimit, places, moves) => {
      const admission = new Admission({ userLimit, places });
      const here: Ticket[] = [];
      for (const move of moves) {
        if (move < 0) {
          const ticket = admission.enter("");
          assertEquals(ticket === undefined, here.length === userLimit + places);
          if (ticket) here.push(ticket);
        } else if (move < here.length) {
          here.splice(move, 1)[0]!.release();
        }
        // In order of arrival, the served ones first.
        const expected = here.map((_, at) => Math.max(0, at + 1 - userLimit));
        assertEquals(here.map(({ place }) => place), expected);
      }
      for (const ticket of here) ticket.release();
      assertEquals([admission.servedCount, admission.waitingCount], [0, 0]);
    },
  ));
});

for (const { userLimit, limit } of [{ userLimit: 1, limit: 64 }, { userLimit: 100, limit: 75 }]) {
  Deno.test(`admission: with ${userLimit} users one address may have ${limit} connections, and not one more`, () => {
    const admission = new Admission({ userLimit, places: 1000 });
    const tickets = Array.from({ length: limit }, () => admission.enter("192.0.2.1")!);
    assertEquals([admission.addressLimit, tickets.every(Boolean)], [limit, true]);
    assertEquals([admission.isFullFor("192.0.2.1"), admission.enter("192.0.2.1")], [
      true,
      undefined,
    ]);
    assertEquals(admission.isFullFor("192.0.2.2"), false);
    const other = admission.enter("192.0.2.2")!;
    // Served or waiting, who leaves makes room; leaving twice makes it once.
    for (const leaving of [tickets[0]!, tickets.at(-1)!, tickets.at(-1)!]) leaving.release();
    assertEquals([admission.enter("192.0.2.1"), admission.enter("192.0.2.1")].map(Boolean), [
      true,
      true,
    ]);
    assertEquals([admission.enter("192.0.2.1"), Boolean(other)], [undefined, true]);
  });
}

function play(admission: Admission, moves: string): Map<string, Ticket> {
  const tickets = new Map<string, Ticket>();
  for (const move of moves.split(" ")) {
    const name = move.slice(1);
    if (move.startsWith("-")) {
      tickets.get(name)!.release();
      continue;
    }
    const ticket = admission.enter("");
    if (ticket) tickets.set(name, ticket);
  }
  return tickets;
}

for (const [userLimit, limit] of [[1, 2], [2, 2], [3, 2], [4, 3], [8, 6], [100, 75]] as const) {
  Deno.test(`admission: with ${userLimit} users one account may have ${limit} connections, and as many again when they are given back`, () => {
    const admission = new Admission({ userLimit, places: 0 });
    for (let round = 0; round < 2; round++) {
      const held = Array.from({ length: limit }, () => admission.enterAccount(named("alice"))!);
      assertEquals(admission.enterAccount(named("alice")), undefined);
      const other = admission.enterAccount(named("bob"))!;
      held[0]!();
      held[0]!();
      held[0] = admission.enterAccount(named("alice"))!;
      assertEquals(admission.enterAccount(named("alice")), undefined);
      for (const giveBack of [...held, other]) giveBack();
    }
  });
}
