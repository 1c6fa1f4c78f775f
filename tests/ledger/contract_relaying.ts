/** The contract of what passes relayed messages between the servers of a ledger. */
import { assertEquals } from "@std/assert";
import type { Ledger } from "../../src/ledger/ledger.ts";
import type { PassedMessage } from "../../src/ledger/relay_store.ts";
import { relayedBacklogMax, relayedKeptMsMax, relayedReadAtOnce } from "../../src/limits.ts";
import { alice, bob } from "./ledger_samples.ts";

interface Storage {
  /** Lets so much time of the storage pass. */
  readonly pass: (ms: number) => Promise<void>;
}

type RelayTest = (
  sentence: string,
  run: (ledger: Ledger, storage: Storage) => Promise<void>,
) => void;

/** Registers the contract's tests for an implementation. */
export function relayStoreContract(name: string, test: RelayTest): void {
  test(`${name}: relayed messages: one of each connection and direction waits, and stays until it is removed`, async (ledger) => {
    const store = ledger.relayStore()!;
    const opening = message(1, { opening: { payer: alice, payee: bob } });
    assertEquals(await store.send(opening), true);
    assertEquals(await store.receive("there", []), [opening]);
    assertEquals(await store.send(message(2, { data: "x\n" })), false);
    // A server that does not know whether it was stored stores it again.
    assertEquals(await store.send(opening), true);
    const back = { ...message(1, { data: "back\n" }), to: "here", from: "there" };
    assertEquals(await store.send(back), true);
    assertEquals(await store.receive("there", []), [opening]);
    assertEquals(await store.receive("there", [opening.connection]), []);
    assertEquals(await store.receive("here", []), [back]);
    await store.remove(opening);
    await store.remove(opening);
    assertEquals(await store.receive("there", []), []);
    assertEquals(await store.send(message(2, { data: "x\n" })), true);
  });

  test(`${name}: relayed messages: the end of a connection joins the message that waits, and neither is lost`, async (ledger) => {
    const store = ledger.relayStore()!;
    const data = message(2, { data: "x\n" });
    await store.send(data);
    assertEquals(await store.send(message(3, { isEnd: true })), true);
    const joined = { ...data, isEnd: true };
    assertEquals(await store.receive("there", []), [joined]);
    // It was received before the end came.
    await store.remove(data);
    assertEquals(await store.receive("there", []), [joined]);
    await store.remove(joined);
    assertEquals(await store.receive("there", []), []);
    const alone = message(3, { isEnd: true });
    await store.send(alone);
    assertEquals(await store.receive("there", []), [alone]);
  });

  test(`${name}: relayed messages: so many wait for a server, and only ends come beyond that`, async (ledger) => {
    const store = ledger.relayStore()!;
    const of = (count: number) => ({
      ...message(1, { data: "x\n" }),
      connection: String(count).padStart(22, "0"),
    });
    const counts = Array.from({ length: relayedBacklogMax }, (_, count) => count);
    for (const count of counts) assertEquals(await store.send(of(count)), true);
    assertEquals(await store.send(of(relayedBacklogMax)), false);
    assertEquals(await store.send({ ...of(0), to: "elsewhere" }), true);
    assertEquals(await store.send({ ...of(relayedBacklogMax), isEnd: true }), true);
    assertEquals((await store.receive("there", [])).length, relayedReadAtOnce);
  });

  test(
    `${name}: relayed messages: those for a server that is gone, and old ones, are deleted`,
    async (ledger, { pass }) => {
      const store = ledger.relayStore()!;
      await ledger.attend("there");
      await store.send(message(1, { data: "x\n" }));
      await store.send({ ...message(1, { data: "x\n" }), to: "gone" });
      await ledger.attend("there");
      assertEquals((await store.receive("there", [])).length, 1);
      assertEquals(await store.receive("gone", []), []);
      await pass(relayedKeptMsMax + 1);
      await ledger.attend("there");
      assertEquals(await store.receive("there", []), []);
    },
  );
}

function message(number: number, content: Partial<PassedMessage>): PassedMessage {
  const connection = "A".repeat(22);
  return { to: "there", from: "here", connection, number, isEnd: false, ...content };
}
