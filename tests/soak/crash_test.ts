import { assertEquals } from "@std/assert";
import { crashRounds } from "./crash_rounds.ts";

Deno.test("a server that is killed at random moments loses no receipt and books nothing twice", async () => {
  const rounds: number[] = [];
  await crashRounds({ rounds: 2, members: 4, onRound: ({ number }) => rounds.push(number) });
  assertEquals(rounds, [1, 2]);
});
