import { assertEquals } from "@std/assert";
import { chainKey, VerifiedChains } from "../../src/pki/verified_chains.ts";

const forever = { notBeforeMs: 0, notAfterMs: 1000 };

Deno.test("A chain is known from its first to its last moment, and not one past either", () => {
  const chains = new VerifiedChains<string>(1);
  chains.set("key", { result: "good", notBeforeMs: 10, notAfterMs: 20 });
  const table: [atMs: number, expected: string | undefined][] = [
    [9, undefined],
    [10, "good"],
    [20, "good"],
    [21, undefined],
    [NaN, undefined],
  ];
  for (const [atMs, expected] of table) assertEquals(chains.get("key", atMs), expected);
});

Deno.test("Past the capacity the chain that was used longest ago is forgotten", () => {
  const chains = new VerifiedChains<number>(2);
  chains.set("a", { result: 1, ...forever });
  chains.set("b", { result: 2, ...forever });
  chains.get("a", 5);
  chains.set("c", { result: 3, ...forever });
  assertEquals(["a", "b", "c"].map((key) => chains.get(key, 5)), [1, undefined, 3]);
});

Deno.test("The key tells apart roles, anchors, and where one certificate ends and the next begins", () => {
  const bytes = (...values: number[]) => new Uint8Array(values);
  const one = { anchor: { fingerprint: "1" }, role: "member" };
  const keys = [
    chainKey([bytes(1, 2, 3, 4, 5, 6)], one),
    chainKey([bytes(1, 2, 3), bytes(4, 5, 6)], one),
    chainKey([bytes(1, 2, 3, 4, 5, 6)], { ...one, role: "server" }),
    chainKey([bytes(1, 2, 3, 4, 5, 6)], { ...one, anchor: { fingerprint: "2" } }),
  ];
  assertEquals(new Set(keys).size, keys.length);
});
