/**
 * Wallets in memory: the one of tests, and the one of simulated machines.
 */
import { Dice } from "../../simulation/dice.ts";
import { SimulatedDisk } from "../../simulation/simulated_disk.ts";
import { SimulatedMachine, SimulatedProcess } from "../../simulation/simulated_process.ts";
import { Timeline } from "../../simulation/timeline.ts";
import { KeptWallet, MemoryWalletStore } from "./memory_wallet_store.ts";
import { testWalletStore } from "./wallet_store_contract.ts";

testWalletStore("a wallet in memory", async (use) => {
  const kept = new KeptWallet();
  await use(() => new MemoryWalletStore(kept));
});

testWalletStore("a simulated wallet", async (use) => {
  const timeline = new Timeline({ endMs: 60_000 });
  const machine = new SimulatedMachine("10.0.0.1", timeline);
  const disk = new SimulatedDisk(new Dice(1));
  await timeline.until(use(() => disk.storeOf(new SimulatedProcess(machine))));
});
