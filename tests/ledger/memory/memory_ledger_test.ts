import { MemoryLedger } from "./memory_ledger.ts";
import { ledgerContract } from "../ledger_contract.ts";
import { relayStoreContract } from "../contract_relaying.ts";
import { ledgerId } from "../ledger_samples.ts";

ledgerContract("memory ledger", () => {
  const ledger = new MemoryLedger({ ledgerId });
  return Promise.resolve({ ledger, dispose: () => ledger.close() });
});

relayStoreContract("memory ledger", (sentence, run) =>
  Deno.test(sentence, async () => {
    let nowMs = 0;
    await run(new MemoryLedger({ ledgerId, relays: true, nowMs: () => nowMs }), {
      pass: (ms) => {
        nowMs += ms;
        return Promise.resolve();
      },
    });
  }));
