/** Registrations where a server admits only invited members, and where it admits everybody. */
import { assertEquals } from "@std/assert";
import type { ServerLink } from "../../../src/client/server_link.ts";
import type { NewInvitation } from "../../../src/ledger/invitation.ts";
import { systemClock } from "../../../src/clock.ts";
import { registrationsAtOnce } from "../../../src/limits.ts";
import {
  invitationTokenDigest,
  oneTimeCodeDigest,
  registerRequestType,
} from "../../../src/protocol/register.ts";
import { makeApplicant, named, startServer, type TestServer } from "../test_server.ts";

const token = "AAECAwQFBgcICQoLDA0ODw";
const otherToken = "EBESExQVFhcYGRobHB0eHw";

async function invite(server: TestServer, options: Partial<NewInvitation> = {}): Promise<void> {
  const nowMs = systemClock.nowMs();
  await server.ledger.invite({
    ...{ tokenDigest: invitationTokenDigest(token), usesMax: 1 },
    ...{ createdAtMs: nowMs, expiresAtMs: nowMs + 3_600_000, ...options },
  });
}

async function codeOf(
  server: TestServer,
  name: string,
  given: { readonly token?: string } = { token },
): Promise<number> {
  const outcome = await server.register(await makeApplicant(name), named(name), given);
  return outcome.outcome === "refused" ? outcome.code : 100;
}

/** Asks on a connection that stays. */
async function ask(link: ServerLink, name: string, given = {}): Promise<number> {
  const outcome = await link.ask(registerRequestType, { name: named(name), ...given });
  return outcome.outcome === "refused" ? outcome.code : 100;
}

Deno.test("register: 50 clients use an invitation for one at the same moment, and one gets in", async () => {
  await using server = await startServer({ join: "invite" });
  await invite(server);
  const names = Array.from({ length: 50 }, (_, at) => `member${at}`);
  const codes = await Promise.all(names.map((name) => codeOf(server, name)));
  assertEquals(codes.toSorted(), [100, ...Array(49).fill(215)]);
  const totals = await server.ledger.totals();
  assertEquals([totals.accounts, totals.entries], [1, 1]);
});

const rows: readonly [
  title: string,
  Partial<NewInvitation>,
  given: { readonly token?: string },
  code: number,
][] = [
  ["with a good invitation", {}, { token }, 100],
  ["without one", {}, {}, 213],
  ["with an unknown token", {}, { token: otherToken }, 214],
  ["with an invitation that has expired", { expiresAtMs: 1 }, { token }, 216],
  ["with an invitation for another name", { name: named("bob") }, { token }, 218],
];
for (const [title, options, given, code] of rows) {
  Deno.test(`register: where only invited members are admitted, ${title}: ${code}`, async () => {
    await using server = await startServer({ join: "invite" });
    await invite(server, options);
    assertEquals(await codeOf(server, "alice", given), code);
    assertEquals(await server.balanceOf("alice"), code === 100 ? 10_000 : undefined);
  });
}

Deno.test("register: a revoked invitation is refused with 217", async () => {
  await using server = await startServer({ join: "invite" });
  await invite(server);
  await server.ledger.revokeInvitation(1, { atMs: systemClock.nowMs() });
  assertEquals(await codeOf(server, "alice"), 217);
});

Deno.test("register: an invitation's balance opens the account, also where everybody may join", async () => {
  await using server = await startServer();
  await invite(server, { balance: 7, usesMax: 2 });
  assertEquals(await codeOf(server, "alice"), 100);
  assertEquals(await server.balanceOf("alice"), 7);
  assertEquals(await codeOf(server, "bob", {}), 100);
  assertEquals(await server.balanceOf("bob"), 10_000);
  assertEquals(await codeOf(server, "carol", { token: otherToken }), 214);
});

Deno.test("register: a lost reply costs no second use", async () => {
  await using server = await startServer({ join: "invite" });
  await invite(server);
  const applicant = await makeApplicant("alice");
  const first = await server.register(applicant, named("alice"), { token });
  const again = await server.register(applicant, named("alice"), { token });
  const certificates = [first, again].map((one) => "answer" in one && one.answer.certificate);
  assertEquals(certificates[0], certificates[1]);
  assertEquals((await server.ledger.invitations({ after: 0, limit: 1 }))[0]!.uses, 1);
});

Deno.test("register: each guess of a token counts as a registration of its address", async () => {
  await using server = await startServer({ join: "invite" });
  await invite(server);
  const applicant = makeApplicant("alice");
  const link = await server.link(applicant.signer);
  for (let tries = 0; tries < registrationsAtOnce; tries++) {
    assertEquals(await ask(link, "alice", { token: otherToken }), 214);
  }
  await link.end();
  // The address is counted, not the connection.
  assertEquals(await codeOf(server, "alice", { token: otherToken }), 211);
});

const strangers: readonly [title: string, given: object, options: Partial<NewInvitation>][] = [
  ["without a token", {}, {}],
  ["with a wrong code", { code: "wrong" }, {}],
  ["with an unknown token", { token: otherToken }, {}],
  ["with an expired invitation", { token }, { expiresAtMs: 1 }],
  ["with an invitation for another name", { token }, { name: named("erin") }],
];
for (const [title, given, options] of strangers) {
  Deno.test(`register: where only invited members are admitted, a stranger learns nothing about names ${title}`, async () => {
    await using server = await startServer({ join: "invite" });
    await invite(server, options);
    await Promise.all(["alice", "revoked", "closed"].map((name) => server.enroll(name)));
    const codeDigest = oneTimeCodeDigest("right");
    await server.end({ kind: "revocation", name: named("revoked"), codeDigest });
    await server.end({ kind: "closure", name: named("closed") });
    const answers = new Set<string>();
    for (const name of ["free", "alice", "revoked", "closed"]) {
      const outcome = await server.register(makeApplicant(name), named(name), given);
      answers.add(JSON.stringify(outcome));
    }
    assertEquals(answers.size, 1, [...answers].join());
  });
}

Deno.test("register: where only invited members are admitted, each guess of a name counts as a registration, and a member's own name does not", async () => {
  await using server = await startServer({ join: "invite" });
  await invite(server);
  await server.enroll("bob");
  const alice = await server.link(makeApplicant("alice").signer);
  assertEquals(await ask(alice, "alice", { token }), 100);
  const stranger = await server.link(makeApplicant("bob").signer);
  for (let tries = 1; tries < registrationsAtOnce; tries++) {
    assertEquals(await ask(stranger, "bob"), 213);
  }
  // The address is counted, not the connection.
  const other = await server.link(makeApplicant("bob").signer);
  assertEquals([await ask(other, "bob"), await ask(alice, "alice")], [211, 100]);
});

Deno.test("register: where only invited members are admitted, a good token tells that a name is taken, and stays unused", async () => {
  await using server = await startServer({ join: "invite" });
  await invite(server);
  await server.enroll("bob");
  assertEquals([await codeOf(server, "bob"), await codeOf(server, "carol")], [210, 100]);
});

Deno.test("register: where only invited members are admitted, an operator's code needs no token", async () => {
  await using server = await startServer({ join: "invite" });
  await server.enroll("bob");
  const codeDigest = oneTimeCodeDigest("right");
  await server.end({ kind: "revocation", name: named("bob"), codeDigest });
  const outcome = await server.register(makeApplicant("bob"), named("bob"), { code: "right" });
  assertEquals(outcome.outcome, "answered");
});
