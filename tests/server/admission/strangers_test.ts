/**
 * The pool of strangers: which one a newcomer displaces.
 */
import { assert, assertEquals } from "@std/assert";
import { strangersMax, strangersOfAddressMax } from "../../../src/limits.ts";
import { type Stranger, Strangers } from "../../../src/server/admission/strangers.ts";

class Pool {
  readonly strangers = new Strangers();
  readonly closed: string[] = [];
  readonly places = new Map<string, Stranger>();

  admit(name: string, address: string): boolean {
    const stranger = this.strangers.admit(address, () => this.closed.push(name));
    if (stranger) this.places.set(name, stranger);
    return stranger !== undefined;
  }

  /** As many as one address may have, named `name0`, `name1` … */
  fill(address: string, name: string): void {
    for (let at = 0; at < strangersOfAddressMax; at++) assert(this.admit(`${name}${at}`, address));
  }

  all(name: string): Stranger[] {
    return [...this.places].filter(([one]) => one.startsWith(name)).map(([, place]) => place);
  }
}

Deno.test("strangers: past the limit of an address, a newcomer closes the oldest one there", () => {
  const pool = new Pool();
  pool.admit("other", "2");
  pool.fill("1", "a");
  assertEquals([pool.closed, pool.strangers.count], [[], strangersOfAddressMax + 1]);
  assert(pool.admit("more", "1") && pool.admit("again", "1"));
  assertEquals([pool.closed, pool.strangers.count], [["a0", "a1"], strangersOfAddressMax + 1]);
});

Deno.test("strangers: a full pool closes the oldest one of the address that has most", () => {
  const pool = new Pool();
  pool.admit("first", "first");
  for (let address = 0; pool.strangers.count < strangersMax - 1; address++) {
    const name = `${address}-`;
    const count = Math.min(
      strangersOfAddressMax - (address % 2),
      strangersMax - 1 - pool.strangers.count,
    );
    for (let at = 0; at < count; at++) pool.admit(`${name}${at}`, String(address));
  }
  assert(pool.admit("last", "last"));
  assertEquals([pool.closed, pool.strangers.count], [[], strangersMax]);
  assert(pool.admit("newcomer", "newcomer"));
  assertEquals([pool.closed, pool.strangers.count], [["0-0"], strangersMax]);
});

Deno.test("strangers: one whose first line is to be opened is closed after all others", () => {
  const pool = new Pool();
  pool.fill("1", "a");
  for (const place of pool.all("a").slice(0, 10)) place.speaks();
  for (const place of pool.all("a").slice(10, 20)) place.stays();
  for (let count = 0; count < strangersOfAddressMax - 20; count++) {
    assert(pool.admit(`b${count}`, "1"));
    pool.places.get(`b${count}`)!.speaks();
  }
  // First the silent ones.
  assertEquals(
    pool.closed.map((name) => Number(name.slice(1))).toSorted((a, b) => a - b),
    [
      ...Array(strangersOfAddressMax - 20).keys(),
    ].map((at) => at + 20),
  );
  pool.closed.length = 0;
  for (let count = 0; count < 10; count++) {
    assert(pool.admit(`c${count}`, "1"));
    pool.places.get(`c${count}`)!.speaks();
  }
  // Then those that proved no member, the oldest first.
  assertEquals(pool.closed, [...Array(10).keys()].map((at) => `a${at + 10}`));
  // Then none: what has come later is heard later.
  assertEquals([pool.admit("late", "1"), pool.closed.length], [false, 10]);
  assert(pool.admit("from elsewhere", "2"));
});

Deno.test("strangers: a full pool without silent strangers closes the newest of the address that has most", () => {
  const pool = new Pool();
  for (let address = 0; pool.strangers.count < strangersMax; address++) {
    pool.fill(String(address), `${address}-`);
  }
  for (const place of pool.places.values()) place.speaks();
  assert(pool.admit("newcomer", "elsewhere"));
  assertEquals(pool.closed, [`0-${strangersOfAddressMax - 1}`]);
});

Deno.test("strangers: a stranger that leaves makes room once", () => {
  const pool = new Pool();
  pool.fill("1", "a");
  for (const place of pool.all("a")) {
    place.leave();
    place.leave();
  }
  assertEquals(pool.strangers.count, 0);
  pool.fill("1", "b");
  assertEquals(pool.closed, []);
});

Deno.test("strangers: past half of its limit an address has less time, past half of the pool all have", () => {
  const pool = new Pool();
  for (let at = 0; at < strangersOfAddressMax / 2; at++) pool.admit(`a${at}`, "1");
  assertEquals(pool.strangers.isPressed("1"), false);
  pool.admit("more", "1");
  assertEquals([pool.strangers.isPressed("1"), pool.strangers.isPressed("2")], [true, false]);
  for (let address = 2; pool.strangers.count <= strangersMax / 2; address++) {
    pool.admit(`x${pool.strangers.count}`, String(address));
  }
  assertEquals(pool.strangers.isPressed("nobody's"), true);
});
