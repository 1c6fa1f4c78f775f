/**
 * The member's own audit finds a server that rewrote its ledger, with proofs of the server alone.
 * Here the server proves everything from a list of leaves that a test changes.
 */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import type { MemberAudit } from "../../src/client/ledger_audit.ts";
import type { Member } from "../../src/client/member.ts";
import { verifyEvidence } from "../../src/client/evidence.ts";
import { SelfAudit } from "../../src/client/self_audit.ts";
import { EnvelopeError, FileError, OutputError, TimeoutError } from "../../src/errors.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { hashLeaf } from "../../src/ledger/merkle_tree.ts";
import { checkpointAgeMsMax, proofReceiptsMax } from "../../src/limits.ts";
import type { Amount } from "../../src/money.ts";
import { SigningKey } from "../../src/pki/signing_key.ts";
import { verifierKey } from "../../src/protocol/cosignature.ts";
import { checkpointRequestType } from "../../src/protocol/published_checkpoint.ts";
import { signCheckpoint, verifyCheckpoint } from "../../src/protocol/checkpoint.ts";
import {
  type ProofAnswer,
  type ProofQuestion,
  proofRequestType,
  signProofs,
} from "../../src/protocol/proof.ts";
import { refuse } from "../../src/protocol/request_type.ts";
import { plainProver } from "../ledger/plain_tree.ts";
import { named, startServer, type TestServer } from "../server/test_server.ts";
import { memberOf } from "./test_member.ts";
import { KeptWallet } from "./wallet/memory_wallet_store.ts";

/** Two pages of proofs. */
const payments = proofReceiptsMax + 6;
/** The openings of alice and bob come first. */
const rows = payments + 2;

interface Found extends Pick<MemberAudit, "entries" | "receipts" | "rewrittenAt" | "sameUntil"> {
  /** Numbers of entries. */
  readonly missing: readonly number[];
}

interface Scene {
  readonly server: TestServer;
  readonly alice: Member;
  /** Bob has no receipts, and follows the ledger alone. */
  readonly bob: Member;
  readonly audit: (member: Member) => Promise<Found>;
  /** Changes the leaves that the server proves from now on. */
  readonly rewrite: (change: (leaves: readonly string[]) => readonly string[]) => void;
  /** Requests for proofs so far. */
  readonly asked: () => number;
}

async function withScene(act: (scene: Scene) => Promise<void>): Promise<void> {
  let change = (leaves: readonly string[]) => leaves;
  let asked = 0;
  const wrap = (ledger: Ledger): Ledger =>
    new Proxy(ledger, {
      get: (target, name) => {
        const value = target[name as keyof Ledger];
        if (name !== "proofs") return typeof value === "function" ? value.bind(target) : value;
        return async (...[query]: Parameters<Ledger["proofs"]>) => {
          asked++;
          return plainProver(change(await leavesOf(target))).answer(query);
        };
      },
    });
  await using server = await startServer({ wrap });
  const alice = await memberOf(server, await server.enroll("alice"), { kept: new KeptWallet() });
  const bob = await memberOf(server, await server.enroll("bob"));
  const terms = { payee: named("bob"), amount: 1 as Amount, viaServer: true };
  for (const times of [proofReceiptsMax, payments - proofReceiptsMax]) {
    const paid = await alice.payAll(Array(times).fill(terms));
    assert(paid.every((one) => one.status === "fulfilled" && one.value.outcome === "paid"));
  }
  const audit = async (member: Member): Promise<Found> => {
    const result = await member.audit();
    assert(result.outcome === "audited");
    const { entries, receipts, rewrittenAt, sameUntil } = result;
    const missing = result.missing.map(({ entry }) => entry);
    return { entries, receipts, rewrittenAt, sameUntil, missing };
  };
  const rewrite = (next: typeof change) => change = next;
  await act({ server, alice, bob, audit, rewrite, asked: () => asked });
}

async function leavesOf(ledger: Ledger): Promise<string[]> {
  const entries = [];
  for (const name of ["alice", "bob"]) {
    entries.push(...await ledger.history(named(name), { limit: 1000 }));
  }
  const leaves = new Map(entries.map(({ number, leaf }) => [number, leaf]));
  return [...leaves].sort(([one], [other]) => one - other).map(([, leaf]) => leaf);
}

const other = hashLeaf("another entry");

Deno.test("audit: all receipts are looked for, many in one message, and the head is kept", () =>
  withScene(async ({ alice, audit, asked }) => {
    const good = { rewrittenAt: undefined, missing: [], sameUntil: rows };
    assertEquals(await audit(alice), { entries: rows, receipts: payments, ...good });
    assertEquals(asked(), 2);
    const { audits, anchor, link } = alice.context;
    const { entry, head, checkpoint } = (await audits.last())!;
    const signed = verifyCheckpoint(checkpoint, {
      anchor,
      publicKey: link.serverCertificate.publicKey,
    });
    assertEquals([entry, signed.size, signed.head], [rows, rows, head]);
  }));

interface Attack {
  readonly title: string;
  readonly change: (leaves: readonly string[]) => readonly string[];
  /** What the receipts of alice show. She never audited before. */
  readonly rewrittenAt: number;
  readonly missing: readonly number[];
}

const from = (first: number) =>
  Array.from({ length: rows - first + 1 }, (_, index) => first + index);

const attacks: readonly Attack[] = [
  {
    title: "changes an entry of somebody else",
    change: (leaves) => leaves.with(1, other),
    rewrittenAt: 3,
    missing: [],
  },
  {
    title: "changes an entry of alice",
    change: (leaves) => leaves.with(9, other),
    rewrittenAt: 10,
    missing: [10],
  },
  {
    title: "removes an entry",
    change: (leaves) => leaves.toSpliced(9, 1),
    rewrittenAt: 10,
    missing: from(10),
  },
  {
    title: "inserts an entry",
    change: (leaves) => leaves.toSpliced(9, 0, other),
    rewrittenAt: 10,
    missing: from(10),
  },
  {
    title: "swaps two entries",
    change: (leaves) => leaves.with(9, leaves[10]!).with(10, leaves[9]!),
    rewrittenAt: 10,
    missing: [10, 11],
  },
  {
    title: "restores an old backup",
    change: (leaves) => leaves.slice(0, 20),
    rewrittenAt: 21,
    missing: from(21),
  },
  {
    title: "restores a backup without any payment",
    change: (leaves) => leaves.slice(0, 1),
    rewrittenAt: 2,
    missing: from(3),
  },
  {
    title: "restores an old backup and goes on",
    change: (leaves) => [...leaves.slice(0, 20), ...Array(40).fill(other)],
    rewrittenAt: 21,
    missing: from(21),
  },
];

for (const { title, change, rewrittenAt, missing } of attacks) {
  Deno.test(`audit: a server that ${title} is caught, and no head is kept`, () =>
    withScene(async ({ alice, bob, audit, rewrite }) => {
      const { context: { audits } } = bob;
      assertEquals((await audit(bob)).rewrittenAt, undefined);
      const kept = await audits.last();
      rewrite(change);
      const found = await audit(alice);
      assertEquals([found.rewrittenAt, found.missing], [rewrittenAt, missing]);
      assertEquals(await alice.context.audits.last(), undefined);
      // The head of an earlier audit is enough.
      const { rewrittenAt: at, sameUntil } = await audit(bob);
      assert(at !== undefined && at <= rows);
      assertEquals([sameUntil, await audits.last()], [0, kept]);
    }));

  Deno.test(`self audit: a server that ${title} is caught, with evidence that others can check`, () =>
    withScene(async ({ alice, bob, rewrite, asked }) => {
      const members = [alice, bob].map((member) => {
        const found: MemberAudit[] = [];
        const onError = (error: Error) => {
          throw error;
        };
        const onFailure = (audit: MemberAudit) => void found.push(audit);
        return { member, found, selfAudit: new SelfAudit(member, { onFailure, onError }) };
      });
      // Bob has looked at the true ledger, as with his last command.
      await members[1]!.selfAudit.run();
      rewrite(change);
      for (const { found, member, selfAudit } of members) {
        await selfAudit.run();
        assertEquals([found.length, selfAudit.hasFailed], [1, true]);
        const text = JSON.stringify(found[0]!.evidence);
        assertMatch(verifyEvidence(text, member.context), /^the server signed .* asked later to/);
        const before = asked();
        await selfAudit.run();
        assertEquals([found.length, asked()], [1, before]);
      }
    }));
}

Deno.test("audit: a rewrite before the last good audit begins where a receipt shows it", () =>
  withScene(async ({ alice, audit, rewrite }) => {
    assertEquals((await audit(alice)).sameUntil, rows);
    rewrite((leaves) => leaves.with(9, other));
    const { missing, rewrittenAt, sameUntil } = await audit(alice);
    assertEquals([missing, rewrittenAt, sameUntil], [[10], 10, 9]);
  }));

Deno.test("audit: a server that shows two ledgers during one audit is caught", () =>
  withScene(async ({ alice, audit, rewrite }) => {
    let page = 0;
    rewrite((leaves) => page++ === 0 ? leaves : [...leaves.with(1, other), other]);
    const { missing, rewrittenAt, sameUntil } = await audit(alice);
    assertEquals([missing, rewrittenAt, sameUntil], [[], rows - 5, rows - 6]);
  }));

/** Changes the answers to a member's requests for proofs. */
function changeAnswers(
  { context: { link } }: Member,
  change: (answer: ProofAnswer, question: ProofQuestion) => ProofAnswer,
): void {
  const ask = link.ask.bind(link);
  link.ask = (async (requestType: typeof proofRequestType, request: ProofQuestion) => {
    const reply = await ask(requestType, request);
    if (requestType.type !== "proof" || reply.outcome === "refused") return reply;
    return { ...reply, answer: change(reply.answer, request) };
  }) as typeof link.ask;
}

/** Makes the server sign other answers. */
function changeSignedAnswers(
  { alice, server }: Scene,
  change: (answer: ProofAnswer) => Partial<ProofAnswer>,
): void {
  changeAnswers(
    alice,
    (answer, question) => signProofs(question, { ...answer, ...change(answer) }, server.identity),
  );
}

const unsignedChanges: readonly (readonly [string, (answer: ProofAnswer) => ProofAnswer])[] = [
  ["of an answer without one proof", (answer) => ({ ...answer, inclusion: [] })],
  ["of another signature", (answer) => ({ ...answer, signature: "A".repeat(86) })],
  [
    "of an answer with an earlier checkpoint",
    (answer) => ({ ...answer, checkpoint: answer.checkpoint.replace(/ (\d+)\n\n/, " 1\n\n") }),
  ],
];

for (const [what, change] of unsignedChanges) {
  Deno.test(`audit: a server is not accused ${what} that it did not sign`, () =>
    withScene(async ({ alice, audit }) => {
      changeAnswers(alice, change);
      await assertRejects(() => audit(alice), EnvelopeError, "the server did not sign this answer");
    }));
}

Deno.test("audit: an answer to another question is refused", () =>
  withScene(async ({ alice, bob, audit }) => {
    let answered: ProofAnswer | undefined;
    changeAnswers(bob, (answer) => answered = answer);
    await audit(bob);
    changeAnswers(alice, () => answered!);
    await assertRejects(() => audit(alice), EnvelopeError, "the server did not sign this answer");
  }));

Deno.test("audit: a checkpoint that the server did not sign is refused", () =>
  withScene(async (scene) => {
    const { alice, audit } = scene;
    const { anchor, identity, link } = alice.context;
    const { publicKey } = link.serverCertificate;
    changeSignedAnswers(scene, ({ checkpoint }) => {
      const state = verifyCheckpoint(checkpoint, { anchor, publicKey });
      return { checkpoint: signCheckpoint(state, { identity, anchor }).text };
    });
    await assertRejects(() => audit(alice), EnvelopeError, "the server did not sign it");
    assertEquals(await alice.context.audits.last(), undefined);
  }));

for (const difference of [-2 * checkpointAgeMsMax, 2 * checkpointAgeMsMax]) {
  const when = difference < 0 ? "the future" : "the past";
  Deno.test(`audit: a checkpoint that the server dates in ${when} is refused`, () =>
    withScene(async ({ alice, audit }) => {
      const { link, receipts } = alice.context;
      const nowMs = link.nowMs.bind(link);
      link.nowMs = () => nowMs() + difference;
      await assertRejects(() => audit(alice), EnvelopeError, "the server dates it");
      assertEquals(await alice.context.audits.last(), undefined);
      for await (const stored of receipts.all()) {
        await assertRejects(() => alice.prove(stored), EnvelopeError, "the server dates it");
        break;
      }
    }));
}

Deno.test("audit: a server that leaves out the proof of one entry is caught there", () =>
  withScene(async (scene) => {
    changeSignedAnswers(scene, ({ inclusion }) => ({ inclusion: inclusion.with(3, []) }));
    const { alice, audit } = scene;
    const { missing, rewrittenAt, sameUntil } = await audit(alice);
    assertEquals([missing, rewrittenAt, sameUntil], [[6, 6 + proofReceiptsMax], 6, 5]);
  }));

Deno.test("audit: a server that leaves out all proofs is caught", () =>
  withScene(async (scene) => {
    changeSignedAnswers(scene, () => ({ inclusion: [] }));
    const { alice, audit } = scene;
    const { missing, rewrittenAt } = await audit(alice);
    assertEquals([missing.length, rewrittenAt], [payments, 3]);
  }));

/** A self audit in which nothing may go wrong. */
function quietAudit(member: Member): SelfAudit {
  const onFailure = ({ evidence }: MemberAudit) => {
    throw new Error(JSON.stringify(evidence));
  };
  const onError = (error: Error) => {
    throw error;
  };
  return new SelfAudit(member, { onFailure, onError });
}

Deno.test("audit: a server that publishes another ledger than the member's is caught", () =>
  withScene(async ({ server, bob, audit, rewrite }) => {
    const key = verifierKey("w", SigningKey.generate().signingKey.publicKey);
    const { head } = await server.ledger.totals();
    rewrite((leaves) => leaves.with(5, other));
    const { link } = bob.context;
    assertEquals((await link.ask(checkpointRequestType, {})).outcome, "answered");
    rewrite((leaves) => leaves);
    const found = await bob.audit({ witnesses: [key] });
    assert(found.outcome === "audited");
    assertEquals([found.entries, found.head, found.rewrittenAt], [rows, head, rows]);
    assertEquals(found.witnesses?.absent, ["w"]);
    const said = verifyEvidence(JSON.stringify(found.evidence), server);
    assertMatch(said, /^the server signed a ledger of \d+ rows; asked later to prove/);
    // Without witnesses there is nothing to compare.
    assertEquals((await audit(bob)).rewrittenAt, undefined);
  }));

Deno.test("self audit: a receipt that a good audit found is not asked for again", () =>
  withScene(async ({ alice, bob, asked }) => {
    const audit = quietAudit(alice);
    await audit.run();
    assertEquals(asked(), 2);
    const { context: { name } } = bob;
    await alice.pay({ payee: name, amount: 1 as Amount, viaServer: true });
    const { receipts } = await alice.audit({ unauditedOnly: true }) as MemberAudit;
    assertEquals(receipts, 1);
    const whole = await alice.audit() as MemberAudit;
    assertEquals([whole.receipts, whole.evidence], [payments + 1, undefined]);
  }));

Deno.test("self audit: those who ask while an audit runs share the next one", () =>
  withScene(async ({ bob, asked }) => {
    const audit = quietAudit(bob);
    const first = audit.run();
    await Promise.resolve();
    await Promise.all([first, ...Array.from({ length: 20 }, () => audit.run())]);
    assertEquals(asked(), 2);
  }));

Deno.test("self audit: payments of the library ask for no proof", () =>
  withScene(({ asked }) => Promise.resolve(assertEquals(asked(), 0))));

Deno.test("self audit: a server that refuses, is late or is gone is no failure", () =>
  withScene(async ({ alice, bob }) => {
    const ask = alice.context.link.ask;
    const answers = [
      () => Promise.resolve(refuse(400)),
      () => Promise.reject(new TimeoutError("late")),
    ];
    const audit = quietAudit(alice);
    for (const answer of answers) {
      alice.context.link.ask = answer as typeof ask;
      await audit.run();
    }
    await bob.abandon();
    const gone = quietAudit(bob);
    await gone.run();
    assertEquals([audit, gone].map(({ hasFailed, error }) => [hasFailed, error]), [
      [false, undefined],
      [false, undefined],
    ]);
  }));

Deno.test("self audit: a checkpoint that the server did not sign is told once", () =>
  withScene(async (scene) => {
    changeSignedAnswers(scene, () => ({ checkpoint: "none" }));
    const { alice } = scene;
    const told: Error[] = [];
    const audit = new SelfAudit(alice, {
      onFailure: () => {},
      onError: (error) => void told.push(error),
    });
    for (let times = 0; times < 2; times++) await audit.run();
    assertEquals([told.length, audit.error, audit.hasFailed], [1, told[0], false]);
    assert(told[0] instanceof EnvelopeError);
  }));

Deno.test("self audit: a server that holds the rest of its proofs back is told of in time", () =>
  withScene(async ({ alice, rewrite, asked }) => {
    rewrite((leaves) => leaves.with(9, other));
    const { context: { link } } = alice;
    const ask = link.ask.bind(link);
    const givenUp = new AbortController();
    link.ask = (async (requestType: typeof proofRequestType, request: never) => {
      if (asked() < 2) return await ask(requestType, request);
      givenUp.abort();
      return await new Promise(() => {});
    }) as typeof link.ask;
    const found: MemberAudit[] = [];
    const audit = new SelfAudit(alice, {
      onFailure: (audit) => void found.push(audit),
      onError: (error) => {
        throw error;
      },
    });
    await audit.runSoon(givenUp);
    assertEquals([found.length, audit.hasFailed], [1, true]);
    assertMatch(
      verifyEvidence(JSON.stringify(found[0]!.evidence), alice.context),
      /^the server signed entry 10; /,
    );
  }));

for (
  const [what, withhold] of [
    ["refuses", () => Promise.resolve(refuse(400))],
    ["does not answer", () => Promise.reject(new TimeoutError("late"))],
  ] as const
) {
  Deno.test(`audit: a server that ${what} after a proof that shows a fault is caught`, () =>
    withScene(async ({ alice, audit, rewrite, asked }) => {
      rewrite((leaves) => leaves.with(1, other));
      const { context: { link } } = alice;
      const ask = link.ask.bind(link);
      link.ask = ((requestType: typeof proofRequestType, request: never) =>
        asked() === 0 ? ask(requestType, request) : withhold()) as typeof link.ask;
      const { receipts, rewrittenAt } = await audit(alice);
      assertEquals([receipts, rewrittenAt], [proofReceiptsMax, 3]);
    }));
}

Deno.test("audit: a server cannot hide losses behind a ledger that a member accepted", () =>
  withScene(async ({ alice, audit, rewrite, asked }) => {
    assertEquals((await audit(alice)).missing, []);
    rewrite((leaves) => leaves.slice(0, 2));
    const { context: { link } } = alice;
    const ask = link.ask;
    const before = asked();
    link.ask = ((requestType: typeof proofRequestType, request: never) =>
      asked() === before
        ? ask.call(link, requestType, request)
        : Promise.resolve(refuse(400))) as typeof link.ask;
    const shown = await alice.audit() as MemberAudit;
    assertEquals(shown.missing.length, proofReceiptsMax);
    await alice.accept(shown);
    link.ask = ask;
    const later = await alice.audit({ unauditedOnly: true }) as MemberAudit;
    assertEquals(later.missing.length, payments - proofReceiptsMax);
  }));

Deno.test("self audit: after an error the next audit still finds that the ledger was rewritten", () =>
  withScene(async ({ alice, rewrite }) => {
    const { context: { link } } = alice;
    const ask = link.ask.bind(link);
    const [told, found]: [Error[], MemberAudit[]] = [[], []];
    const audit = new SelfAudit(alice, {
      onFailure: (audit) => {
        found.push(audit);
        throw new OutputError("print: nobody reads it");
      },
      onError: (error) => void told.push(error),
    });
    const errors = [new FileError("full"), new FileError("full"), new EnvelopeError("bad")];
    for (const error of errors) {
      link.ask = () => Promise.reject(error);
      await audit.run();
    }
    link.ask = ask;
    rewrite((leaves) => leaves.with(1, other));
    await audit.runSoon();
    assertEquals([told, found.length], [[errors[0], errors[2]], 1]);
    assertEquals(audit.hasFailed, true);
  }));
