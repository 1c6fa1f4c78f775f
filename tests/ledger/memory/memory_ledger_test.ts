import { MemoryLedger } from "./memory_ledger.ts";
import { ledgerContract } from "../ledger_contract.ts";
import { ledgerId } from "../ledger_samples.ts";

ledgerContract("memory ledger", () => {
  const ledger = new MemoryLedger({ ledgerId });
  return Promise.resolve({ ledger, dispose: () => ledger.close() });
});
