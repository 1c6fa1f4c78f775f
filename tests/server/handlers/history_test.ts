/** Pages of history: how many rows fit, and that the client rebuilds the complete documents. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { HistoryReader } from "../../../src/client/history_reader.ts";
import { SignerCertificates } from "../../../src/client/signer_certificates.ts";
import { EnvelopeError, ProtocolError } from "../../../src/errors.ts";
import { bodyBytesMax, historyTurnEntriesMax, pageRowsMax } from "../../../src/limits.ts";
import type { Amount } from "../../../src/money.ts";
import type { Identity } from "../../../src/pki/identity.ts";
import { certificatesRequestType } from "../../../src/protocol/certificates.ts";
import {
  type HistoryRequest,
  historyRequestType,
  type HistoryRow,
  type PackedHistoryRow,
} from "../../../src/protocol/history.ts";
import { bookingOf, signOrder, verifyOrder } from "../../../src/protocol/order.ts";
import { requireReceiptFor, signReceipt, verifyReceipt } from "../../../src/protocol/receipt.ts";
import { answerWith, encodeReply } from "../../../src/protocol/request_type.ts";
import { encodeFingerprint } from "../../../src/protocol/shapes.ts";
import { systemClock } from "../../../src/clock.ts";
import { makeOrderId, systemRandom } from "../../../src/random.ts";
import { memberOf } from "../../client/test_member.ts";
import { named, startServer, type TestServer } from "../test_server.ts";

interface BookedTerms {
  readonly payee: string;
  readonly amount?: number;
  readonly memo?: string;
  readonly refunds?: string;
}

/** Books an order of this member without the wire. Returns the order's id. */
async function book(
  server: TestServer,
  identity: Identity,
  { payee, amount = 1, memo, refunds }: BookedTerms,
): Promise<string> {
  const { anchor, ledger } = server;
  assert(identity.party.role === "member");
  const id = makeOrderId(systemClock, systemRandom);
  const sides = { payer: identity.party.name, payee: named(payee) };
  const terms = { id, ...sides, amount: amount as Amount, memo, refunds };
  const order = signOrder(terms, { identity, anchor, clock: systemClock });
  const kind = refunds === undefined ? "payment" : "refund";
  const atMs = systemClock.nowMs() + 1234;
  const booked = await ledger.book(bookingOf(order, { kind, atMs }));
  assertEquals(booked.outcome, "booked");
  return id;
}

/** Returns a page as it is on the wire, and how many bytes its body has. */
async function pageOf(server: TestServer, identity: Identity) {
  const link = await server.link(identity);
  const page = await link.ask(historyRequestType, { limit: pageRowsMax });
  assert(page.outcome === "answered");
  // What is missing at the end of a row was decoded as undefined.
  const entries = page.answer.entries.map((row) => row.filter((value) => value !== undefined));
  const answer = { ...page.answer, entries };
  const body = encodeReply(historyRequestType, 1, { outcome: "answered", answer } as never);
  return { ...page.answer, bytes: new TextEncoder().encode(JSON.stringify(body)).length };
}

async function readAll(server: TestServer, identity: Identity): Promise<HistoryRow[]> {
  const reader = new HistoryReader((await memberOf(server, identity)).context);
  const rows: HistoryRow[] = [];
  for (let more = true; more;) {
    const before = rows.at(-1)?.entry;
    const page = await reader.read({ limit: 50, ...(before !== undefined && { before }) });
    assert(page.outcome === "answered");
    rows.push(...page.answer.entries);
    more = page.answer.more;
  }
  return rows;
}

Deno.test("history 3: a page holds at least 100 payments of one payer, and its client asks for no certificate", async () => {
  await using server = await startServer();
  const [alice] = [await server.enroll("alice"), await server.enroll("bob")];
  for (let time = 0; time < 130; time++) {
    await book(server, alice, { payee: "bob", amount: 2000 % (time + 1) + 1, memo: "lunch no 12" });
  }
  const page = await pageOf(server, alice);
  assert(page.entries.length >= 100, `${page.entries.length} rows`);
  assert(page.bytes <= bodyBytesMax, `${page.bytes} bytes`);
  assertEquals([page.certificates.length, page.more], [1, true]);

  const { context } = await memberOf(server, alice);
  const ask = context.link.ask.bind(context.link);
  const asked: string[] = [];
  context.link.ask = (requestType, request) => {
    asked.push(requestType.type);
    return ask(requestType, request);
  };
  const read = await new HistoryReader(context).read({ limit: pageRowsMax });
  assertEquals(read.outcome === "answered" && read.answer.entries.length, page.entries.length);
  assertEquals(asked, ["history"]);
});

Deno.test("history 3: a page with the longest names, memos and numbers holds 20 rows and fits a line", async () => {
  await using server = await startServer({ initialBalance: 2 ** 50 });
  const [long, other] = ["a".repeat(32), "b".repeat(32)];
  const [alice] = [await server.enroll(long), await server.enroll(other)];
  const memo = "\u{1f355}".repeat(256);
  for (let time = 0; time < 25; time++) {
    await book(server, alice, { payee: other, amount: 10 ** 12 + time, memo });
  }
  const page = await pageOf(server, alice);
  assert(page.entries.length >= 20, `${page.entries.length} rows`);
  assert(page.bytes <= bodyBytesMax, `${page.bytes} bytes`);
});

Deno.test("history 4: the order and the receipt of each row are those of its entry, byte for byte, and prove it", async () => {
  await using server = await startServer();
  const names = ["alice", "bob", "carol"];
  const members = [];
  for (const name of names) members.push(await server.enroll(name));
  const [alice, bob, carol] = members as [Identity, Identity, Identity];
  const paid = await book(server, alice, { payee: "bob", amount: 500, memo: 'käse 🧀 "\\/' });
  await book(server, bob, { payee: "alice", amount: 200, refunds: paid });
  await book(server, carol, { payee: "bob", amount: 9 });
  // More than one turn.
  for (let time = 0; time <= historyTurnEntriesMax; time++) {
    await book(server, carol, { payee: "bob", memo: `${time}` });
  }
  const { anchor, identity, ledger } = server;
  for (const member of members) {
    assert(member.party.role === "member");
    const { name } = member.party;
    const entries = await ledger.history(name, { limit: 1000 });
    const rows = await readAll(server, member);
    assertEquals(rows.map(({ entry }) => entry), entries.map(({ number }) => number));
    for (const [at, row] of rows.entries()) {
      const entry = entries[at]!;
      const own = entry.payer === name ? entry.payerBalance : entry.payeeBalance;
      assertEquals(row.receipt, signReceipt(entry, { identity, anchor }).text);
      assertEquals([row.id, row.balance, row.kind], [entry.id, own, entry.kind]);
      const order = verifyOrder(row.order, { anchor });
      assertEquals([order.digest, row.memo], [entry.orderDigest, entry.memo]);
      requireReceiptFor(order, verifyReceipt(row.receipt, { anchor }));
    }
    const forward = await new HistoryReader((await memberOf(server, member)).context)
      .read({ limit: 200, after: 0 });
    assertEquals(forward.outcome === "answered" && forward.answer.entries, rows.toReversed());
  }
});

Deno.test("history 4: a row with any other element is refused, or its receipt or order proves nothing", async () => {
  await using server = await startServer();
  const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
  const paid = await book(server, alice, { payee: "bob", amount: 500, memo: "lunch" });
  await book(server, bob, { payee: "alice", amount: 200, refunds: paid });
  const { context } = await memberOf(server, alice);
  const { link, anchor } = context;
  const page = await link.ask(historyRequestType, { limit: 1 });
  assert(page.outcome === "answered");
  const [row] = page.answer.entries;
  const [, , , , , , , , , , bytes] = row!;
  const changes: readonly (readonly [index: number, value: unknown])[] = [
    [0, row![0] + 1],
    [1, 1],
    [2, "carol"],
    [3, "carol"],
    [4, 201],
    [5, "a gift"],
    [6, row![6] + 1],
    [7, row![7] + 1],
    [8, row![8] + 1],
    [8, Number.MAX_SAFE_INTEGER - row![6] * 1000],
    [9, 1],
    // The id, the order's signature, the head and the receipt's signature begin here.
    ...[0, 22, 107, 150].map((at) => [10, otherAt(bytes, at)] as const),
    [11, makeOrderId(systemClock, systemRandom)],
  ];
  const ask = link.ask.bind(link);
  for (const [index, value] of changes) {
    const entries = [row!.map((element, at) => at === index ? value : element)];
    link.ask = (requestType, request) =>
      requestType.type === historyRequestType.type
        ? Promise.resolve(answerWith({ ...page.answer, entries }) as never)
        : ask(requestType, request);
    await assertRejects(
      async () => {
        const read = await new HistoryReader(context).read({ limit: 1 });
        assert(read.outcome === "answered");
        const { order, receipt } = read.answer.entries[0]!;
        requireReceiptFor(verifyOrder(order, { anchor }), verifyReceipt(receipt, { anchor }));
      },
      Error,
      undefined,
      `element ${index}`,
    );
  }
});

Deno.test("history 4: a client shows no row that its order and receipt do not prove", async () => {
  await using server = await startServer();
  const [alice] = [await server.enroll("alice"), await server.enroll("bob")];
  await book(server, alice, { payee: "bob", amount: 5 });
  const member = await memberOf(server, alice);
  const { link } = member.context;
  const shown = async () => {
    const pages = await Array.fromAsync(member.history({ limit: 1 }));
    return pages.flatMap((page) => page.outcome === "answered" ? page.answer.entries : []);
  };
  assertEquals((await shown()).map(({ amount }) => amount), [5]);
  const page = await link.ask(historyRequestType, { limit: 1 });
  assert(page.outcome === "answered");
  const entries = page.answer.entries.map((row) => row.with(4, 6));
  link.ask = () => Promise.resolve(answerWith({ ...page.answer, entries }) as never);
  await assertRejects(shown, EnvelopeError, "it is not by the expected key");
});

Deno.test("history 5: a page with a row twice, in another order or of another place is refused, so no payment is told again", async () => {
  await using server = await startServer();
  const [alice] = [await server.enroll("alice"), await server.enroll("bob")];
  for (let time = 0; time < 4; time++) await book(server, alice, { payee: "bob" });
  const member = await memberOf(server, alice);
  const { link } = member.context;
  const ask = link.ask.bind(link);
  const pages = {
    backward: await ask(historyRequestType, { limit: 9 }),
    forward: await ask(historyRequestType, { limit: 9, after: 0 }),
  };
  type Change = (rows: readonly PackedHistoryRow[]) => readonly PackedHistoryRow[];
  const twice: Change = ([first, ...others]) => [first!, first!, ...others];
  const turned: Change = (rows) => rows.toReversed();
  const same: Change = (rows) => rows;
  const cases: readonly (readonly [keyof typeof pages, HistoryRequest, Change])[] = [
    ["backward", { limit: 9 }, twice],
    ["backward", { limit: 9 }, turned],
    ["backward", { limit: 2 }, same],
    ["backward", { limit: 9, before: 4 }, same],
    ["forward", { limit: 9, after: 0 }, twice],
    ["forward", { limit: 9, after: 0 }, turned],
    ["forward", { limit: 9, after: 3 }, same],
  ];
  for (const [at, [direction, request, change]] of cases.entries()) {
    const page = pages[direction];
    assert(page.outcome === "answered");
    const entries = change(page.answer.entries);
    link.ask = () => Promise.resolve(answerWith({ ...page.answer, entries }) as never);
    const reader = new HistoryReader(member.context);
    const reason = "read a page of history: ";
    await assertRejects(() => reader.read(request), ProtocolError, reason, `case ${at}`);
  }
});

/** Returns the text with another base64url character at an index. */
function otherAt(text: string, index: number): string {
  return text.slice(0, index) + (text[index] === "A" ? "B" : "A") + text.slice(index + 1);
}

Deno.test("certificates 1: a client asks for each certificate once, and takes no other one", async () => {
  await using server = await startServer();
  const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
  const link = await server.link(bob);
  const reference = encodeFingerprint(alice.certificate.fingerprint);
  const certificates = new SignerCertificates(link, bob);
  const ask = link.ask.bind(link);
  let questions = 0;
  link.ask = (requestType, request) => {
    questions++;
    return ask(requestType, request);
  };
  for (let time = 0; time < 2; time++) {
    const found = await certificates.find([reference]);
    assertEquals(found, answerWith([[alice.certificate.der]]));
  }
  assertEquals(questions, 1);
  link.ask = (requestType) =>
    requestType.type === certificatesRequestType.type
      ? ask(
        requestType,
        { fingerprints: [encodeFingerprint(bob.certificate.fingerprint)] } as never,
      )
      : Promise.reject(new Error("another question"));
  const reader = new SignerCertificates(link, bob);
  await assertRejects(() => reader.find([reference]), ProtocolError, "not the certificate");
});

Deno.test("certificates 2: what is not there is refused with 400, and an answer begins with the first that was asked for", async () => {
  await using server = await startServer();
  const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
  const link = await server.link(alice);
  const known = [bob, alice].map(({ certificate }) => encodeFingerprint(certificate.fingerprint));
  const found = await link.ask(certificatesRequestType, { fingerprints: known });
  assertEquals(
    found.outcome === "answered" && found.answer.certificates.map((text) => text.length),
    [bob, alice].map(({ certificate: { der } }) => Math.ceil(der.length * 4 / 3)),
  );
  const unknown = await link.ask(certificatesRequestType, {
    fingerprints: [encodeFingerprint("0".repeat(64))],
  });
  assertEquals(unknown.outcome === "refused" && unknown.code, 400);
});
