/**
 * The limits on registrations, for each address and in all.
 */
import { assert, assertEquals } from "@std/assert";
import type { Ledger } from "../../../src/ledger/ledger.ts";
import {
  registrationEveryMs,
  registrationReportMs,
  registrationsAtOnce,
} from "../../../src/limits.ts";
import { oneTimeCodeDigest, registerRequestType } from "../../../src/protocol/register.ts";
import { Registrations } from "../../../src/server/admission/registrations.ts";
import type { ServerEvent } from "../../../src/server/server_event.ts";
import { ManualClock } from "../../manual_clock.ts";
import { Scene } from "../../hostile/scene.ts";
import { makeApplicant, named } from "../test_server.ts";

const remote = { host: "192.0.2.1", port: 1 };

function registrationsAfter(count: number) {
  const clock = new ManualClock();
  const events: ServerEvent[] = [];
  const report = (event: ServerEvent) => events.push(event);
  const registrations = new Registrations({ clock, report, accountsMax: 7 });
  for (let taken = 0; taken < count; taken++) assert(registrations.take(remote));
  return { clock, events, registrations };
}

Deno.test("registrations: an address has a number at once, and one more in each interval", () => {
  const { clock, registrations } = registrationsAfter(registrationsAtOnce);
  assertEquals(registrations.take(remote), false);
  assertEquals(registrations.take({ host: "192.0.2.2", port: 1 }), true);
  clock.advance(registrationEveryMs - 1);
  assertEquals(registrations.take(remote), false);
  clock.advance(1);
  assertEquals([registrations.take(remote), registrations.take(remote)], [true, false]);
});

Deno.test("registrations: the operator learns of each limit, but not of each refusal", () => {
  const { clock, events, registrations } = registrationsAfter(registrationsAtOnce);
  for (let again = 0; again < 10; again++) registrations.take(remote);
  for (let again = 0; again < 10; again++) registrations.reportFullLedger(remote);
  const told: ServerEvent[] = [
    { kind: "registration_limit", remote, limit: "address", most: registrationsAtOnce },
    { kind: "registration_limit", remote, limit: "accounts", most: 7 },
  ];
  assertEquals(events, told);
  clock.advance(registrationReportMs);
  registrations.reportFullLedger(remote);
  registrations.reportFullLedger(remote);
  assertEquals(events, [...told, told[1]!]);
});

Deno.test("registrations: in a full ledger a newcomer is refused, and a registered member may register again", async () => {
  await using scene = await Scene.open({ accountsMax: 2 });
  const { server } = scene;
  const [alice] = [makeApplicant("alice"), await server.enroll("bob")];
  assertEquals((await server.register(alice)).outcome, "answered");
  const refused = await server.register(makeApplicant("carol"));
  assert(refused.outcome === "refused");
  assertEquals([refused.code, refused.text], [
    212,
    "FAIL: this ledger has all the accounts that it may have; ask the operator",
  ]);
  assertEquals((await server.register(alice)).outcome, "answered");
  assertEquals((await server.ledger.totals()).accounts, 2);
  assertEquals(scene.count("registration_limit"), 1);
});

Deno.test("registrations: requests for closed accounts, or for accounts that need a code, do not count against an address", async () => {
  let reads = 0;
  const wrap = (ledger: Ledger) =>
    new Proxy(ledger, {
      get(target, name: keyof Ledger) {
        if (name === "changes") reads++;
        return target[name].bind(target);
      },
    });
  await using scene = await Scene.open({ wrap });
  const { server } = scene;
  const codeDigest = oneTimeCodeDigest("right");
  await Promise.all([server.enroll("revoked"), server.enroll("closed")]);
  await server.end({ kind: "revocation", name: named("revoked"), codeDigest });
  await server.end({ kind: "closure", name: named("closed") });
  const ask = async (name: string, code: string, times: number) => {
    const { signer } = await makeApplicant(name);
    const link = await server.link(signer, await scene.greet("198.51.100.1"));
    const codes = new Set<number>();
    for (let time = 0; time < times; time++) {
      const outcome = await link.ask(registerRequestType, { name: named(name), code });
      codes.add(outcome.outcome === "refused" ? outcome.code : 100);
    }
    await link.end();
    return [...codes];
  };
  assertEquals(await ask("revoked", "wrong", registrationsAtOnce / 2), [210]);
  assertEquals(await ask("closed", "wrong", registrationsAtOnce / 2), [210]);
  assertEquals(await ask("carol", "none", 1), [100]);
  // Nor does a guess make the server read all account changes.
  assertEquals(reads, 0);
  assertEquals(await ask("revoked", "right", 1), [100]);
});

Deno.test("registrations: past its limit an address is refused, and other addresses are not", async () => {
  await using scene = await Scene.open();
  const { server } = scene;
  const ask = async (name: string, host: string) => {
    const { signer } = makeApplicant(name);
    const link = await server.link(signer, await scene.greet(host));
    const outcome = await link.ask(registerRequestType, { name: named(name) });
    await link.end();
    scene.clock.advance(100);
    return outcome.outcome === "refused" ? outcome.code : 100;
  };
  for (let count = 0; count < registrationsAtOnce; count++) {
    assertEquals(await ask(`m${count}`, "198.51.100.1"), 100);
  }
  assertEquals(await ask("one", "198.51.100.1"), 211);
  assertEquals(await ask("two", "198.51.100.2"), 100);
  // A taken name is refused as before, and costs nothing.
  assertEquals(await ask("m0", "198.51.100.1"), 210);
});
