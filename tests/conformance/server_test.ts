/**
 * The server's replies, rule by rule of `docs/protocol.md`. The tests sign and seal messages by
 * hand for the real server. Each statement of a rule has a row.
 */
import { assert, assertEquals } from "@std/assert";
import type { Code } from "../../src/protocol/code.ts";
import type { JsonObject } from "../../src/strict_json.ts";
import { TcpStream } from "../../src/transport/tcp_stream.ts";
import { tcpNetwork } from "../../src/transport/tcp_network.ts";
import { Scene } from "../hostile/scene.ts";
import { orderPayload, signPayload } from "../server/order_maker.ts";
import {
  issueMember,
  makeApplicant,
  named,
  startServer,
  type TestServer,
} from "../server/test_server.ts";
import { assertRefusal, Speaker } from "./speaker.ts";

const id = "019aaf3e-7c00-7000-8000-000000000001";
const upperId = id.toUpperCase();
const digest = "ab".repeat(32);
/** The form of a JWS, and nothing in it. */
const noOrder = "e30.e30.e30";
const longest = `${"a".repeat(12_288 - 4)}.a.a`;
const host = (text: unknown) => ({ name: "alice", port: 1, host: text });

/**
 * The sender: a member, an applicant without a certificate, or one whose certificate is not its
 * account's.
 */
type Asker = "member" | "applicant" | "stranger";

interface Row {
  /** Begins with the rule. */
  readonly title: string;
  readonly as?: Asker;
  readonly type: string;
  readonly body?: JsonObject;
  readonly code: Code;
}

const wrongShape: readonly (readonly [what: string, type: string, body: JsonObject])[] = [
  ["a name in capitals", "locate", { name: "Alice" }],
  ["a name that begins with a dot", "locate", { name: ".alice" }],
  ["an empty name", "locate", { name: "" }],
  ["a name of 33 characters", "locate", { name: "a".repeat(33) }],
  ["@issuer, which is no name", "locate", { name: "@issuer" }],
  ["a name that is a number", "locate", { name: 1 }],
  ["port 0", "login", { name: "alice", port: 0 }],
  ["port 65536", "login", { name: "alice", port: 65_536 }],
  ["a port that is text", "login", { name: "alice", port: "1" }],
  ["limit 0", "history", { limit: 0 }],
  ["limit 201", "history", { limit: 201 }],
  ["limit null", "history", { limit: null }],
  ["before 0", "history", { limit: 1, before: 0 }],
  ["before 2^53", "history", { limit: 1, before: 2 ** 53 }],
  ["after -1", "history", { limit: 1, after: -1 }],
  ["a proof from no rows", "proof", { checkpoints: [{ size: 0, digest }], receipts: [] }],
  ["a proof from 2^53 rows", "proof", { checkpoints: [{ size: 2 ** 53, digest }], receipts: [] }],
  ["a proof of the entry 0", "proof", { checkpoints: [], receipts: [{ entry: 0, digest }] }],
  ["a digest of 63 digits", "proof", {
    checkpoints: [],
    receipts: [{ entry: 1, digest: digest.slice(1) }],
  }],
  ["a proof of 21 receipts", "proof", {
    checkpoints: [],
    receipts: Array(21).fill({ entry: 1, digest }),
  }],
  ["a proof from 6 checkpoints", "proof", {
    checkpoints: Array(6).fill({ size: 1, digest }),
    receipts: [],
  }],
  ["an id in capitals", "status", { id: upperId }],
  ["an id of version 4", "status", { id: id.replace("-7000-", "-4000-") }],
  ["a list after a number", "list", { after: 1 }],
  ["a void of two parts", "status", { id, void: "e30.e30" }],
  ["a void with a space", "status", { id, void: "e30.e30.e30 " }],
  ["a void of 12,289 characters", "status", { id, void: `${longest}a` }],
];

const wrongMembers: readonly (readonly [what: string, type: string, body: JsonObject])[] = [
  ["a member too many", "balance", { of: "bob" }],
  ["a member too many beside a good one", "locate", { name: "bob", port: 1 }],
  ["a missing member", "locate", {}],
  ["a proof without receipts", "proof", { checkpoints: [] }],
  ["a history without limit", "history", {}],
  ["no certificates", "certificates", { fingerprints: [] }],
  ["51 certificates", "certificates", { fingerprints: Array(51).fill("A".repeat(43)) }],
  ["a fingerprint of 42 characters", "certificates", { fingerprints: ["A".repeat(42)] }],
  ["a fingerprint with stray bits", "certificates", { fingerprints: [`${"A".repeat(42)}B`] }],
  ["a member with another letter", "locate", { Name: "bob" }],
];

const wrongHosts: readonly string[] = [
  "192.0.2.01",
  "192.0.2",
  "192.0.2.256",
  "2001:DB8::1",
  "2001:db8:0:0:0:0:0:1",
  "[2001:db8::1]",
  "fe80::1%eth0",
  "::ffff:192.0.2.1",
  "::192.0.2.1",
  "Example.org",
  "example.org.",
  "example..org",
  "-a.example.org",
  "a-.example.org",
  "a_b.example.org",
  `${"a".repeat(64)}.org`,
  "example.1",
  `${"a.".repeat(126)}aa`,
  "",
];

const rows: readonly Row[] = [
  ...wrongShape.map(([what, type, body]): Row => ({
    title: `value 1: ${what}, in a ${type} request`,
    type,
    body,
    code: 410,
  })),
  ...wrongHosts.map((text): Row => ({
    title: `host 1: ${JSON.stringify(text.slice(0, 30))} at a login`,
    type: "login",
    body: host(text),
    code: 410,
  })),
  {
    title: "request 4: a stranger asks for its balance",
    as: "stranger",
    type: "balance",
    code: 220,
  },
  { title: "request 4: a stranger registers", as: "stranger", type: "register", code: 220 },
  { title: "request 4: a stranger asks nonsense", as: "stranger", type: "mint", code: 220 },
  {
    title: "request 4: a stranger asks with a wrong body",
    as: "stranger",
    type: "balance",
    body: { of: "bob" },
    code: 220,
  },
  {
    title: "request 5: an applicant asks for its balance",
    as: "applicant",
    type: "balance",
    code: 240,
  },
  { title: "request 5: an applicant asks nonsense", as: "applicant", type: "mint", code: 240 },
  {
    title: "request 5: an applicant asks with a wrong body",
    as: "applicant",
    type: "login",
    body: { port: 0 },
    code: 240,
  },
  { title: "request 6: a member registers", type: "register", body: { name: "dave" }, code: 210 },
  { title: "request 6: a member registers with a wrong body", type: "register", code: 210 },
  { title: "request 7: a type that there is not", type: "mint", code: 410 },
  {
    title: "request 7: pay, which is for payees",
    type: "pay",
    body: { order: noOrder },
    code: 410,
  },
  ...["reply", "result", "payment", "waiting", "ping", "closing"].map((type): Row => ({
    title: `request 7: ${type}, which is no request`,
    type,
    code: 410,
  })),
  ...wrongMembers.map(([what, type, body]): Row => ({
    title: `request 8: ${what}, in a ${type} request`,
    type,
    body,
    code: 410,
  })),
  {
    title: "request 8: an applicant that registers with a wrong body",
    as: "applicant",
    type: "register",
    body: { name: "Dave" },
    code: 410,
  },
  {
    title: "request 8: a code of 65 characters",
    as: "applicant",
    type: "register",
    body: { name: "dave", code: "a".repeat(65) },
    code: 410,
  },
  {
    title: "request 8: a code with a space",
    as: "applicant",
    type: "register",
    body: { name: "dave", code: "a b" },
    code: 410,
  },
  {
    title: "request 9: void of a JWS of 12,288 characters",
    type: "status",
    body: { id, void: longest },
    code: 261,
  },
  { title: "submit 3: no orders", type: "submit", body: { orders: [] }, code: 410 },
  {
    title: "submit 3: 26 orders",
    type: "submit",
    body: { orders: Array.from({ length: 26 }, () => noOrder) },
    code: 410,
  },
  { title: "submit 3: an order that is no text", type: "submit", body: { orders: [1] }, code: 410 },
  {
    title: "request 9: void of a JWS that is no order",
    type: "status",
    body: { id, void: noOrder },
    code: 261,
  },
  { title: "ping 2: a pong with anything in it", type: "pong", body: { now: 1 }, code: 410 },
  { title: "login 1: another's name", type: "login", body: { name: "bob", port: 1 }, code: 220 },
  { title: "locate 1: no such account", type: "locate", body: { name: "dave" }, code: 262 },
  {
    title: "locate 1: a member that is not online",
    type: "locate",
    body: { name: "bob" },
    code: 263,
  },
  { title: "status 1: an order that was never seen", type: "status", body: { id }, code: 400 },
  {
    title: "history 1: before and after together",
    type: "history",
    body: { limit: 1, before: 9, after: 1 },
    code: 410,
  },
];

for (const { title, as = "member", type, body = {}, code } of rows) {
  Deno.test(`${title}, is answered ${code}, and the connection stays`, async () => {
    await using scene = await Scene.open();
    const { server } = scene;
    const alice = await server.enroll("alice");
    await server.enroll("bob");
    const signers = {
      member: () => Promise.resolve(alice),
      applicant: async () => (await makeApplicant("dave")).signer,
      stranger: () => issueMember(server.authority, "alice"),
    };
    using speaker = Speaker.on(await scene.greet(), await signers[as]());
    assertRefusal(await speaker.ask(type, body), code);
    const next = { member: 300, applicant: 240, stranger: 220 }[as];
    assertEquals(await speaker.code("balance"), next);
    assertEquals(server.events.all.filter(({ kind }) => kind === "fault"), []);
  });
}

Deno.test("request 11: a text that says more begins with its code's text", async () => {
  await using scene = await Scene.open();
  using alice = Speaker.on(await scene.greet(), await scene.server.enroll("alice"));
  const asked: readonly (readonly [string, JsonObject])[] = [
    ["balance", { of: "bob" }],
    ["mint", {}],
    ["history", { limit: 1, before: 9, after: 1 }],
  ];
  for (const [type, body] of asked) {
    const { text } = assertRefusal(await alice.ask(type, body), 410);
    assert(text.startsWith("the request is not valid ("), text);
  }
});

Deno.test("request 10: after each of many refusals the connection is as good as before", async () => {
  await using scene = await Scene.open();
  using alice = Speaker.on(await scene.greet(), await scene.server.enroll("alice"));
  for (let time = 0; time < 30; time++) {
    assertEquals(await alice.code("mint"), 410);
    assertEquals(await alice.code("locate", { name: "dave" }), 262);
  }
  assertEquals(await alice.code("balance"), 300);
});

Deno.test("request 1: requests that come in one piece are answered one by one, in order", async () => {
  await using scene = await Scene.open();
  using alice = Speaker.on(await scene.greet(), await scene.server.enroll("alice"));
  const types = ["balance", "mint", "list", "proof", "balance"];
  const lines = [];
  for (const type of types) {
    const body = type === "proof" ? { checkpoints: [], receipts: [] } : {};
    lines.push(await alice.line(type, body));
  }
  await alice.write(lines.map((line) => `${line}\n`).join(""));
  for (const [seq, code] of [300, 410, 300, 300, 300].entries()) {
    const told = await alice.next();
    assert(told !== "closed");
    assertEquals([told.type, told.body.re, told.body.code], ["reply", seq, code]);
  }
});

for (const as of ["a member", "an applicant"] as const) {
  Deno.test(`request 2: a pong that nobody asked for is not answered, of ${as}, and takes a seq`, async () => {
    await using scene = await Scene.open();
    const signer = as === "a member"
      ? await scene.server.enroll("alice")
      : (await makeApplicant("dave")).signer;
    using speaker = Speaker.on(await scene.greet(), signer);
    await speaker.tell("pong");
    await speaker.tell("pong");
    const reply = await speaker.ask("balance");
    assert(reply !== "closed");
    assertEquals([reply.re, reply.code], [2, as === "a member" ? 300 : 240]);
  });
}

for (const as of ["an applicant", "a member whose certificate is not its account's"] as const) {
  Deno.test(`ping 4: ${as} has a minute from its first message on, whatever it says, and is not asked`, async () => {
    await using scene = await Scene.open();
    const { clock, server } = scene;
    await server.enroll("alice");
    const signer = as === "an applicant"
      ? (await makeApplicant("dave")).signer
      : await issueMember(server.authority, "alice");
    using speaker = Speaker.on(await scene.greet(), signer);
    const code = as === "an applicant" ? 240 : 220;
    // The time before the first message does not count.
    clock.advance(59_999);
    assertEquals(await speaker.code("balance"), code);
    clock.advance(59_999);
    await speaker.tell("balance");
    // No ping came before the reply.
    const told = await speaker.next();
    assertEquals(told !== "closed" && [told.type, told.body.code], ["reply", code]);
    clock.advance(1);
    assertEquals(await speaker.next(), "closed");
  });
}

const firstWords: readonly (readonly [string, JsonObject])[] = [
  ["balance", {}],
  ["balance", { of: "bob" }],
  ["mint", {}],
  ["register", {}],
];

for (const [type, body] of firstWords) {
  Deno.test(`request 3: a connection too many is answered 230 and closed, at ${type} ${JSON.stringify(body)}`, async () => {
    await withOneTooMany(async (surplus) => {
      assertRefusal(await surplus.ask(type, body), 230);
      assertEquals(await surplus.next(), "closed");
    });
  });
}

Deno.test("waiting 4: a pong on a connection too many is not answered, and closes it", async () => {
  await withOneTooMany(async (surplus) => {
    await surplus.tell("pong");
    await surplus.tell("balance");
    assertEquals(await surplus.next(), "closed");
  });
});

/** An account has two of three permits; the third connection is hers, too. */
async function withOneTooMany(action: (surplus: Speaker) => Promise<void>): Promise<void> {
  await using scene = await Scene.open({ userLimit: 3 });
  const identity = await scene.server.enroll("alice");
  using first = Speaker.on(await scene.greet(), identity);
  using second = Speaker.on(await scene.greet(), identity);
  for (const served of [first, second]) assertEquals(await served.code("balance"), 300);
  using surplus = Speaker.on(await scene.greet(), identity);
  await action(surplus);
  assertEquals(await first.code("balance"), 300);
}

Deno.test("line 3: a side that closes its sending half is answered what it asked before, and then closed", async () => {
  await using server = await startServer();
  const identity = await server.enroll("alice");
  const { half, network } = await dialHalf(server);
  using alice = Speaker.on(await server.connect(network), identity);
  await alice.tell("balance");
  await alice.tell("list");
  await half.closeWrite();
  for (const re of [0, 1]) {
    const told = await alice.next();
    assertEquals(told !== "closed" && [told.body.re, told.body.code], [re, 300]);
  }
  assertEquals(await alice.next(), "closed");
});

Deno.test("login 2: a second login on the same connection is refused, and the member stays online", async () => {
  await using scene = await Scene.open();
  using alice = Speaker.on(await scene.greet(), await scene.server.enroll("alice"));
  assertEquals(await alice.code("login", { name: "alice", port: 7 }), 110);
  assertRefusal(await alice.ask("login", { name: "alice", port: 8 }), 230);
  const located = await alice.ask("locate", { name: "alice" });
  assert(located !== "closed");
  assertEquals((located.answer as JsonObject).port, 7);
});

for (const text of ["192.0.2.1", "2001:db8::1", "::ffff:c000:201", "pay.example.org", "a.b-c.d1"]) {
  Deno.test(`host 1: ${text} is one, and is what payers are told`, async () => {
    await using scene = await Scene.open();
    using alice = Speaker.on(await scene.greet(), await scene.server.enroll("alice"));
    const reply = await alice.ask("login", host(text));
    assert(reply !== "closed");
    assertEquals([reply.code, reply.answer], [110, { ip: text, port: 1 }]);
  });
}

Deno.test("balance 1: what the own account holds", async () => {
  await using scene = await Scene.open();
  using alice = Speaker.on(await scene.greet(), await scene.server.enroll("alice"));
  const reply = await alice.ask("balance");
  assert(reply !== "closed");
  assertEquals([reply.code, reply.answer], [300, { balance: 10_000 }]);
});

Deno.test("exit 1: the member is offline when it is answered, and the connection is closed", async () => {
  await using scene = await Scene.open();
  using alice = Speaker.on(await scene.greet(), await scene.server.enroll("alice"));
  assertEquals(await alice.code("login", { name: "alice", port: 7 }), 110);
  const bye = await alice.ask("exit");
  assert(bye !== "closed");
  assertEquals([bye.code, bye.text, bye.answer], [120, "Bye", {}]);
  assertEquals(await scene.server.ledger.presence(named("alice")), undefined);
  assertEquals(await alice.next(), "closed");
});

Deno.test("line 3: a member that waits and closes its sending half is not answered, and gives its place back", async () => {
  await using server = await startServer({ userLimit: 1 });
  const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
  using served = Speaker.on(await server.connect(), alice);
  assertEquals(await served.code("balance"), 300);
  const { half, network } = await dialHalf(server);
  using waiting = Speaker.on(await server.connect(network), bob);
  await waiting.tell("balance");
  const notice = await waiting.next();
  assertEquals(notice !== "closed" && [notice.type, notice.body], ["waiting", { place: 1 }]);
  await half.closeWrite();
  assertEquals(await waiting.next(), "closed");
  assertEquals(await served.code("balance"), 300);
});

Deno.test("history 2: from page to page each entry is told once, in either direction", async () => {
  await using scene = await Scene.open();
  const { server } = scene;
  const identity = await server.enroll("alice");
  using alice = Speaker.on(await scene.greet(), identity);
  await server.enroll("bob");
  for (let time = 0; time < 6; time++) {
    const order = await signPayload(orderPayload(identity, server.anchor, { amount: 1 }), identity);
    assertEquals(await alice.submitCode(order), 130);
  }
  const found: number[][] = [];
  for (const direction of ["before", "after"] as const) {
    const numbers: number[] = [];
    for (let more = true, from: object = direction === "after" ? { after: 0 } : {}; more;) {
      const reply = await alice.ask("history", { limit: 2, ...from });
      assert(reply !== "closed");
      const page = reply.answer as { entries: [number][]; more: boolean };
      assert(page.entries.length <= 2);
      numbers.push(...page.entries.map(([entry]) => entry));
      from = { [direction]: numbers.at(-1) };
      more = page.more;
    }
    found.push(numbers);
  }
  const [newest, oldest] = found;
  assertEquals(oldest, [1, 3, 4, 5, 6, 7, 8]);
  assertEquals(newest, oldest!.toReversed());
});

/** A connection whose sending half a test can close, and the network that hands it over. */
async function dialHalf({ endpoint: { host: hostname, port } }: TestServer) {
  const half = await Deno.connect({ hostname, port });
  const connect = () => Promise.resolve(new TcpStream(half));
  return { half, network: { ...tcpNetwork, connect } };
}
