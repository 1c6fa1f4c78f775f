/**
 * The order in which waiting members are served: by address, and at each address by account.
 */
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { type Waiter, WaitingLine } from "../../../src/server/admission/waiting_line.ts";
import { named } from "../test_server.ts";

interface Named extends Waiter {
  readonly what: string;
}

/** `a1` is account `a` at address 1; several of one account are told apart by their order. */
function lineOf(arrivals: string): { line: WaitingLine<Named>; all: Named[] } {
  const line = new WaitingLine<Named>();
  const all = arrivals.split(" ").map((what) => {
    const waiter = { what, name: named(what[0]!), address: what[1]! };
    line.add(waiter);
    return waiter;
  });
  return { line, all };
}

const rows = [
  { title: "each its own address: in order of arrival", arrivals: "a1 b2 c3", order: "a1 b2 c3" },
  {
    title: "one address with many: the others come between",
    arrivals: "a1 b1 c1 d1 e2 f3",
    order: "a1 e2 f3 b1 c1 d1",
  },
  {
    title: "one account with many: the others of its address come between",
    arrivals: "a1 a1 a1 b1 c1",
    order: "a1 b1 c1 a1 a1",
  },
  {
    title: "one account at two addresses: each address has its turns",
    arrivals: "a1 a2 a1 a2 b1",
    order: "a1 a2 b1 a2 a1",
  },
];

for (const { title, arrivals, order } of rows) {
  Deno.test(`waiting line: ${title}`, () => {
    const { line } = lineOf(arrivals);
    assertEquals(line.order().map(({ what }) => what).join(" "), order);
    const served: string[] = [];
    for (let next; (next = line.takeNext()) !== undefined;) served.push(next.what);
    assertEquals([served.join(" "), line.size], [order, 0]);
  });
}

Deno.test("waiting line: an address that was just served comes after a new one", () => {
  const { line } = lineOf("a1 b1 c1");
  line.takeNext();
  line.add({ what: "x2", name: named("x"), address: "2" });
  assertEquals(line.order().map(({ what }) => what).join(" "), "b1 x2 c1");
});

Deno.test("waiting line: in any sequence of arrivals and departures, order and sizes are right", () => {
  fc.assert(fc.property(
    fc.array(fc.tuple(fc.nat({ max: 3 }), fc.nat({ max: 3 }), fc.nat({ max: 5 })), {
      maxLength: 60,
    }),
    (moves) => {
      const line = new WaitingLine<Named>();
      const here: Named[] = [];
      for (const [account, address, move] of moves) {
        if (move > 3 && here.length > 0) {
          const [leaver] = here.splice((account * 4 + address) % here.length, 1);
          assertEquals([line.remove(leaver!), line.remove(leaver!)], [true, false]);
        } else if (move === 3) {
          const [expected] = line.order();
          const next = line.takeNext();
          assertEquals(next, expected);
          if (next) here.splice(here.indexOf(next), 1);
        } else {
          const waiter = { what: "", name: named(`m${account}`), address: String(address) };
          line.add(waiter);
          here.push(waiter);
        }
        assertEquals([line.size, new Set(line.order()).size], [here.length, here.length]);
        for (const one of ["0", "1", "2", "3"]) {
          const there = here.filter(({ address }) => address === one);
          assertEquals(line.sizeOf(one), there.length);
        }
      }
    },
  ));
});
