/**
 * What a connection may ask: its certificate decides, never the name in a request.
 */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { balanceRequestType } from "../../../src/protocol/balance.ts";
import { type Outcome, type RequestType } from "../../../src/protocol/request_type.ts";
import { exitRequestType } from "../../../src/protocol/exit.ts";
import { historyRequestType } from "../../../src/protocol/history.ts";
import { listRequestType } from "../../../src/protocol/list.ts";
import { locateRequestType } from "../../../src/protocol/locate.ts";
import { loginRequestType } from "../../../src/protocol/login.ts";
import { registerRequestType } from "../../../src/protocol/register.ts";
import { statusRequestType } from "../../../src/protocol/status.ts";
import { submitRequestType } from "../../../src/protocol/transfer.ts";
import { issueMember, makeApplicant, named, startServer } from "../test_server.ts";

const [alice, bob] = [named("alice"), named("bob")];
const port = 4711;

Deno.test("login: another member's name with one's own key is 220, and nobody comes online", async () => {
  await using server = await startServer();
  const [mallory] = [await server.enroll("mallory"), await server.enroll("alice")];
  const link = await server.link(mallory);
  const outcome = await link.ask(loginRequestType, { name: alice, port });
  assertEquals(outcome, { outcome: "refused", code: 220, text: "AUTH_FAIL" });
  assertEquals(await server.ledger.onlineCount(), 0);
  assertEquals(codeOf(await link.ask(loginRequestType, { name: named("mallory"), port })), 110);
});

Deno.test("login: a second login of a member is 230, until the first one ends", async () => {
  await using server = await startServer();
  const identity = await server.enroll("alice");
  const [first, second] = [await server.link(identity), await server.link(identity)];
  assertEquals(codeOf(await first.ask(loginRequestType, { name: alice, port })), 110);
  assertEquals(codeOf(await first.ask(loginRequestType, { name: alice, port })), 230);
  assertEquals(codeOf(await second.ask(loginRequestType, { name: alice, port: 1 })), 230);
  // Everything but another LOGIN goes on working beside it.
  assertEquals(codeOf(await second.ask(balanceRequestType, {})), 300);
  assertEquals((await server.ledger.presence(alice))?.privatePort, port);
  await second.end();
  assertEquals(await server.ledger.onlineCount(), 1);
  assertEquals(codeOf(await first.ask(exitRequestType, {})), 120);
  // Told "Bye" means offline already.
  const third = await server.link(identity);
  assertEquals(codeOf(await third.ask(loginRequestType, { name: alice, port: 2 })), 110);
});

Deno.test("login: a connection that closes without a goodbye takes its member offline", async () => {
  await using server = await startServer();
  const identity = await server.enroll("alice");
  const link = await server.link(identity);
  await link.ask(loginRequestType, { name: alice, port });
  link.channel.close();
  await server.events.until(({ kind }) => kind === "offline");
  assertEquals(await server.ledger.onlineCount(), 0);
});

Deno.test("login: peers are told the advertised address", async () => {
  await using server = await startServer();
  const link = await server.link(await server.enroll("alice"));
  const host = "pay.example.org";
  const login = await link.ask(loginRequestType, { name: alice, port, host });
  const located = await link.ask(locateRequestType, { name: alice });
  assertEquals(login, { outcome: "answered", answer: { ip: host, port } });
  assertEquals(located, { outcome: "answered", answer: { name: alice, ip: host, port } });
});

const order = "e30.e30.e30";
const requests: readonly { requestType: RequestType<object, object>; request: object }[] = [
  { requestType: loginRequestType, request: { name: alice, port } },
  { requestType: listRequestType, request: {} },
  { requestType: locateRequestType, request: { name: alice } },
  { requestType: balanceRequestType, request: {} },
  { requestType: submitRequestType, request: { orders: [order] } },
  { requestType: statusRequestType, request: { id: "019aaf3e-7c00-7000-8000-000000000001" } },
  { requestType: historyRequestType, request: { limit: 1 } },
  { requestType: exitRequestType, request: {} },
] as unknown as readonly { requestType: RequestType<object, object>; request: object }[];

Deno.test("any request but REGISTER is 240 without a certificate, and 220 with a certificate of no account", async (t) => {
  await using server = await startServer();
  await server.enroll("alice");
  const stranger = issueMember(server.authority, "alice");
  for (const { requestType, request } of requests) {
    await t.step(requestType.type, async () => {
      const applicant = await server.link((makeApplicant("bob")).signer);
      assertEquals(codeOf(await applicant.ask(requestType, request)), 240);
      const link = await server.link(stranger);
      assertEquals(codeOf(await link.ask(requestType, request)), 220);
    });
  }
});

Deno.test("register: a name of another key is 210, in every way to request it", async (t) => {
  await using server = await startServer();
  const member = await server.enroll("alice");
  const rows: readonly [string, () => Promise<Outcome<object>>][] = [
    ["another key", async () => await server.register(makeApplicant("alice"))],
    [
      "another name than the certificate request's",
      async () => await server.register(makeApplicant("bob"), named("carol")),
    ],
    [
      "a member, for another name",
      async () => await (await server.link(member)).ask(registerRequestType, { name: bob }),
    ],
  ];
  for (const [title, ask] of rows) {
    await t.step(title, async () => {
      assertEquals(await ask(), { outcome: "refused", code: 210, text: "FAIL" });
      assertEquals((await server.ledger.totals()).accounts, 1);
    });
  }
});

Deno.test("register: of two applicants for one name at once, exactly one gets it", async () => {
  await using server = await startServer();
  const applicants = await Promise.all([1, 2, 3, 4].map(() => makeApplicant("alice")));
  const outcomes = await Promise.all(applicants.map((applicant) => server.register(applicant)));
  assertEquals(outcomes.map(codeOf).toSorted(), [100, 210, 210, 210]);
  const { accounts, entries, balanceSum } = await server.ledger.totals();
  assertEquals({ accounts, entries, balanceSum }, { accounts: 1, entries: 1, balanceSum: 0 });
  assertEquals(await server.balanceOf("alice"), 10_000);
});

Deno.test("register: the same key gets the same certificate again, and no more money", async () => {
  await using server = await startServer();
  const applicant = makeApplicant("alice");
  const first = await server.register(applicant);
  const again = await Promise.all([server.register(applicant), server.register(applicant)]);
  assert(first.outcome === "answered");
  const repeated = { ...first, answer: { ...first.answer, existed: true } };
  assertEquals(again, [repeated, repeated]);
  assertEquals(await server.balanceOf("alice"), 10_000);
});

Deno.test("register: with a starting balance of 0 nothing is booked", async () => {
  await using server = await startServer({ initialBalance: 0 });
  await server.enroll("alice");
  assertEquals(await server.balanceOf("alice"), 0);
  assertEquals((await server.ledger.totals()).entries, 0);
});

Deno.test("register: after all money is issued, the next registration is 210 and opens no account", async () => {
  await using server = await startServer({ initialBalance: Number.MAX_SAFE_INTEGER });
  await server.enroll("alice");
  assertEquals(codeOf(await server.register(makeApplicant("bob"))), 210);
  assertEquals(await server.balanceOf("bob"), undefined);
});

Deno.test("a malformed request and an unknown type are 410, and the next request is answered", async (t) => {
  await using server = await startServer();
  const link = await server.link(await server.enroll("alice"));
  const bodies: readonly [string, object][] = [
    ["login", { name: "Alice", port }],
    ["login", { name: "alice", port: 0 }],
    ["login", { name: "alice", port, host: "not a host" }],
    ["balance", { of: "bob" }],
    ["history", { limit: 201 }],
    ["submit", { orders: [] }],
    ["status", { id: "019AAF3E-7C00-7000-8000-000000000001" }],
    ["mint", { amount: 1 }],
    ["reply", { re: 0, code: 130, text: "OK" }],
  ];
  for (const [type, body] of bodies) {
    await t.step(`${type} ${JSON.stringify(body)}`, async () => {
      const outcome = await link.ask({ ...balanceRequestType, type } as never, body as never);
      assertEquals(codeOf(outcome as Outcome<object>), 410);
      assertNotEquals((outcome as { text: string }).text, "");
      assertEquals(codeOf(await link.ask(balanceRequestType, {})), 300);
    });
  }
});

function codeOf(outcome: Outcome<object>): number {
  if (outcome.outcome === "refused") return outcome.code;
  if ("certificate" in outcome.answer) return 100;
  if ("port" in outcome.answer) return 110;
  return Object.keys(outcome.answer).length === 0 ? 120 : 300;
}
