/**
 * Checks receipts with the CA alone. Certificates count at the time of the payment, and receipt and
 * order must agree.
 */
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { checkReceipt, readReceiptAnchor } from "../../src/client/receipt_check.ts";
import { CertificateError, EnvelopeError, ProtocolError } from "../../src/errors.ts";
import { type Entry, type EntryKind, entryLeaf } from "../../src/ledger/entry.ts";
import type { Amount } from "../../src/money.ts";
import { CertificateAuthority } from "../../src/pki/certificate_authority.ts";
import { type Identity, openIdentity } from "../../src/pki/identity.ts";
import { derToPem } from "../../src/pki/pem.ts";
import { SigningKey } from "../../src/pki/signing_key.ts";
import { signDocument } from "../../src/pki/signed_document.ts";
import { type OrderTerms, signOrder, verifyOrder } from "../../src/protocol/order.ts";
import { signReceipt } from "../../src/protocol/receipt.ts";
import { systemRandom } from "../../src/random.ts";
import { ManualClock } from "../manual_clock.ts";
import { issueMember, named, serverIdentity } from "../server/test_server.ts";

const dayMs = 24 * 3600 * 1000;
const id = "019aaf3e-7c00-7000-8000-00000000000a";
const otherId = "019aaf3e-7c00-7000-8000-00000000000b";
const clock = new ManualClock();
const nowMs = clock.nowMs();
// The CA is some weeks old, so that there can have been servers before this one.
const { authority } = CertificateAuthority.create({
  clock: new ManualClock(nowMs - 20 * dayMs),
  random: systemRandom,
});
const { anchor } = authority;
const server = serverIdentity(authority, clock);
const alice = issueMember(authority, "alice", clock);
const lunch: OrderTerms = {
  id,
  payer: named("alice"),
  payee: named("bob"),
  amount: 2000 as Amount,
  memo: "lunch",
};

function order(terms: OrderTerms = lunch, identity: Identity = alice): string {
  return signOrder(terms, { identity, anchor, clock }).text;
}

function entryOf(orderJws: string, changes: Partial<Entry> = {}): Entry {
  const { digest, signature, signer, payload: { memo, iat, exp } } = verifyOrder(orderJws, {
    anchor,
  });
  const contents = {
    number: 7,
    id,
    kind: "payment",
    payer: named("alice"),
    payee: named("bob"),
    amount: 2000 as Amount,
    ...(memo !== undefined && { memo }),
    ...{ iat, exp, signature },
    certificate: { fingerprint: signer.fingerprint, der: signer.der },
    orderDigest: digest,
    atMs: nowMs,
    ...changes,
  } as const;
  return {
    ...contents,
    payerBalance: 8000,
    payeeBalance: 12_000,
    leaf: entryLeaf(contents),
    head: "0".repeat(64),
    ...changes,
  };
}

function serverOf(atMs: number, days: number): Identity {
  const { signingKey: { publicKey }, pem: privateKeyPem } = SigningKey.generate();
  const hosts = ["127.0.0.1"];
  const der = authority.issueServer({ publicKey, hosts, days, atMs, random: systemRandom });
  return openIdentity({
    certificatePem: derToPem(der, "CERTIFICATE"),
    privateKeyPem,
    anchor,
    role: "server",
    atMs,
  });
}

Deno.test("a receipt with its order proves who paid; without it, it proves what the server stated", () => {
  const orderJws = order();
  const receiptJws = signReceipt(entryOf(orderJws), { identity: server, anchor }).text;
  const { receipt, order: checked } = checkReceipt(receiptJws, orderJws, { anchor });
  const { payer, payee, amount, entry } = receipt.payload;
  assertEquals([payer, payee, amount as number], ["alice", "bob", 2000]);
  assertEquals([entry, checked?.payload.memo], [7, "lunch"]);
  const alone = checkReceipt(receiptJws, undefined, { anchor });
  assertEquals(alone, { receipt, order: undefined });
});

Deno.test("a receipt holds after its server's certificate has ended, and when it was made under a later one", () => {
  const orderJws = order();
  const certificates = [
    { title: "that ends on the next day", identity: serverOf(nowMs - dayMs, 2) },
    { title: "of the next year", identity: serverOf(nowMs + 360 * dayMs, 30) },
  ];
  for (const { title, identity } of certificates) {
    const receiptJws = signReceipt(entryOf(orderJws), { identity, anchor }).text;
    const { receipt } = checkReceipt(receiptJws, orderJws, { anchor });
    assertEquals(receipt.payload.entry, 7, title);
  }
});

Deno.test("a receipt by a server whose certificate had ended before the payment is refused", () => {
  const orderJws = order();
  const identity = serverOf(nowMs - 10 * dayMs, 5);
  const receiptJws = signReceipt(entryOf(orderJws), { identity, anchor }).text;
  assertThrows(() => checkReceipt(receiptJws, orderJws, { anchor }), CertificateError);
});

Deno.test("a receipt of a time before its CA is refused, with whatever certificate", () => {
  const check = (atMs: number) => {
    const receiptJws = signReceipt(entryOf(order(), { atMs }), { identity: server, anchor }).text;
    return checkReceipt(receiptJws, undefined, { anchor });
  };
  assertEquals(check(anchor.notBeforeMs).receipt.payload.entry, 7);
  assertThrows(() => check(anchor.notBeforeMs - 1), EnvelopeError, "before its CA's");
});

Deno.test("the CA that receipts are checked with may have ended meanwhile", () => {
  const read = readReceiptAnchor(anchor.pem);
  assertEquals(read.fingerprint, anchor.fingerprint);
  assertThrows(() => readReceiptAnchor("no certificate"), CertificateError);
});

const kinds: readonly { terms: OrderTerms; kind: EntryKind; isGood: boolean }[] = [
  { terms: lunch, kind: "refund", isGood: false },
  { terms: lunch, kind: "deposit", isGood: false },
  { terms: { ...lunch, refunds: otherId }, kind: "refund", isGood: true },
  { terms: { ...lunch, refunds: otherId }, kind: "payment", isGood: false },
  { terms: { ...lunch, payer: "@issuer" }, kind: "opening", isGood: true },
  { terms: { ...lunch, payer: "@issuer" }, kind: "deposit", isGood: true },
  { terms: { ...lunch, payer: "@issuer" }, kind: "payment", isGood: false },
  { terms: { ...lunch, payee: "@issuer" }, kind: "withdrawal", isGood: true },
  { terms: { ...lunch, payee: "@issuer" }, kind: "payment", isGood: false },
];

for (const { terms, kind, isGood } of kinds) {
  const what = `from ${terms.payer} to ${terms.payee}${terms.refunds ? " that refunds" : ""}`;
  Deno.test(`an order ${what} ${isGood ? "can" : "cannot"} have become a ${kind}`, async () => {
    const { payer, payee, refunds } = terms;
    const orderJws = order(terms, payer === "alice" && payee === "bob" ? alice : server);
    const entry = entryOf(orderJws, { kind, payer, payee, ...(refunds && { refunds }) });
    const receiptJws = signReceipt(entry, { identity: server, anchor }).text;
    const check = () => checkReceipt(receiptJws, orderJws, { anchor });
    if (isGood) assertEquals((await check()).receipt.payload.kind, kind);
    else assertThrows(check, EnvelopeError);
  });
}

const differences: readonly { member: string; changes: Partial<Entry> }[] = [
  { member: "id", changes: { id: otherId } },
  { member: "payer", changes: { payer: named("carol") } },
  { member: "payee", changes: { payee: named("carol") } },
  { member: "amount", changes: { amount: 2001 as Amount } },
  { member: "refunds", changes: { refunds: otherId } },
];

for (const { member, changes } of differences) {
  Deno.test(`a receipt whose order has another ${member} is refused, and that is said`, () => {
    const orderJws = order();
    const entry = entryOf(orderJws, changes);
    const receiptJws = signReceipt(entry, { identity: server, anchor }).text;
    const check = () => checkReceipt(receiptJws, orderJws, { anchor });
    assertThrows(check, EnvelopeError, `another ${member}`);
  });
}

Deno.test("a receipt for another order that says the same is refused", () => {
  const [first, second] = [order(), order({ ...lunch, memo: "dinner" })];
  const receiptJws = signReceipt(entryOf(first), { identity: server, anchor }).text;
  assertThrows(
    () => checkReceipt(receiptJws, second, { anchor }),
    EnvelopeError,
    "another order",
  );
});

const otherLeaves: readonly { what: string; changes: Partial<Entry> }[] = [
  { what: "another number", changes: { number: 8 } },
  { what: "another time", changes: { atMs: nowMs + 1 } },
  { what: "another memo", changes: { memo: "dinner" } },
];

for (const { what, changes } of otherLeaves) {
  Deno.test(`a receipt whose leaf is that of an entry with ${what} is refused`, () => {
    const orderJws = order();
    const { leaf } = entryOf(orderJws, changes);
    const receiptJws = signReceipt(entryOf(orderJws, { leaf }), { identity: server, anchor }).text;
    const check = () => checkReceipt(receiptJws, orderJws, { anchor });
    assertThrows(check, EnvelopeError, "its leaf is of another entry");
  });
}

Deno.test("a receipt whose time is no date is refused", async () => {
  const members = {
    ledger: anchor.fingerprint,
    entry: 7,
    id,
    kind: "payment",
    order: "0".repeat(64),
    payer: "alice",
    payee: "bob",
    amount: 5,
    leaf: "0".repeat(64),
    head: "0".repeat(64),
  };
  const sign = (at: unknown) =>
    signDocument("micropay-receipt", { ...members, at }, {
      signingKey: server.signingKey,
      chain: server.chain.slice(0, 1),
    });
  const check = async (at: unknown) => checkReceipt(await sign(at), undefined, { anchor });
  await assertRejects(() => check(undefined), ProtocolError, "at");
  await assertRejects(() => check("2026-99-99T00:00:00.000Z"), ProtocolError, "at: an instant is");
});
