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
