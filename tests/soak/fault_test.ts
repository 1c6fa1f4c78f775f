import { assertEquals } from "@std/assert";
import { faultMinutes } from "./fault_minutes.ts";

Deno.test("whatever is cut off or killed, all members' receipts are in the ledger and no payment stays in doubt", async () => {
  const { faults } = await faultMinutes({
    members: 4,
    isEnough: (faults) => faults === 3,
    everyMs: 300,
    faults: ["cut", "kill", "cut"],
    say: () => {},
  });
  assertEquals(faults, { cut: 2, kill: 1 });
});
