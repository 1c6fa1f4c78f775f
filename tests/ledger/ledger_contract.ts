/**
 * The contract of every ledger. Each implementation's test file calls {@link ledgerContract}.
 */
import type { Ledger } from "../../src/ledger/ledger.ts";
import { invitingContract } from "./contract_inviting.ts";
import { bookingAtOnceContract, bookingContract, clockContract } from "./contract_booking.ts";
import { correctingContract } from "./contract_correcting.ts";
import { closingContract, readingContract } from "./contract_reading.ts";
import { followingContract } from "./contract_following.ts";
import { presenceContract, registeringContract } from "./contract_registering.ts";
import { voidingContract } from "./contract_voiding.ts";
import { ledgerProperties } from "./contract_properties.ts";

export interface OpenedLedger {
  /** An empty ledger with the samples' `ledgerId`. */
  readonly ledger: Ledger;
  /** Closes and reopens it. Absent when nothing survives. */
  readonly reopen?: () => Promise<Ledger>;
  /** Closes and deletes it. */
  readonly dispose: () => Promise<void>;
}

export type OpenLedger = () => Promise<OpenedLedger>;

/** Registers one test, which runs on a new ledger. */
export type ContractTest = (
  sentence: string,
  run: (ledger: Ledger, opened: OpenedLedger) => Promise<void>,
) => void;

export interface ContractOptions {
  /** Registers only the tests of concurrent commands, of registrations and of void orders. */
  readonly isShort?: boolean;
}

/** Registers the contract's tests for an implementation. */
export function ledgerContract(
  name: string,
  open: OpenLedger,
  { isShort = false }: ContractOptions = {},
): void {
  const test: ContractTest = (sentence, run) =>
    Deno.test(`${name}: ${sentence}`, async () => {
      const opened = await open();
      try {
        await run(opened.ledger, opened);
      } finally {
        await opened.dispose();
      }
    });
  registeringContract(test);
  voidingContract(test);
  bookingAtOnceContract(test);
  ledgerProperties(name, open, { runs: isShort ? 10 : 60 });
  if (isShort) return;
  invitingContract(test);
  presenceContract(test);
  bookingContract(test);
  followingContract(test);
  correctingContract(test);
  clockContract(test);
  readingContract(test);
  closingContract(test);
}
