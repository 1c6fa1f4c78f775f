/**
 * A payer sends nothing to whoever is not its payee.
 */
import { assertEquals } from "@std/assert";
import type { Amount } from "../../src/money.ts";
import type { ByteStream } from "../../src/transport/byte_stream.ts";
import { inFolder } from "../pki/temporary_folder.ts";
import { named, startServer } from "../server/test_server.ts";
import { type Result, resultOf } from "./behaviours.ts";
import { memberOf, type PayeeOptions, TestPayee } from "./test_member.ts";

Deno.test("pay: nothing is sent to somebody who is not the payee", async (t) => {
  await using server = await startServer();
  await using foreign = await startServer();
  const [alice, bob, carol, dave] = [
    await server.enroll("alice"),
    await server.enroll("bob"),
    await server.enroll("carol"),
    await foreign.enroll("bob"),
  ];
  const others: readonly {
    title: string;
    result: Result;
    options: Partial<PayeeOptions>;
    timeoutMs?: number;
  }[] = [
    { title: "another member answers", result: "untrusted", options: { greetsAs: carol } },
    {
      title: "a member of another ledger answers",
      result: "untrusted",
      options: { greetsAs: dave },
    },
    {
      title: "another program answers in a word",
      result: "untrusted",
      options: { instead: saying("HELLO\n") },
    },
    {
      title: "another program answers in its own protocol",
      result: "untrusted",
      options: { instead: saying("220 mail.example.org\r\n") },
    },
    {
      title: "it is closed at once",
      result: 264,
      options: { instead: (stream) => Promise.resolve(stream.close()) },
    },
    {
      title: "nothing is said",
      result: 264,
      options: { instead: () => Promise.resolve() },
      timeoutMs: 500,
    },
  ];
  for (const { title, result, options, timeoutMs } of others) {
    await t.step(title, async () => {
      await inFolder(async (folder) => {
        const behave = () => Promise.resolve();
        await using payee = await TestPayee.logIn(server, bob, { behave, ...options });
        const member = await memberOf(server, alice, { folder, ...(timeoutMs && { timeoutMs }) });
        const terms = { to: named("bob"), amount: 1 as Amount };
        assertEquals(await resultOf(() => member.pay(terms)), result);
        assertEquals(payee.messages, []);
        await member.abandon();
      });
      await server.ledger.takeOffline(named("bob"));
    });
  }
});

function saying(text: string): (stream: ByteStream) => Promise<void> {
  return (stream) => stream.write(new TextEncoder().encode(text));
}
