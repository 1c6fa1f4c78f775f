/**
 * A client sends nothing, not a byte, to a server or peer whose greeting is not valid.
 */
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { ClosedError, TimeoutError, UntrustedError } from "../../src/errors.ts";
import { endpointText, type Network } from "../../src/transport/byte_stream.ts";
import { type GreetingOptions, receiveGreeting } from "../../src/transport/connect_channel.ts";
import {
  goodNonce,
  greetingLine,
  hostileGreetings,
  toleratedDates,
} from "../envelope/hostile_greetings.ts";
import { atMs, bob, server } from "../envelope/vector_parties.ts";
import { sessionKeys } from "../envelope/vector_session_keys.ts";
import { x5c } from "../envelope/hostile_message.ts";
import { otherCa, serverCertificate } from "../envelope/hostile_parties.ts";
import { makeParty } from "../pki/certificate_maker.ts";
import { readTrustAnchor } from "../../src/pki/trust_anchor.ts";
import { ManualClock } from "../manual_clock.ts";
import { greetingOptions } from "./channel_fixture.ts";
import { MemoryNetwork } from "./memory_network.ts";
import { ascii, networks, readAll, settled, withEnds } from "./streams.ts";

/**
 * Returns the error of a connecting side that receives these lines. Asserts that it sent nothing
 * and closed.
 */
async function refusal(
  lines: readonly string[],
  options: GreetingOptions,
  network: Network = new MemoryNetwork(),
): Promise<Error> {
  let thrown: unknown;
  await withEnds(network, async ({ near, far }) => {
    const connecting = receiveGreeting(near, options).then(() => "accepted", (error) => error);
    await far.write(ascii(lines.map((line) => `${line}\n`).join("")));
    thrown = await connecting;
    assertEquals(await readAll(far), "");
    assertEquals(await near.read(new Uint8Array(1)), null);
  });
  assertInstanceOf(thrown, Error, String(thrown));
  return thrown;
}

for (const { kind, make: makeNetwork } of networks) {
  for (const { what, role, reason, make } of hostileGreetings) {
    Deno.test(`${kind}: ${what}, greeting as a ${role}, is not trusted and receives nothing`, async () => {
      const error = await refusal([await make()], greetingOptions(role), makeNetwork());
      assertInstanceOf(error, UntrustedError);
      assertStringIncludes(error.message, reason);
    });
  }

  for (
    const line of [
      "SSH-2.0-OpenSSH_9.6 Ubuntu",
      "HTTP/1.1 400 Bad Request\r",
      "220 mail.example.com ESMTP",
      "\u0000\u0001\u0002",
      "a".repeat(65_537),
    ]
  ) {
    const shown = JSON.stringify(line.slice(0, 30));
    Deno.test(`${kind}: a service that begins with ${shown} is not trusted and receives nothing`, async () => {
      const error = await refusal([line], greetingOptions(), makeNetwork());
      assertInstanceOf(error, UntrustedError);
      assert(error.message.startsWith("greet 127.0.0.1:"), error.message);
    });
  }

  Deno.test(`${kind}: the valid greeting, from which each of these differs in one field, is accepted`, async () => {
    for (const role of ["server", "member"] as const) {
      await withEnds(makeNetwork(), async ({ near, far }) => {
        await far.write(ascii(`${greetingLine({ role })}\n`));
        const { greeting } = await receiveGreeting(near, greetingOptions(role));
        assertEquals(greeting.nonce, goodNonce);
        assertEquals(greeting.certificate.party, role === "server" ? server.party : bob.party);
        assertEquals(
          greeting.sessionKey.kid,
          sessionKeys[role === "server" ? "server" : "bob"].kid,
        );
      });
    }
  });
}

const seen = { checkpoint: "a signed note", serverCertificate: "AAAA" };

Deno.test("a greeting of a payee shows what it saw of the ledger, and one of a server does not", async () => {
  await withEnds(new MemoryNetwork(), async ({ near, far }) => {
    await far.write(ascii(`${greetingLine({ role: "member", payload: { seen } })}\n`));
    const { greeting } = await receiveGreeting(near, greetingOptions("member"));
    assertEquals(greeting.seen, seen);
  });
  const faults = [
    ["server", seen, "a server shows a checkpoint in it"],
    ["member", "a signed note", "the body"],
    ["member", { ...seen, more: 1 }, "more"],
    ["member", { checkpoint: seen.checkpoint }, "serverCertificate"],
    ["member", { ...seen, checkpoint: "x".repeat(4097) }, "checkpoint"],
  ] as const;
  for (const [role, said, reason] of faults) {
    const line = greetingLine({ role, payload: { seen: said } });
    const error = await refusal([line], greetingOptions(role));
    assertInstanceOf(error, UntrustedError);
    assertStringIncludes(error.message, reason);
  }
});

for (const { what, payload } of toleratedDates) {
  Deno.test(`a greeting ${what} is accepted, because clocks differ`, async () => {
    await withEnds(new MemoryNetwork(), async ({ near, far }) => {
      await far.write(ascii(`${greetingLine({ payload })}\n`));
      assertEquals((await receiveGreeting(near, greetingOptions())).greeting.nonce, goodNonce);
    });
  });
}

Deno.test("a client that trusts another CA sends our server nothing", async () => {
  const other = readTrustAnchor(otherCa.der, { atMs });
  const resolveAnchor = () => Promise.resolve(other);
  const error = await refusal([greetingLine()], greetingOptions("server", { resolveAnchor }));
  assertInstanceOf(error, UntrustedError);
});

Deno.test("a server whose CA only has our CA's name is not trusted and receives nothing", async () => {
  const { keys } = makeParty();
  const certificate = serverCertificate({ signWith: keys });
  const line = greetingLine({ header: { x5c: x5c(certificate) } });
  const error = await refusal([line], greetingOptions());
  assertInstanceOf(error, UntrustedError);
  assertStringIncludes(error.message, "it was not signed by the CA");
});

Deno.test("a client that decides not to trust a server sends nothing", async () => {
  const refuse = new UntrustedError("nobody has confirmed it");
  const resolveAnchor = () => Promise.reject(refuse);
  assert(
    await refusal([greetingLine()], greetingOptions("server", { resolveAnchor })) === refuse,
  );
});

Deno.test("a server that closes without a greeting is closed, not untrusted", async () => {
  await withEnds(new MemoryNetwork(), async ({ near, far }) => {
    const connecting = receiveGreeting(near, greetingOptions());
    const rejected = assertRejects(() => connecting, ClosedError, "it closed without a greeting");
    far.close();
    await rejected;
  });
});

Deno.test("the client waits for a silent server until the time-out", async () => {
  await withEnds(new MemoryNetwork(), async ({ near, far }) => {
    const clock = new ManualClock(atMs);
    const connecting = receiveGreeting(near, greetingOptions("server", { clock, timeoutMs: 1000 }));
    const rejected = assertRejects(() => connecting, TimeoutError);
    await settled();
    assertEquals(clock.nextDelayMs, 1000);
    clock.advance(1000);
    await rejected;
    assertEquals(await readAll(far), "");
  });
});

Deno.test("the error names the endpoint", async () => {
  await withEnds(new MemoryNetwork(), async ({ near, far }) => {
    const connecting = receiveGreeting(near, greetingOptions());
    const rejected = assertRejects(() => connecting, UntrustedError);
    await far.write(ascii("hello\n"));
    assert((await rejected).message.startsWith(`greet ${endpointText(near.remote)}: `));
  });
});
