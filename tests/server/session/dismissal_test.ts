/**
 * Revoked and closed members of a running server: their sessions end and can do nothing.
 */
import { assertEquals, assertMatch } from "@std/assert";
import type { Ledger } from "../../../src/ledger/ledger.ts";
import { ledgerWatchMs } from "../../../src/limits.ts";
import type { Ending } from "../../../src/operator/ending.ts";
import { balanceRequestType } from "../../../src/protocol/balance.ts";
import { closingType } from "../../../src/protocol/exit.ts";
import { loginRequestType } from "../../../src/protocol/login.ts";
import { registerRequestType } from "../../../src/protocol/register.ts";
import { LedgerBusyError } from "../../../src/errors.ts";
import { oneTimeCodeDigest } from "../../../src/protocol/register.ts";
import { ManualClock } from "../../manual_clock.ts";
import { makeApplicant, named, startServer, type TestServer } from "../test_server.ts";

const [alice, bob] = [named("alice"), named("bob")];
const code = "7K2M-9QXD-4T0B-ZH5N";

const endings: readonly { title: string; ending: () => Ending }[] = [
  {
    title: "whose certificate is revoked",
    ending: () => {
      const codeDigest = oneTimeCodeDigest(code);
      return { kind: "revocation", name: alice, codeDigest };
    },
  },
  {
    title: "whose account is closed",
    ending: () => ({ kind: "closure", name: alice }),
  },
];

/** A server that looks at its ledger when it is told to. */
async function startWatched(failing: () => boolean = () => false) {
  const clock = new ManualClock(Date.now());
  let [revision, looks] = [1, 0];
  const server = await startServer({
    clock,
    wrap: (ledger) =>
      new Proxy<Ledger>(ledger, {
        get(target, name) {
          if (name === "revision") {
            return () => {
              looks++;
              return failing()
                ? Promise.reject(new LedgerBusyError("locked"))
                : Promise.resolve(revision);
            };
          }
          const value = target[name as keyof Ledger];
          return typeof value === "function" ? value.bind(target) : value;
        },
      }),
  });
  const look = async () => {
    // The next look is scheduled in a turn after the last one's.
    for (const before = looks; looks === before;) {
      clock.advance(ledgerWatchMs);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  return { server, look, change: () => revision++ };
}

function dismissals(server: TestServer): number {
  return server.events.all.filter(({ kind }) => kind === "dismissed").length;
}

for (const { title, ending } of endings) {
  Deno.test(`a member ${title} is told and its sessions end, nobody else's`, async () => {
    const { server, look, change } = await startWatched();
    await using _ = server;
    const [identity, other] = [await server.enroll("alice"), await server.enroll("bob")];
    const links = [await server.link(identity), await server.link(identity)];
    const bobs = await server.link(other);
    await links[0]!.ask(loginRequestType, { name: alice, port: 1 });
    await links[1]!.ask(balanceRequestType, {});
    await bobs.ask(loginRequestType, { name: bob, port: 2 });
    let told = 0;
    for (const link of links) link.listen(closingType, () => told++);
    await server.end(ending());
    change();
    await look();
    for (const { message } of await Promise.all(links.map(({ closed }) => closed))) {
      assertMatch(
        message,
        /: the operator revoked this account's certificate or closed the account$/,
      );
    }
    assertEquals([told, dismissals(server)], [2, 2]);
    assertEquals((await server.ledger.online({ limit: 9 })).map(({ name }) => name), [bob]);
    assertEquals((await bobs.ask(balanceRequestType, {})).outcome, "answered");
  });

  Deno.test(`a member ${title} is refused before the server's next check, and its session ends`, async () => {
    const { server } = await startWatched();
    await using _ = server;
    const link = await server.link(await server.enroll("alice"));
    await link.ask(balanceRequestType, {});
    await server.end(ending());
    const refused = await link.ask(balanceRequestType, {});
    assertEquals(refused, { outcome: "refused", code: 220, text: "AUTH_FAIL" });
    await link.closed;
    assertEquals(dismissals(server), 1);
  });
}

Deno.test("a change of another account ends no session, and no change is checked twice", async () => {
  const { server, look, change } = await startWatched();
  await using _ = server;
  const link = await server.link(await server.enroll("alice"));
  await link.ask(balanceRequestType, {});
  change();
  await look();
  await look();
  assertEquals((await link.ask(balanceRequestType, {})).outcome, "answered");
  assertEquals(dismissals(server), 0);
});

Deno.test("a member with a new certificate stays online when its old session ends", async () => {
  const { server, look, change } = await startWatched();
  await using _ = server;
  const old = await server.link(await server.enroll("alice"));
  await old.ask(loginRequestType, { name: alice, port: 1 });
  await server.end(endings[0]!.ending());
  const applicant = makeApplicant("alice");
  const asking = await server.link(applicant.signer);
  assertEquals((await asking.ask(registerRequestType, { name: alice })).outcome, "refused");
  assertEquals((await asking.ask(registerRequestType, { name: alice, code })).outcome, "answered");
  await server.ledger.bringOnline({
    name: alice,
    host: "127.0.0.1",
    publicPort: 1,
    privatePort: 7,
    server: server.server.id,
  });
  change();
  await look();
  await old.closed;
  assertEquals((await server.ledger.presence(alice))?.privatePort, 7);
});

Deno.test("the server checks a busy ledger again", async () => {
  let failing = false;
  const { server, look, change } = await startWatched(() => failing);
  await using _ = server;
  const link = await server.link(await server.enroll("alice"));
  await link.ask(balanceRequestType, {});
  await server.end(endings[0]!.ending());
  change();
  failing = true;
  await look();
  assertEquals(dismissals(server), 0);
  failing = false;
  await look();
  await link.closed;
  assertEquals(dismissals(server), 1);
});
