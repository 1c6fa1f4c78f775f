/** What members ask at two servers of a ledger in PostgreSQL, each with its own certificate. */
import { assert, assertEquals } from "@std/assert";
import { systemClock } from "../../src/clock.ts";
import { openPostgresLedger } from "../../src/ledger/postgres/open_postgres_ledger.ts";
import { historyRequestType } from "../../src/protocol/history.ts";
import { listRequestType } from "../../src/protocol/list.ts";
import { locateRequestType } from "../../src/protocol/locate.ts";
import { loginRequestType } from "../../src/protocol/login.ts";
import { checkpointRequestType } from "../../src/protocol/published_checkpoint.ts";
import { invitationTokenDigest, oneTimeCodeDigest } from "../../src/protocol/register.ts";
import { statusRequestType } from "../../src/protocol/status.ts";
import { systemRandom } from "../../src/random.ts";
import { memberOf } from "../client/test_member.ts";
import { KeptWallet } from "../client/wallet/memory_wallet_store.ts";
import { step } from "../end_to_end/driver.ts";
import { testWith } from "../installed_tool.ts";
import { accessTo, sharedPostgres } from "../ledger/postgres/temporary_postgres.ts";
import { orderPayload, signPayload } from "./order_maker.ts";
import { payByRelay } from "./pay_by_relay.ts";
import { submitOrder } from "./submit_order.ts";
import { makeApplicant, makeAuthority, named, startServer } from "./test_server.ts";

testWith(
  ["initdb"],
  "servers: what a member asks at one server of a PostgreSQL ledger is answered at the other one in the same way",
  async (t) => {
    const access = accessTo((await sharedPostgres()).makeDatabase());
    const authority = makeAuthority();
    const { anchor } = authority;
    const open = () =>
      openPostgresLedger({ access, ledgerId: anchor.fingerprint, random: systemRandom });
    await using here = await startServer({ authority, ledger: await open() });
    await using there = await startServer({ authority, ledger: await open() });
    const [alice, bob] = [await here.enroll("alice"), await there.enroll("bob")];
    const [atHere, atThere] = [await here.link(alice), await there.link(alice)];
    const bobThere = await there.link(bob);

    await step(
      t,
      "list and locate show a member of the other server, where it says that it is",
      async () => {
        const name = named("bob");
        await bobThere.ask(loginRequestType, { name, port: 4711, host: "pay.example.org" });
        for (const link of [atHere, atThere]) {
          const found = await link.ask(locateRequestType, { name });
          assert(found.outcome === "answered");
          assertEquals(found.answer, { name, ip: "pay.example.org", port: 4711 });
          const list = await link.ask(listRequestType, {});
          assert(list.outcome === "answered");
          assertEquals(list.answer.online, [{ name, ip: "pay.example.org", port: 4711 }]);
        }
        await bobThere.end();
      },
    );

    await step(
      t,
      "an order that is submitted at both at once is booked once, and both tell it",
      async () => {
        const payload = orderPayload(alice, anchor, { amount: 5 });
        const order = signPayload(payload, alice);
        const receipts = await Promise.all([atHere, atThere].map(async (link) => {
          const outcome = await submitOrder(link, order);
          assert(outcome.outcome === "answered", JSON.stringify(outcome));
          const { signature: _, ...said } = outcome.answer.receipt;
          return said;
        }));
        assertEquals(receipts[0], receipts[1]);
        const id = payload.id as string;
        for (const link of [atHere, atThere]) {
          assertEquals((await link.ask(statusRequestType, { id })).outcome, "answered");
          const history = await link.ask(historyRequestType, { limit: 1 });
          assert(history.outcome === "answered");
          assertEquals(history.answer.balance, 9_995);
        }
      },
    );

    await step(t, "an order that is made void at one is refused at the other", async () => {
      const payload = orderPayload(alice, anchor, { amount: 6 });
      const order = signPayload(payload, alice);
      await atHere.ask(statusRequestType, { id: payload.id as string, void: order });
      const refused = await submitOrder(atThere, order);
      assertEquals(refused.outcome === "refused" && refused.code, 265);
    });

    await step(
      t,
      "an invitation for one admits one of two who use it at both servers at once",
      async () => {
        const token = "A".repeat(22);
        const nowMs = systemClock.nowMs();
        await here.ledger.invite({
          ...{ tokenDigest: invitationTokenDigest(token), usesMax: 1 },
          ...{ createdAtMs: nowMs, expiresAtMs: nowMs + 3_600_000 },
        });
        const outcomes = await Promise.all([
          here.register(makeApplicant("carol"), named("carol"), { token }),
          there.register(makeApplicant("dave"), named("dave"), { token }),
        ]);
        const codes = outcomes.map((one) => one.outcome === "refused" ? one.code : 100);
        assertEquals(codes.toSorted(), [100, 215]);
      },
    );

    await step(
      t,
      "registering again, and with a one-time code, works at the server that did not register before",
      async () => {
        const erin = makeApplicant("erin");
        const [first, again] = [await here.register(erin), await there.register(erin)];
        assert(first.outcome === "answered" && again.outcome === "answered");
        assertEquals(first.answer.certificate, again.answer.certificate);
        const codeDigest = oneTimeCodeDigest("code");
        await here.end({ kind: "revocation", name: named("erin"), codeDigest });
        const anew = await there.register(makeApplicant("erin"), undefined, { code: "code" });
        assertEquals(anew.outcome, "answered");
      },
    );

    await step(
      t,
      "a member's audit goes on at the other server, and each publishes checkpoints of the one log",
      async () => {
        const kept = new KeptWallet();
        for (const server of [here, there, here]) {
          const audit = await (await memberOf(server, alice, { kept })).audit();
          assert(audit.outcome === "audited");
          assertEquals([audit.evidence, audit.missing], [undefined, []]);
        }
        for (const server of [here, there]) {
          const link = await server.link(makeApplicant("witness").signer);
          const published = await link.ask(checkpointRequestType, {});
          assert(published.outcome === "answered");
          const [origin] = published.answer.published[0]!.split("\n");
          assertEquals(origin, `micropay:ledger:${anchor.fingerprint}`);
        }
      },
    );

    await step(t, "a payee at the other server that nobody can dial is paid by relay", async () => {
      // A payer that hears no result asks for the status.
      const payer = await memberOf(here, alice, { timeoutMs: 3_000 });
      const payee = await memberOf(there, bob);
      await payByRelay(payer, payee);
      await payer.abandon();
      await payee.abandon();
    });
  },
);
