/**
 * A payer and a payee show each other what they saw of the ledger. Here a dishonest server keeps
 * two ledgers with one identity, and shows alice one and bob the other. It books each payment in
 * both.
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { encodeBase64 } from "../../src/base64.ts";
import { verifyEvidence } from "../../src/client/evidence.ts";
import type { MemberAudit } from "../../src/client/ledger_audit.ts";
import type { Member } from "../../src/client/member.ts";
import { PeerCheckpoints } from "../../src/client/peer_checkpoints.ts";
import { systemClock } from "../../src/clock.ts";
import { CertificateError, EnvelopeError } from "../../src/errors.ts";
import type { Ledger, Registration } from "../../src/ledger/ledger.ts";
import { emptyTree, rootOf } from "../../src/ledger/merkle_tree.ts";
import { peerCheckpointsMax, proofCheckpointsMax } from "../../src/limits.ts";
import type { Amount } from "../../src/money.ts";
import type { Identity } from "../../src/pki/identity.ts";
import { signCheckpoint } from "../../src/protocol/checkpoint.ts";
import { loginRequestType } from "../../src/protocol/login.ts";
import { type ProofQuestion, proofRequestType } from "../../src/protocol/proof.ts";
import { refuse } from "../../src/protocol/request_type.ts";
import type { SeenCheckpoint } from "../../src/protocol/seen_checkpoint.ts";
import { submitRequestType } from "../../src/protocol/transfer.ts";
import { MemoryLedger } from "../ledger/memory/memory_ledger.ts";
import {
  makeAuthority,
  named,
  serverIdentity,
  startServer,
  type TestServer,
} from "../server/test_server.ts";
import { honest, resultOf } from "./payment/payee_scripts.ts";
import { memberOf, TestPayee } from "./test_member.ts";

const [alice, bob] = [named("alice"), named("bob")];
const one = 1 as Amount;

interface Split {
  readonly authority: TestServer["authority"];
  /** At the server that alice is shown. */
  readonly payer: Member;
  /** At the server that bob is shown. */
  readonly payee: Member;
  readonly pay: () => ReturnType<typeof resultOf>;
  /** Sets the clock of both servers ahead. */
  readonly setAhead: (ms: number) => void;
}

/**
 * Plays two servers of one ledger, with the same accounts.
 *
 * @param options.identities of the two servers
 */
async function withSplit(
  act: (split: Split) => Promise<void>,
  { rows = [1, 1] }: { readonly rows?: readonly [alices: number, bobs: number] } = {},
  identitiesOf = (authority: TestServer["authority"]): Identity[] => {
    const identity = serverIdentity(authority);
    return [identity, identity];
  },
): Promise<void> {
  const authority = makeAuthority();
  const [first, last] = identitiesOf(authority);
  const second = new MemoryLedger({ ledgerId: authority.anchor.fingerprint });
  const wrap = (ledger: Ledger): Ledger =>
    new Proxy(ledger, {
      get: (target, name) => {
        const value = target[name as keyof Ledger];
        if (name !== "register") return typeof value === "function" ? value.bind(target) : value;
        return async (registration: Registration) => {
          await second.register(registration);
          return await target.register(registration);
        };
      },
    });
  let aheadMs = 0;
  const clock = { ...systemClock, nowMs: () => systemClock.nowMs() + aheadMs };
  await using shownToAlice = await startServer({ authority, identity: first!, clock, wrap });
  await using shownToBob = await startServer({ authority, identity: last!, clock, ledger: second });
  const identities = [await shownToAlice.enroll("alice"), await shownToAlice.enroll("bob")];
  const payer = await memberOf(shownToAlice, identities[0]!);
  const payee = await memberOf(shownToBob, identities[1]!);
  await booked(payer, bob, rows[0]);
  await booked(payee, alice, rows[1]);
  assertEquals([await found(payer), await found(payee)], [undefined, undefined]);
  const puppet = await shownToAlice.link(identities[1]!);
  // The server that is shown to alice books what bob submits to the other one.
  const { link } = payee.context;
  const ask = link.ask.bind(link);
  link.ask = async (type, request) => {
    const answer = await ask(type, request);
    if (type.type === submitRequestType.type) await puppet.ask(type, request);
    return answer;
  };
  const online = { listen: { host: "127.0.0.1", port: 0 }, onPayment: () => {}, onFault: () => {} };
  await payee.goOnline(online);
  await puppet.ask(loginRequestType, { name: bob, port: payee.peerPort! });
  await act({
    authority,
    payer,
    payee,
    pay: () => resultOf(() => payer.pay({ payee: bob, amount: one })),
    setAhead: (ms) => aheadMs = ms,
  });
  await payer.abandon();
  await payee.abandon();
}

async function booked(member: Member, payee: typeof alice, times: number): Promise<void> {
  const terms = { payee, amount: one, viaServer: true };
  for (let time = 0; time < times; time++) {
    assertEquals(await resultOf(() => member.pay(terms)), "paid");
  }
}

/** The audit that a client makes after a payment, when it finds something. */
async function found(member: Member): Promise<MemberAudit | undefined> {
  const audit = await member.audit({ unauditedOnly: true });
  assert(audit.outcome === "audited");
  return audit.evidence && audit;
}

function convicts(audit: MemberAudit | undefined, { anchor }: TestServer["authority"]): string {
  assert(audit?.evidence);
  return verifyEvidence(JSON.stringify(audit.evidence), { anchor });
}

for (
  const [title, rows] of [
    ["of one length", [1, 1]],
    ["of which the payer's is longer", [3, 1]],
    ["of which the payee's is longer", [1, 3]],
  ] as const
) {
  Deno.test(`split view: the first payment across two ledgers ${title} convicts the server on both sides`, () =>
    withSplit(async ({ authority, payer, payee, pay }) => {
      assertEquals(await pay(), "paid");
      const audits = [await found(payer), await found(payee)];
      assertEquals(audits.map((audit) => audit?.otherTree?.seenBy), [bob, alice]);
      // Each side's own view only grew.
      assertEquals(audits.map((audit) => audit?.rewrittenAt), [undefined, undefined]);
      const [payersTree, payeesTree] = rows.map((count) => 2 + count);
      assertEquals(audits.map((audit) => audit?.otherTree?.entry), [payeesTree, payersTree]);
      const says = (tree: number | undefined, size: number) =>
        `the server signed a ledger of ${tree} rows; asked later to prove that its ledger of ` +
        `${size} rows begins with it, it signed an answer that does not prove it`;
      assertEquals(audits.map((audit) => convicts(audit, authority)), [
        says(payeesTree, payersTree! + 1),
        says(payersTree, payeesTree! + 1),
      ]);
    }, { rows }));
}

Deno.test("split view: two servers with certificates of one CA are convicted, too", () =>
  withSplit(
    async ({ authority, payer, payee, pay }) => {
      assertEquals(await pay(), "paid");
      for (const member of [payer, payee]) {
        assert(
          convicts(await found(member), authority).startsWith("the server signed a ledger of 3"),
        );
      }
    },
    {},
    (authority) => [serverIdentity(authority), serverIdentity(authority)],
  ));

Deno.test("split view: a member that accepted its ledger does not accuse the server for what a peer saw before, and its peer still does", () =>
  withSplit(async ({ authority, payer, payee, pay }) => {
    await accept(payer);
    assertEquals(await pay(), "paid");
    assertEquals(await found(payer), undefined);
    assert(convicts(await found(payee), authority).startsWith("the server signed a ledger of 3"));
  }));

Deno.test("split view: a member that accepted its ledger still finds another one that a peer saw later", () =>
  withSplit(async ({ authority, payer, payee, pay, setAhead }) => {
    await accept(payer);
    setAhead(2000);
    await booked(payee, alice, 1);
    assertEquals(await found(payee), undefined);
    assertEquals(await pay(), "paid");
    for (const member of [payer, payee]) convicts(await found(member), authority);
  }));

Deno.test("split view: a server that refuses to prove what a peer saw is asked again, and convicted", () =>
  withSplit(async ({ authority, payer, pay }) => {
    assertEquals(await pay(), "paid");
    const { link } = payer.context;
    const ask = link.ask.bind(link);
    link.ask = async (type, request) => {
      if (type.type !== proofRequestType.type) return await ask(type, request);
      link.ask = ask;
      return refuse(510);
    };
    const audit = await payer.audit({ unauditedOnly: true });
    assertEquals(audit.outcome, "refused");
    assert(convicts(await found(payer), authority).startsWith("the server signed a ledger of 3"));
  }));

async function accept(member: Member): Promise<void> {
  const audit = await member.audit();
  assert(audit.outcome === "audited");
  await member.accept(audit);
}

Deno.test("peers: checkpoints of one ledger, however old, are proven in the message of the next audit and then forgotten", async () => {
  await using server = await startServer();
  const payer = await memberOf(server, await server.enroll("alice"));
  const payee = await memberOf(server, await server.enroll("bob"));
  // The payer follows the ledger up to here, and the payee to its later end.
  assertEquals(await found(payer), undefined);
  await booked(payee, alice, 3);
  assertEquals(await found(payee), undefined);
  const asked = questionsOf(payee);
  const online = { listen: { host: "127.0.0.1", port: 0 }, onPayment: () => {}, onFault: () => {} };
  await payee.goOnline(online);
  for (let time = 0; time < 2; time++) {
    assertEquals(await resultOf(() => payer.pay({ payee: bob, amount: one })), "paid");
    assertEquals([await found(payer), await found(payee)], [undefined, undefined]);
  }
  // The second order comes on the same connection, at once.
  assertEquals(asked.map(({ checkpoints }) => checkpoints.map(({ size }) => size)), [[5, 2], [6]]);
  await payer.abandon();
  await payee.abandon();
});

function questionsOf({ context: { link } }: Member): ProofQuestion[] {
  const questions: ProofQuestion[] = [];
  const ask = link.ask.bind(link);
  link.ask = (type, request) => {
    if (type.type === proofRequestType.type) questions.push(request as ProofQuestion);
    return ask(type, request);
  };
  return questions;
}

/** A checkpoint that this identity signed. */
function seenOf(identity: Identity, { anchor }: TestServer["authority"], size = 3): SeenCheckpoint {
  const head = size === 0 ? rootOf(emptyTree) : "ab".repeat(32);
  const { text } = signCheckpoint({ size, head, at: 1 }, { identity, anchor });
  return { checkpoint: text, serverCertificate: encodeBase64(identity.certificate.der) };
}

Deno.test("peers: a payer sends nothing to a payee that shows a checkpoint which the server did not sign", async () => {
  await using server = await startServer();
  const payer = await memberOf(server, await server.enroll("alice"));
  const identity = await server.enroll("bob");
  const seen = seenOf(identity, server.authority);
  await using payee = await TestPayee.logIn(server, identity, { behave: honest, seen });
  const asked = questionsOf(payer);
  assertEquals(await resultOf(() => payer.pay({ payee: bob, amount: one })), "untrusted");
  assertEquals([payee.messages, await payer.context.outbox.ids()], [[], []]);
  assertEquals(await found(payer), undefined, "it says nothing about the server");
  assertEquals(asked.map(({ checkpoints }) => checkpoints), [[]]);
  await payer.abandon();
});

Deno.test("peers: only what a server of this ledger signed for it is taken, the newest of each peer and of so many peers", () => {
  const [authority, foreign] = [makeAuthority(), makeAuthority()];
  const identity = serverIdentity(authority);
  const { anchor } = authority;
  const audits = { last: () => Promise.resolve(undefined) };
  const peers = new PeerCheckpoints({ anchor, audits });
  const good = seenOf(identity, authority);
  const bad: readonly [SeenCheckpoint, new (message: string) => Error][] = [
    [{ ...good, checkpoint: good.checkpoint.replace("\n3\n", "\n4\n") }, EnvelopeError],
    [{ ...good, checkpoint: "" }, EnvelopeError],
    [{ ...good, serverCertificate: "?" }, EnvelopeError],
    [
      { ...good, serverCertificate: seenOf(serverIdentity(foreign), authority).serverCertificate },
      CertificateError,
    ],
    [seenOf(identity, foreign), EnvelopeError],
    [seenOf(serverIdentity(foreign), foreign), CertificateError],
  ];
  for (const [seen, kind] of bad) assertThrows(() => peers.take(alice, seen), kind);
  assertEquals(peers.unchecked(9), []);
  peers.take(alice, seenOf(identity, authority, 0));
  assertEquals(peers.unchecked(9), [], "an empty ledger needs no proof");
  for (const size of [3, 4]) peers.take(alice, seenOf(identity, authority, size));
  assertEquals(peers.unchecked(9).map(({ entry, seenBy }) => [entry, seenBy]), [[4, alice]]);
  for (let at = 0; at < peerCheckpointsMax; at++) peers.take(named(`payer-${at}`), good);
  const kept = peers.unchecked(1000);
  assertEquals([kept.length, kept[0]?.seenBy], [peerCheckpointsMax, named("payer-0")]);
  const first = peers.unchecked(proofCheckpointsMax);
  assertEquals(first.length, proofCheckpointsMax);
  // A newer one that comes while the audit is under way stays.
  peers.take(first[0]!.seenBy, seenOf(identity, authority, 5));
  peers.forget(first);
  const left = peerCheckpointsMax - proofCheckpointsMax + 1;
  // All of them were signed in second 1.
  const counts = [undefined, 0, 1].map((acceptedAt) =>
    peers.unchecked(1000, { acceptedAt }).length
  );
  assertEquals(counts, [left, left, 0]);
});
