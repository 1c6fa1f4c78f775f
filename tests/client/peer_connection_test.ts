/**
 * A payer sends nothing to a peer that is not its payee.
 */
import { assertEquals, assertRejects } from "@std/assert";
import { systemClock } from "../../src/clock.ts";
import { UntrustedError } from "../../src/errors.ts";
import type { Amount } from "../../src/money.ts";
import { CertificateAuthority } from "../../src/pki/certificate_authority.ts";
import { SigningKey } from "../../src/pki/signing_key.ts";
import { systemRandom } from "../../src/random.ts";
import type { ByteStream } from "../../src/transport/byte_stream.ts";
import { named, startServer } from "../server/test_server.ts";
import { honest, type Result, resultOf } from "./payment/payee_scripts.ts";
import { greetingIdentities } from "./greeting_identities.ts";
import { memberOf, type PayeeOptions, TestPayee } from "./test_member.ts";

Deno.test("pay: the payer sends nothing to anybody but the payee", async (t) => {
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
      const behave = () => Promise.resolve();
      await using payee = await TestPayee.logIn(server, bob, { behave, ...options });
      const member = await memberOf(server, alice, { ...(timeoutMs && { timeoutMs }) });
      const terms = { payee: named("bob"), amount: 1 as Amount };
      assertEquals(await resultOf(() => member.pay(terms)), result);
      assertEquals(payee.messages, []);
      await member.abandon();

      await server.ledger.takeOffline(named("bob"));
    });
  }
});

Deno.test("pay: the payer sends nothing to a listener that greets without a good certificate of the payee", async (t) => {
  const { authority, privateKeyPem } = CertificateAuthority.create({
    clock: systemClock,
    random: systemRandom,
  });
  const caKey = SigningKey.read(privateKeyPem);

  await using server = await startServer({ authority });
  const bob = await server.enroll("bob");
  const payer = await memberOf(server, await server.enroll("alice"));
  const pay = () => payer.pay({ payee: named("bob"), amount: 1 as Amount });
  for (const row of greetingIdentities(bob, { authority, caKey })) {
    const { title, identity: greetsAs, reason } = row;
    await t.step(title, async () => {
      await using payee = await TestPayee.logIn(server, bob, { behave: honest, greetsAs });
      if (reason === undefined) assertEquals(await resultOf(pay), "paid");
      else await assertRejects(pay, UntrustedError, reason);
      assertEquals(payee.messages.length, reason === undefined ? 1 : 0);
      assertEquals(await server.balanceOf("bob"), 10_001);
    });
    await server.ledger.takeOffline(named("bob"));
  }
  await payer.abandon();
});

function saying(text: string): (stream: ByteStream) => Promise<void> {
  return (stream) => stream.write(new TextEncoder().encode(text));
}
