/**
 * Makes the contents of the golden vectors with the keys in the folder. Only `make_vectors.ts` uses
 * it.
 */
import type { AccountName } from "../../src/account_name.ts";
import { decodeHex } from "@std/encoding/hex";
import { encodeBase64Url } from "../../src/base64.ts";
import { encodeMessage, type Message } from "../../src/envelope/message.ts";
import { writeGreeting } from "../../src/envelope/greeting.ts";
import { seal } from "../../src/envelope/seal.ts";
import { peerUri, signerUri } from "../../src/envelope/peer.ts";
import { signerKey } from "../../src/envelope/peer.ts";
import { type Entry, orderDigest } from "../../src/ledger/entry.ts";
import { appendLeaf, emptyTree, hashLeaf, rootOf } from "../../src/ledger/merkle_tree.ts";
import { signCheckpoint } from "../../src/protocol/checkpoint.ts";
import { TreeProver } from "../../src/ledger/tree_proofs.ts";
import { post } from "../../src/ledger/posting.ts";
import type { Amount } from "../../src/money.ts";
import { readDocument, signDocument } from "../../src/pki/signed_document.ts";
import { sha256Hex } from "../../src/pki/signing_key.ts";
import { codes } from "../../src/protocol/code.ts";
import { packHistoryRow } from "../../src/protocol/history.ts";
import { encodeFingerprint } from "../../src/protocol/shapes.ts";
import { bookingOf, orderText, signOrder } from "../../src/protocol/order.ts";
import { packDocument } from "../../src/protocol/packed_document.ts";
import { signPaymentRequest } from "../../src/protocol/payment_request.ts";
import { signProofs } from "../../src/protocol/proof.ts";
import { packReceipt, type SignedReceipt, signReceipt } from "../../src/protocol/receipt.ts";
import type { JsonObject } from "../../src/strict_json.ts";
import { goodNonce, hostileGreetings } from "../envelope/hostile_greetings.ts";
import { hostileLines } from "../envelope/hostile_lines.ts";
import { plainRoot } from "../ledger/plain_tree.ts";
import { alice, anchor, atMs, bob, identities, recipients, server, signers } from "../envelope/vector_parties.ts";
import { sessionKeys } from "../envelope/vector_session_keys.ts";
import type {
  DocumentVector,
  LedgerFile,
  MessageVector,
  RefusedVector,
  TreeFile,
  VectorParty,
} from "./vector_files.ts";

const clock = { nowMs: () => atMs };
const ids = {
  opening: "019ab0a1-2c00-7000-8000-000000000001",
  lunch: "019ab0a1-2c00-7000-8000-000000000002",
  refund: "019ab0a1-2c00-7000-8000-000000000003",
  unknown: "019ab0a1-2c00-7000-8000-000000000004",
};
const [aliceName, bobName] = ["alice" as AccountName, "bob" as AccountName];
const lunch = {
  id: ids.lunch,
  payer: aliceName,
  payee: bobName,
  amount: 2000 as Amount,
  memo: "lunch",
};
const lunchOrder = signOrder(lunch, { identity: alice, anchor, clock });
const order = lunchOrder.text;
const opening = {
  id: ids.opening,
  payer: "@issuer" as const,
  payee: aliceName,
  amount: 10_000 as Amount,
};
const openingOrder = signOrder(opening, { identity: server, anchor, clock });
const change = {
  id: ids.refund,
  payer: bobName,
  payee: aliceName,
  amount: 500 as Amount,
  refunds: ids.lunch,
};
const refundOrder = signOrder(change, { identity: bob, anchor, clock });
const entries: Entry[] = [];
let tree = emptyTree;
for (
  const [kind, signed] of [
    ["opening", openingOrder],
    ["payment", lunchOrder],
    ["refund", refundOrder],
  ] as const
) {
  const booking = bookingOf(signed, { kind, atMs: atMs + 1000 * entries.length });
  const placed = post(booking, { tree, payerBalance: 10_000, payeeBalance: 0 })!;
  tree = appendLeaf(tree, placed.row.leaf).tree;
  entries.push(placed.row);
}
const wish = signPaymentRequest(
  { amount: 7 as Amount, memo: "book", payer: aliceName, lifetimeMs: 3_600_000 },
  {
    payee: bobName,
    ...{ identity: bob, anchor, clock },
    random: { bytes: (length) => new Uint8Array(length).map((_, at) => at) },
  },
);
const { amount: wished, memo: wishedMemo } = wish.payload;
const wishedTerms = { id: wish.id, payer: aliceName, payee: bobName, amount: wished };
const wishedOrder = signOrder(
  { ...wishedTerms, memo: wishedMemo, request: wish.text },
  { identity: alice, anchor, clock },
);
const receipt = signReceipt(entries[1]!, { identity: server, anchor });
const refundReceipt = signReceipt(entries[2]!, { identity: server, anchor });

export function makeDocuments(): DocumentVector[] {
  const greeting = { nonce: goodNonce, atMs };
  const serverGreeting = { ...greeting, identity: server, sessionKey: sessionKeys.server };
  const bobGreeting = { ...greeting, identity: bob, sessionKey: sessionKeys.bob };
  return [
    document(
      "the server's greeting",
      "micropay-greeting",
      "server",
      writeGreeting(serverGreeting),
    ),
    document("a payee's greeting", "micropay-greeting", "bob", writeGreeting(bobGreeting)),
    document("alice pays bob 2000 for lunch", "micropay-order", "alice", order),
    document("alice's starting balance", "micropay-order", "server", openingOrder.text),
    document("bob gives 500 back", "micropay-order", "bob", refundOrder.text),
    document("bob asks alice for 7", "micropay-request", "bob", wish.text),
    document("alice pays the request", "micropay-order", "alice", wishedOrder.text),
    document("the receipt of alice's order", "micropay-receipt", "server", receipt.text),
    document("the receipt of bob's refund", "micropay-receipt", "server", refundReceipt.text),
  ];
}

function document(
  what: string,
  typ: DocumentVector["typ"],
  signer: DocumentVector["signer"],
  jws: string,
): DocumentVector {
  const { payload, chain } = readDocument(jws, { typ, chain: "required" });
  return { what, typ, signer, x5c: chain!.length === 1 ? "leaf" : "leaf and CA", payload, jws };
}

export async function makeMessages(): Promise<MessageVector[]> {
  const hashes = entries.map(({ leaf }) => encodeBase64Url(decodeHex(leaf)));
  const [earlier, newest] = [1, 3].map((size) => {
    const state = { size, head: entries[size - 1]!.head, at: atMs / 1000 };
    return signCheckpoint(state, { identity: server, anchor }).text;
  });
  const question = {
    checkpoints: [{ size: 1, digest: sha256Hex(earlier!) }],
    receipts: [{ entry: 2, digest: sha256Hex(receipt.text) }],
  };
  const consistency = [[hashes[1]!, hashes[2]!]];
  const inclusion = [[hashes[0]!, hashes[2]!]];
  const proofs = signProofs(question, { checkpoint: newest!, consistency, inclusion }, server);
  const booked = (jws: string, receipt: SignedReceipt) => ({
    results: [{
      ...{ order: orderDigest(jws), code: 130, text: "transfer OK" },
      receipt: packReceipt(receipt),
    }],
  });
  const row = packHistoryRow(entries[1]!, {
    certificate: 0,
    receiptSignature: receipt.signature,
  });
  const signer = encodeFingerprint(alice.certificate.fingerprint);
  const packed = packDocument({ text: order, signer: alice.certificate });
  const certificate = identities.alice.certificate.replace(/-----.*-----|\n/g, "")
    .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  const online = [{ name: "bob", ip: "127.0.0.1", port: 57609 }];
  const ask = (from: VectorParty, seq: number, type: string, body: JsonObject, about = "") =>
    message(`${from} asks: ${type}${about}`, { from, to: "server", seq, type, body, first: seq === 0 });
  const answer = (to: VectorParty, seq: number, what: string, body: JsonObject) =>
    message(`the server answers ${what}`, { from: "server", to, seq, type: "reply", body });
  const ok = (re: number, code: number, text: string, reply: object) => ({
    re,
    code,
    text,
    answer: reply,
  });
  return await Promise.all([
    ask("carol", 0, "register", { name: "carol" }),
    answer(
      "carol",
      0,
      "a register (with alice's certificate)",
      ok(0, 100, "OK", { certificate, balance: 10_000, existed: false }),
    ),
    ask("alice", 0, "login", { name: "alice", port: 50001 }),
    answer("alice", 0, "a login", ok(0, 110, "OK", { ip: "127.0.0.1", port: 50001 })),
    ask("alice", 1, "list", {}),
    answer(
      "alice",
      1,
      "a list",
      ok(1, 300, "OK", { balance: 10_000, count: 1, online, more: false }),
    ),
    ask("alice", 2, "locate", { name: "bob" }),
    answer("alice", 2, "a locate", ok(2, 300, "OK", online[0]!)),
    ask("alice", 3, "balance", {}),
    answer("alice", 3, "a balance", ok(3, 300, "OK", { balance: 10_000 })),
    message("alice pays bob", {
      from: "alice",
      to: "bob",
      seq: 0,
      type: "pay",
      body: { order: packed },
      first: true,
    }),
    message("the server tells bob to wait", {
      from: "server",
      to: "bob",
      seq: 0,
      type: "waiting",
      body: { place: 3 },
    }),
    ask("bob", 1, "submit", { orders: [packed] }),
    answer("bob", 1, "a submit", ok(1, 300, "OK", booked(order, receipt))),
    message("bob answers alice", {
      from: "bob",
      to: "alice",
      seq: 0,
      type: "reply",
      body: { re: 0, code: 265, text: "transfer FAIL: the order has expired" },
    }),
    message("the server tells alice", {
      from: "server",
      to: "alice",
      seq: 4,
      type: "result",
      body: booked(order, receipt),
    }),
    ask("alice", 4, "status", { id: ids.lunch }),
    answer("alice", 5, "a status", ok(4, 130, "transfer OK", { order: packed, receipt: packReceipt(receipt), refunded: 0 })),
    ask("alice", 5, "status", { id: ids.unknown }, " of an unknown order"),
    answer("alice", 6, "a status of what it does not know", { re: 5, code: 400, text: "unknown" }),
    ask("alice", 6, "history", { limit: 1 }),
    answer("alice", 7, "a history", ok(6, 300, "OK", { balance: 8000, certificates: [signer], entries: [row], more: true })),
    ask("alice", 7, "proof", question),
    answer("alice", 8, "proofs", ok(7, 300, "OK", proofs)),
    ask("bob", 2, "submit", { orders: [packDocument(refundOrder)] }, " of a refund"),
    answer(
      "bob",
      2,
      "a submit by the payer",
      ok(2, 300, "OK", booked(refundOrder.text, refundReceipt)),
    ),
    message("the server tells alice of money that came", {
      from: "server",
      to: "alice",
      seq: 9,
      type: "payment",
      body: { payments: [{ order: refundOrder.text, receipt: packReceipt(refundReceipt) }] },
    }),
    message("the server tells alice that an order of hers was refused", {
      from: "server",
      to: "alice",
      seq: 10,
      type: "result",
      body: { results: [{ order: orderDigest(order), code: 265, text: codes[265].text }] },
    }),
    ask("alice", 8, "exit", {}),
    answer("alice", 11, "an exit", ok(8, 120, "Bye", {})),
    message("the server asks bob whether it is there", {
      from: "server",
      to: "bob",
      seq: 3,
      type: "ping",
      body: {},
    }),
    ask("bob", 3, "pong", {}),
    ask("bob", 4, "certificates", { fingerprints: [signer] }),
    answer("bob", 4, "certificates", ok(4, 300, "OK", { certificates: [certificate] })),
    message("the server stops", { from: "server", to: "bob", seq: 5, type: "closing", body: {} }),
  ]);
}

async function message(
  what: string,
  { from, to, seq, type, body, first = false }: {
    from: VectorParty;
    to: VectorParty;
    seq: number;
    type: string;
    body: JsonObject;
    first?: boolean;
  },
): Promise<MessageVector> {
  const signer = signers[from];
  const receiver = signers[to];
  const uri = receiver.kind === "applicant"
    ? peerUri({ kind: "applicant", request: receiver.request })
    : signerUri(receiver);
  const content: Message = { type, seq, conn: goodNonce, to: uri, iat: atMs / 1000, body };
  const csr = signer.kind === "applicant" ? signer.request.der : undefined;
  const introduction = first ? { enc: sessionKeys[from].jwk, csr } : undefined;
  const payload = encodeMessage(content, introduction);
  const chain = first && signer.kind === "certified" ? signer.identity.chain : undefined;
  const signingKey = signerKey(signer);
  const jws = signDocument("micropay-message", payload, { signingKey, chain });
  const introduce = first ? sessionKeys[from] : undefined;
  const line = await seal(content, { signer, recipient: recipients[to], introduce });
  return { what, from, to, first, payload, jws, line };
}

export function makeLedger(): LedgerFile {
  return {
    ledger: anchor.fingerprint,
    entries: entries.map((entry) => {
      const { number, id, kind, payer, payee, amount, memo, refunds, orderDigest, leaf, head } = entry;
      const at = new Date(entry.atMs).toISOString();
      const contents = [number, id, kind, payer, payee, amount, memo ?? null, orderDigest, at];
      const last = refunds === undefined ? [] : [refunds];
      const canonical = JSON.stringify(["micropay-entry-3", ...contents, ...last]);
      return {
        number,
        id,
        kind,
        payer,
        payee,
        amount,
        ...(memo !== undefined && { memo }),
        ...(refunds !== undefined && { refunds }),
        order: orderText(entry, { ledgerId: anchor.fingerprint }),
        orderDigest,
        at,
        canonical,
        leaf,
        head,
      };
    }),
  };
}

export function makeTree(): TreeFile {
  const sizes = [...Array(21).keys(), 63, 64, 65, 1000, 1024];
  const roots: { size: number; root: string }[] = [];
  let tree = emptyTree;
  for (let size = 0; size <= sizes.at(-1)!; size++) {
    if (sizes.includes(size)) roots.push({ size, root: rootOf(tree) });
    tree = appendLeaf(tree, hashLeaf(String(size))).tree;
  }
  const leaves = Array.from({ length: 1024 }, (_, index) => hashLeaf(String(index)));
  const proverOf = (size: number) =>
    new TreeProver(size, (level, position) => {
      const length = 2 ** level;
      return plainRoot(leaves.slice(position * length, (position + 1) * length));
    });
  const inclusion = ([[0, 1], [0, 2], [2, 3], [5, 7], [6, 7], [7, 8], [12, 13], [500, 1000]] as const)
    .map(([index, size]) => ({ index, size, proof: proverOf(size).inclusion(index) }));
  const consistency = ([[0, 5], [1, 1], [1, 2], [3, 7], [4, 7], [6, 8], [7, 20], [512, 1000]] as const)
    .map(([from, to]) => ({ from, to, proof: proverOf(to).consistency(from) }));
  return { roots, inclusion, consistency };
}

export async function makeRefused(): Promise<RefusedVector[]> {
  const lines: RefusedVector[] = [];
  for (const { what, role, reason, make } of hostileGreetings) {
    lines.push({ what, as: `${role} greeting`, reason, line: await make() });
  }
  for (const as of ["first", "next"] as const) {
    for (const { what, reason, only, make } of hostileLines) {
      if (only !== undefined && only !== as) continue;
      const place = { conn: goodNonce, seq: as === "first" ? 0 : 1 };
      const line = await make(place);
      if (line.length < 8000) lines.push({ what, as, ...place, reason, line });
    }
  }
  return lines;
}
