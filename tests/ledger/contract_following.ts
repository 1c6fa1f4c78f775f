/** Part of the contract: the decisions that a ledger tells. */
import { assert, assertEquals } from "@std/assert";
import type { Decision, Ledger } from "../../src/ledger/ledger.ts";
import type { ContractTest } from "./ledger_contract.ts";
import { alice, bob, certificateOf, noonMs, payment, registration } from "./ledger_samples.ts";

export function followingContract(test: ContractTest): void {
  const voiding = (order: ReturnType<typeof payment>) => ({
    id: order.id,
    digest: order.orderDigest,
    payer: alice,
    certificate: certificateOf(alice).fingerprint,
    expiresAtMs: order.exp * 1000,
    code: 265,
    atMs: noonMs,
  });

  test("follow: each booked and each void order is told once, with what it was asked by, before the answer", async (ledger) => {
    await openBoth(ledger);
    const told = followed(ledger);
    const order = payment([alice, bob], 300);
    const booked = await ledger.book(order);
    assert(booked.outcome === "booked");
    assertEquals(told, [{ entry: booked.entry, cause: order }]);
    assert("entry" in told[0]! && told[0].cause === order);
    await ledger.book(order);
    const refused = voiding(payment([alice, bob], 1, { id: 2 }));
    await ledger.voidOrder(refused);
    await ledger.voidOrder(refused);
    assertEquals(told.slice(1), [{ voided: refused, cause: refused }]);
  });

  test("follow: orders of one turn are told in order of their entries", async (ledger) => {
    await openBoth(ledger);
    const told = followed(ledger);
    const orders = Array.from({ length: 40 }, (_, at) => payment([alice, bob], 1, { id: at + 1 }));
    await Promise.all(orders.map((order) => ledger.book(order)));
    assertEquals(told.map(({ cause }) => cause), orders);
  });

  test("follow: what members do not sign, what is refused and what comes later is not told", async (ledger) => {
    await openBoth(ledger);
    const told: Decision[] = [];
    const stop = ledger.follow((some) => Promise.resolve(void told.push(...some)));
    await ledger.book(payment(["@issuer", alice], 5, { id: 3, kind: "deposit" }));
    await ledger.book(payment([alice, bob], 100_000, { id: 4 }));
    await ledger.book(payment([alice, bob], 1, { id: 5 }));
    stop();
    await ledger.book(payment([alice, bob], 1, { id: 6 }));
    assertEquals(told.length, 1);
  });
}

async function openBoth(ledger: Ledger): Promise<void> {
  await ledger.register(registration(alice, 1000));
  await ledger.register(registration(bob, 1000));
}

/** Returns the decisions from now on, as they come. */
function followed(ledger: Ledger): Decision[] {
  const told: Decision[] = [];
  ledger.follow((some) => Promise.resolve(void told.push(...some)));
  return told;
}
