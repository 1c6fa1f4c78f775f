/**
 * A list of everybody, with as many online as a large group has, through the client's own code.
 */
import { assertEquals } from "@std/assert";
import { sha256Hex } from "../../../src/pki/signing_key.ts";
import { memberOf } from "../../client/test_member.ts";
import { named, startServer } from "../test_server.ts";

Deno.test("list: 500 members online, with the longest names and addresses, in order of names", async () => {
  await using server = await startServer();
  const alice = await server.enroll("alice");
  const host = "1000:2000:3000:4000:5000:6000:7000:8000";
  const names = Array.from(
    { length: 500 },
    (_, at) => named(`m${String(at).padStart(3, "0")}`.padEnd(32, "x")),
  );
  for (const name of names) {
    const der = Uint8Array.from(new TextEncoder().encode(name));
    const fingerprint = sha256Hex(der);
    const certificate = { fingerprint, keyFingerprint: fingerprint, der, issuedAtMs: 0 };
    await server.ledger.register({ name, certificate });
    const presence = {
      name,
      host,
      publicPort: 65_535,
      privatePort: 65_535,
      server: server.server.id,
    };
    await server.ledger.bringOnline(presence);
  }
  const member = await memberOf(server, alice);
  const outcome = await member.list();
  assertEquals(outcome, {
    outcome: "answered",
    answer: {
      balance: 10_000,
      online: names.map((name) => ({ name, ip: host, port: 65_535 })),
    },
  });
  await member.abandon();
});

Deno.test("list: a poll is answered like any other, and is reported only when it is refused", async () => {
  await using server = await startServer();
  const alice = await server.enroll("alice");
  const member = await memberOf(server, alice);
  assertEquals(await member.list({ poll: true }), await member.list());
  await server.end({ kind: "closure", name: named("alice") });
  assertEquals((await member.list({ poll: true })).outcome, "refused");
  const reported = server.events.all.flatMap((event) =>
    event.kind === "message" || event.kind === "refused" ? [event] : []
  );
  assertEquals(
    reported.map((event) => event.kind === "message" ? event.notation : event.code),
    ["List", "list", 220],
  );
  await member.abandon();
});
