/**
 * Receipts: the server's statement about one entry, deterministic and by the server alone.
 */
import { createHash } from "node:crypto";
import { assert, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { messageOf, MicropayError } from "../../src/errors.ts";
import { type Entry, orderDigest } from "../../src/ledger/entry.ts";
import { readDocument, signDocument } from "../../src/pki/signed_document.ts";
import {
  packReceipt,
  signReceipt,
  unpackReceipt,
  verifyReceipt,
} from "../../src/protocol/receipt.ts";
import { verifyOrder } from "../../src/protocol/order.ts";
import type { JsonObject } from "../../src/strict_json.ts";
import { otherCa } from "../envelope/hostile_parties.ts";
import { alice, anchor, atMs, server } from "../envelope/vector_parties.ts";
import { type LedgerFile, readVectors } from "../vectors/vector_files.ts";

const trust = { anchor };
const ledger = await readVectors<LedgerFile>("ledger");
const entries = ledger.entries.map(({ at, ...rest }) => ({
  ...rest,
  orderDigest: orderDigest(rest.order),
  atMs: Date.parse(at),
  payerBalance: 0,
  payeeBalance: 0,
})) as unknown as Entry[];
const orderOfEntry = ledger.entries[1]!.order;
const [, entry] = entries as [Entry, Entry, Entry];
const receipt = signReceipt(entry, { identity: server, anchor }).text;
const { payload } = readDocument(receipt, { typ: "micropay-receipt", chain: "required" });

for (const entry of entries) {
  Deno.test(`the receipt of a ${entry.kind} has the entry's terms`, () => {
    const { payload: receipt } = verifyReceipt(
      signReceipt(entry, { identity: server, anchor }).text,
      trust,
    );
    const { number, id, kind, payer, payee, amount, leaf, head, atMs, refunds } = entry;
    const { order } = ledger.entries[number - 1]!;
    assertEquals(receipt, {
      ledger: anchor.fingerprint,
      entry: number,
      id,
      kind,
      ...(refunds !== undefined && { refunds }),
      order: createHash("sha256").update(order).digest("hex"),
      payer,
      payee,
      amount,
      at: new Date(atMs).toISOString(),
      leaf,
      head,
    });
  });
}

for (const entry of entries) {
  Deno.test(`the packed receipt of a ${entry.kind} gives its text again, byte for byte`, () => {
    const signed = signReceipt(entry, { identity: server, anchor });
    const order = verifyOrder(ledger.entries[entry.number - 1]!.order, trust);
    const packed = packReceipt(signed);
    assertEquals(unpackReceipt(packed, order, { serverChain: server.leaf }), signed.text);
  });
}

Deno.test("one entry has one receipt, whatever the balances are now", () => {
  const later = { ...entry, payerBalance: 5, payeeBalance: 7 };
  assertEquals(signReceipt(later, { identity: server, anchor }).text, receipt);
});

Deno.test("another entry has another receipt", () => {
  const other = { ...entry, number: entry.number + 1 };
  assertNotEquals(signReceipt(other, { identity: server, anchor }).text, receipt);
});

Deno.test("the digest of an order is the output of sha256sum", () => {
  const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  assertEquals(orderDigest(""), empty);
  assertEquals(orderDigest(orderOfEntry), payload.order);
});

Deno.test("property: a receipt with any character changed is refused", () => {
  fc.assert(
    fc.property(
      fc.nat(receipt.length - 1),
      fc.constantFrom(..."ABCabc019-_.="),
      (index, character) => {
        fc.pre(receipt[index] !== character);
        refusal(receipt.slice(0, index) + character + receipt.slice(index + 1));
      },
    ),
    { numRuns: 300 },
  );
});

const wrongSigners = [
  {
    what: "signed by a member",
    chain: alice.chain,
    key: alice.signingKey,
    reason: "certificate of a server",
  },
  {
    what: "signed by a member with the server's certificate",
    chain: server.chain.slice(0, 1),
    key: alice.signingKey,
    reason: "verify a signature",
  },
  {
    what: "of another CA's server",
    chain: [otherCa.server],
    key: server.signingKey,
    reason: "it was issued by micropay CA",
  },
  {
    what: "without a certificate",
    chain: undefined,
    key: server.signingKey,
    reason: "x5c is missing",
  },
];

for (const { what, chain, key, reason } of wrongSigners) {
  Deno.test(`a receipt ${what} is refused`, () => {
    const jws = signDocument("micropay-receipt", payload, { signingKey: key, chain });
    assertStringIncludes((refusal(jws)).message, reason);
  });
}

for (const count of [2, 3]) {
  Deno.test(`a receipt with ${count} certificates is refused`, () => {
    const chain = [...server.chain, anchor.der].slice(0, count);
    const jws = signDocument("micropay-receipt", payload, { ...server, chain });
    assertStringIncludes((refusal(jws)).message, "read a micropay-receipt: x5c is ");
  });
}

const wrongPayloads: readonly {
  readonly what: string;
  readonly change: JsonObject;
  readonly reason: string;
}[] = [
  {
    what: "of another ledger",
    change: { ledger: "0".repeat(64) },
    reason: "it is of the ledger 000",
  },
  { what: "of entry 0", change: { entry: 0 }, reason: "entry: " },
  { what: "of an unknown kind", change: { kind: "gift" }, reason: "kind: " },
  { what: "without a kind", change: { kind: undefined }, reason: "kind: " },
  { what: "with an amount of 0", change: { amount: 0 }, reason: "amount: " },
  { what: "without the order's digest", change: { order: undefined }, reason: "order: " },
  { what: "with the order itself", change: { order: orderOfEntry }, reason: "order: " },
  { what: "with a time in seconds", change: { at: atMs / 1000 }, reason: "at: " },
  { what: "without a head", change: { head: undefined }, reason: "head: " },
  { what: "with an extra member", change: { extra: 1 }, reason: "extra: " },
];

for (const { what, change, reason } of wrongPayloads) {
  Deno.test(`a receipt ${what} with a valid signature is refused`, () => {
    const { signingKey, chain } = server;
    const jws = signDocument("micropay-receipt", { ...payload, ...change }, {
      signingKey,
      chain: chain.slice(0, 1),
    });
    assertStringIncludes((refusal(jws)).message, reason);
  });
}

Deno.test("an order is not read as a receipt", () => {
  assertStringIncludes(
    (refusal(orderOfEntry)).message,
    "the header is not the expected one",
  );
});

Deno.test("a text longer than any receipt is refused unread", () => {
  assertStringIncludes((refusal("a".repeat(12 * 1024 + 1))).message, "it is too long");
});

function refusal(jws: string): MicropayError {
  try {
    verifyReceipt(jws, trust);
  } catch (error) {
    assert(error instanceof MicropayError, messageOf(error));
    return error;
  }
  throw new Error(`accepted: ${jws}`);
}
