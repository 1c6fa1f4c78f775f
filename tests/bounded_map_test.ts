import { assertEquals } from "@std/assert";
import { BoundedMap } from "../src/bounded_map.ts";

Deno.test("past the capacity the least recently used entry is dropped", () => {
  const map = new BoundedMap<string, number>(2);
  map.set("a", 1);
  map.set("b", 2);
  map.get("a");
  map.set("c", 3);
  assertEquals(["a", "b", "c"].map((key) => map.get(key)), [1, undefined, 3]);
});

Deno.test("setting a key again replaces its value and drops no other entry", () => {
  const map = new BoundedMap<string, number>(2);
  map.set("a", 1);
  map.set("b", 2);
  map.set("a", 3);
  assertEquals(["a", "b"].map((key) => map.get(key)), [3, 2]);
  map.set("c", 4);
  assertEquals(["a", "b", "c"].map((key) => map.get(key)), [undefined, 2, 4]);
});

Deno.test("a dropped value is reported, a deleted one is not", () => {
  const dropped: number[] = [];
  const map = new BoundedMap<string, number>(2, (value) => dropped.push(value));
  map.set("a", 1);
  map.set("b", 2);
  map.delete("a");
  map.set("c", 3);
  assertEquals([dropped, map.size, map.values()], [[], 2, [2, 3]]);
  map.set("d", 4);
  assertEquals([dropped, map.values()], [[2], [3, 4]]);
});
