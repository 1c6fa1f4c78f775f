/**
 * Stopping: requests under way are answered, clients are told, silent ones do not delay it.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { LedgerBusyError, LedgerError, LedgerFullError } from "../../src/errors.ts";
import { balanceRequestType } from "../../src/protocol/balance.ts";
import type { Outcome } from "../../src/protocol/request_type.ts";
import { closingType } from "../../src/protocol/exit.ts";
import { loginRequestType } from "../../src/protocol/login.ts";
import { statusRequestType } from "../../src/protocol/status.ts";
import { orderPayload, signPayload } from "./order_maker.ts";
import { makeApplicant, named, startServer, type TestServer } from "./test_server.ts";
import { submitOrder } from "./submit_order.ts";

const id = "019aaf3e-7c00-7000-8000-000000000001";

Deno.test("stop: an idle client is told, and its connection ends", async () => {
  await using server = await startServer();
  const link = await server.link(await server.enroll("alice"));
  await link.ask(loginRequestType, { name: named("alice"), port: 1 });
  let told = false;
  link.listen(closingType, () => told = true);
  await server.server.stop();
  assertEquals((await link.closed).message.endsWith("the server is stopping"), true);
  assert(told);
  assertEquals(server.events.all.slice(-1)[0], { kind: "stopped" });
  assert(server.events.all.some(({ kind }) => kind === "offline"));
});

Deno.test("stop: a silent connection is closed, and a waiting member is told", async () => {
  await using server = await startServer({ userLimit: 1 });
  const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
  await (await server.link(alice)).ask(balanceRequestType, {});
  const silent = await server.connect();
  const waiting = (await server.link(bob)).ask(balanceRequestType, {});
  await server.events.until(({ kind }) => kind === "waiting");
  const refused = assertRejects(() => waiting, Error, "the server is stopping");
  await server.server.stop();
  await refused;
  assertEquals(await silent.stream.read(new Uint8Array(1)), null);
  silent.close();
});

Deno.test("stop: a request under way is answered first, with what was booked", async () => {
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  const { promise: reached, resolve: reach } = Promise.withResolvers<void>();
  await using server = await startServer({
    wrap: (ledger) =>
      changed(ledger, {
        book: async (booking) => {
          reach();
          await held;
          return await ledger.book(booking);
        },
      }),
  });
  const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
  const link = await server.link(bob);
  const order = signPayload(orderPayload(alice, server.anchor), alice);
  const answer = submitOrder(link, order);
  await reached;
  const stopped = server.server.stop();
  release();
  assertEquals((await answer).outcome, "answered");
  await stopped;
  await link.closed;
});

Deno.test("stop: a second stop does nothing", async () => {
  await using server = await startServer();
  await Promise.all([server.server.stop(), server.server.stop(), server.server.stopped]);
  assertEquals(server.events.all.filter(({ kind }) => kind === "stopped").length, 1);
});

Deno.test("stop: the port can be listened on again at once", async () => {
  await using server = await startServer();
  const link = await server.link(await server.enroll("alice"));
  await link.ask(balanceRequestType, {});
  await server.server.stop();
  const { hostname, port } = { hostname: "127.0.0.1", port: server.endpoint.port };
  Deno.listen({ hostname, port }).close();
  assert(port > 0);
});

type Ask = () => Promise<Outcome<object>>;

/** What needs the ledger to write, by the method that does. */
const writing: readonly {
  readonly what: string;
  readonly method: "book" | "register" | "bringOnline";
  readonly ask: (server: TestServer) => Promise<Ask> | Ask;
}[] = [
  {
    what: "a payment",
    method: "book",
    ask: async (server) => {
      const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
      const link = await server.link(bob);
      const order = signPayload(orderPayload(alice, server.anchor), alice);
      return () => submitOrder(link, order);
    },
  },
  {
    what: "registering",
    method: "register",
    ask: (server) => {
      const applicant = makeApplicant("alice");
      return () => server.register(applicant);
    },
  },
  {
    what: "logging in",
    method: "bringOnline",
    ask: async (server) => {
      const link = await server.link(await server.enroll("alice"));
      return () => link.ask(loginRequestType, { name: named("alice"), port: 1 });
    },
  },
];

for (const failure of [LedgerFullError, LedgerBusyError]) {
  for (const { what, method, ask } of writing) {
    Deno.test(`when the ledger throws ${failure.name} at ${what}, the server answers 510 and changes nothing, reports that once, and a later request works`, async () => {
      let isFailing = false;
      await using server = await startServer({
        wrap: (ledger) =>
          changed(ledger, {
            [method]: async (given: never) => {
              if (isFailing) throw new failure("no room");
              return await ledger[method](given);
            },
          }),
      });
      const again = await ask(server);
      const before = [await server.ledger.totals(), await server.ledger.online({ limit: 10 })];
      isFailing = true;
      for (const refused of [await again(), await again()]) {
        assertEquals(refused.outcome === "refused" && refused.code, 510);
      }
      assertEquals(reportsOf(server), ["fault"]);
      assertEquals(
        [await server.ledger.totals(), await server.ledger.online({ limit: 10 })],
        before,
      );
      isFailing = false;
      assertEquals((await again()).outcome, "answered");
      assertEquals(reportsOf(server), ["fault", "ledger_recovered"]);
    });
  }
}

Deno.test("an order whose booking is undecided is answered with 500, so that its payer asks again", async () => {
  const undecided = new LedgerBusyError("away", { isReported: true, isUndecided: true });
  await using server = await startServer({
    wrap: (ledger) => changed(ledger, { book: () => Promise.reject(undecided) }),
  });
  const [alice] = [await server.enroll("alice"), await server.enroll("bob")];
  const order = signPayload(orderPayload(alice, server.anchor, { amount: 1 }), alice);
  const refused = await submitOrder(await server.link(alice), order);
  assertEquals(refused.outcome === "refused" && refused.code, 500);
  assertEquals(reportsOf(server), []);
});

Deno.test("a server reports nothing of a ledger that itself reports that it is away", async () => {
  await using server = await startServer({
    wrap: (ledger) =>
      changed(ledger, {
        account: () => Promise.reject(new LedgerBusyError("away", { isReported: true })),
      }),
  });
  const link = await server.link(await server.enroll("alice"));
  const refused = await link.ask(balanceRequestType, {});
  assertEquals(refused.outcome === "refused" && refused.code, 510);
  assertEquals(reportsOf(server), []);
});

Deno.test("a member who connects while the ledger cannot be read is answered 510 and disconnected, and a later connection works", async () => {
  let isAway = false;
  await using server = await startServer({
    wrap: (ledger) =>
      changed(ledger, {
        currentCertificate: async (name) => {
          if (isAway) throw new LedgerBusyError("away");
          return await ledger.currentCertificate(name);
        },
      }),
  });
  const alice = await server.enroll("alice");
  isAway = true;
  const link = await server.link(alice);
  const refused = await link.ask(balanceRequestType, {});
  assertEquals(refused.outcome === "refused" && refused.code, 510);
  await link.closed;
  assertEquals(reportsOf(server), ["fault"]);
  isAway = false;
  const later = await server.link(alice);
  assertEquals((await later.ask(balanceRequestType, {})).outcome, "answered");
  assertEquals(reportsOf(server), ["fault", "ledger_recovered"]);
});

/** Returns what a server reports about its ledger: faults and recoveries. */
function reportsOf({ events }: TestServer): string[] {
  const kinds = events.all.map(({ kind }): string => kind);
  return kinds.filter((kind) => kind === "fault" || kind === "ledger_recovered");
}

Deno.test("a ledger whose storage failed answers nobody: the server stops and says why", async () => {
  await using server = await startServer({
    wrap: (ledger) =>
      changed(ledger, { entry: () => Promise.reject(new LedgerError("disk gone")) }),
  });
  const [asking, idle] = [
    await server.link(await server.enroll("alice")),
    await server.link(await server.enroll("bob")),
  ];
  await idle.ask(balanceRequestType, {});
  const stopped = assertRejects(() => server.server.stopped, LedgerError, "disk gone");
  await assertRejects(() => asking.ask(statusRequestType, { id }), Error, "closed");
  await stopped;
  assertEquals((await idle.closed).message.endsWith("the server is stopping"), true);
});

Deno.test("a failure to close the ledger is reported", async () => {
  await using server = await startServer({
    wrap: (ledger) =>
      changed(ledger, { close: () => Promise.reject(new LedgerError("disk gone")) }),
  });
  await assertRejects(() => server.server.stop(), LedgerError, "disk gone");
  assertEquals(server.events.all.at(-1), { kind: "stopped" });
});

Deno.test("a defect in one request ends that connection alone", async () => {
  await using server = await startServer({
    wrap: (ledger) => changed(ledger, { entry: () => Promise.reject(new TypeError("a defect")) }),
  });
  const identity = await server.enroll("alice");
  const [asking, other] = [await server.link(identity), await server.link(identity)];
  await assertRejects(() => asking.ask(statusRequestType, { id }), Error, "closed");
  const fault = await server.events.until(({ kind }) => kind === "fault");
  assertEquals(fault.kind === "fault" && fault.attempt, "serve a connection");
  assertEquals((await other.ask(balanceRequestType, {})).outcome, "answered");
});

/** The ledger with some of its methods replaced. */
function changed(ledger: Ledger, methods: Partial<Ledger>): Ledger {
  return new Proxy(ledger, {
    get(target, name) {
      if (Object.hasOwn(methods, name)) return methods[name as keyof Ledger];
      const value = target[name as keyof Ledger];
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
