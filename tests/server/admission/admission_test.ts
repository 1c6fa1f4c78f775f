import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { waitingPlacesOfAccount, waitingPlacesOfAddress } from "../../../src/limits.ts";
import { Admission, type Ticket } from "../../../src/server/admission/admission.ts";
import { named } from "../test_server.ts";

/** Each comes from an address of its own and has an account of its own. */
function enter(admission: Admission, name: string, address = name) {
  return admission.enter({ name: named(name), address });
}

function ticketOf(admission: Admission, name: string, address?: string): Ticket | undefined {
  const entered = enter(admission, name, address);
  return entered.outcome === "entered" ? entered.ticket : undefined;
}

/**
 * Arrivals (`+a`), departures (`-a`) and the places after them. 0 is served, "no" is turned away.
 */
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

Deno.test("admission: a waiting member is told each new place, and when it is served", () => {
  const admission = new Admission({ userLimit: 1, places: 2 });
  const tickets = play(admission, "+a +b +c");
  const waiting = tickets.get("c")!;
  const places = [waiting.place];
  waiting.onMove = () => places.push(waiting.place);
  tickets.get("a")!.release();
  tickets.get("b")!.release();
  assertEquals(places, [2, 1, 0]);
});

Deno.test("admission: in any sequence of arrivals and departures, the limits hold and nobody is overtaken", () => {
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 4 }),
    fc.integer({ min: 0, max: 4 }),
    fc.array(fc.oneof(fc.constant(-1), fc.nat({ max: 20 })), { maxLength: 60 }),
    (userLimit, places, moves) => {
      const admission = new Admission({ userLimit, places });
      const here: Ticket[] = [];
      for (const [at, move] of moves.entries()) {
        if (move < 0) {
          const ticket = ticketOf(admission, `m${at}`);
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

Deno.test("admission: a member waits at most for one member of each other address, however many wait there", () => {
  const admission = new Admission({ userLimit: 1, places: 1000 });
  const serving = ticketOf(admission, "first")!;
  for (let count = 0; count < waitingPlacesOfAddress; count++) {
    ticketOf(admission, `m${count}`, "198.51.100.1");
  }
  assertEquals(enter(admission, "more", "198.51.100.1"), { outcome: "full", of: "address" });
  const other = ticketOf(admission, "other", "192.0.2.7")!;
  assertEquals(other.place, 2);
  serving.release();
  assertEquals(other.place, 1);
});

Deno.test("admission: a full waiting room has no place for anybody", () => {
  const admission = new Admission({ userLimit: 1, places: 1 });
  play(admission, "+a +b");
  assertEquals(enter(admission, "c"), { outcome: "full", of: "everybody" });
});

for (const [userLimit, limit] of [[3, 2], [4, 3], [8, 6], [100, 75]] as const) {
  Deno.test(`admission: with ${userLimit} users one account may hold ${limit} permits, and as many again after it released them`, () => {
    const admission = new Admission({ userLimit, places: 0 });
    for (let round = 0; round < 2; round++) {
      const held = Array.from({ length: limit }, () => ticketOf(admission, "alice")!);
      assertEquals(enter(admission, "alice"), { outcome: "surplus" });
      held[0]!.release();
      held[0]!.release();
      held[0] = ticketOf(admission, "alice")!;
      assertEquals(enter(admission, "alice"), { outcome: "surplus" });
      for (const ticket of held) ticket.release();
    }
    assertEquals([admission.servedCount, admission.waitingCount], [0, 0]);
  });
}

Deno.test("admission: an account has a limited number of waiting connections", () => {
  const admission = new Admission({ userLimit: 1, places: 1000 });
  ticketOf(admission, "bob");
  const waiting = Array.from(
    { length: waitingPlacesOfAccount },
    () => ticketOf(admission, "alice"),
  );
  assertEquals(enter(admission, "alice"), { outcome: "surplus" });
  waiting[3]!.release();
  assertEquals(enter(admission, "alice").outcome, "entered");
});

Deno.test("admission: a waiting account takes no more than its permits, and the next account gets the others", () => {
  const admission = new Admission({ userLimit: 3, places: 10 });
  const others = ["b", "c", "d"].map((name) => ticketOf(admission, name)!);
  const alice = Array.from({ length: 3 }, () => ticketOf(admission, "alice")!);
  for (const other of others) other.release();
  // Two permits are hers, and one is free.
  assertEquals(alice.map(({ place }) => place), [0, 0, 1]);
  assertEquals([admission.servedCount, ticketOf(admission, "e")!.place], [2, 0]);
  alice[0]!.release();
  assertEquals(alice[2]!.place, 0);
});

function play(admission: Admission, moves: string): Map<string, Ticket> {
  const tickets = new Map<string, Ticket>();
  for (const move of moves.split(" ")) {
    const name = move.slice(1);
    if (move.startsWith("-")) {
      tickets.get(name)!.release();
      continue;
    }
    const ticket = ticketOf(admission, name);
    if (ticket) tickets.set(name, ticket);
  }
  return tickets;
}
