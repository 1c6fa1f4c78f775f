/**
 * Checks the golden vectors: deterministic ones are reproduced byte for byte, sealed lines open to
 * their contents, and invalid lines are refused for their reason.
 */
import { createHash } from "node:crypto";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { EnvelopeError, messageOf, MicropayError } from "../../src/errors.ts";
import { signerKey, signerUri } from "../../src/envelope/peer.ts";
import { readGreeting } from "../../src/envelope/greeting.ts";
import type { Message } from "../../src/envelope/message.ts";
import { openFirst, openNext } from "../../src/envelope/open.ts";
import { importRecipientKey } from "../../src/envelope/session_key.ts";
import { type EntryContents, entryLeaf, orderDigest } from "../../src/ledger/entry.ts";
import { readDocument, signDocument } from "../../src/pki/signed_document.ts";
import { verifyOrder } from "../../src/protocol/order.ts";
import { verifyPaymentRequest } from "../../src/protocol/payment_request.ts";
import { verifyReceipt } from "../../src/protocol/receipt.ts";
import { plainRoot } from "../ledger/plain_tree.ts";
import {
  type DocumentVector,
  type LedgerFile,
  type MessageVector,
  readVectors,
  type RefusedVector,
} from "../vectors/vector_files.ts";
import { alice, anchor, atMs, identities, recipients, signers } from "./vector_parties.ts";
import { sessionKeys } from "./vector_session_keys.ts";

const documents = await readVectors<DocumentVector[]>("documents");
const messages = await readVectors<MessageVector[]>("messages");
const refused = await readVectors<RefusedVector[]>("refused");
const ledger = await readVectors<LedgerFile>("ledger");

Deno.test("the CA's fingerprint names the ledger", () => {
  assertEquals(anchor.fingerprint, identities.ca.fingerprint);
  assertEquals(ledger.ledger, identities.ca.fingerprint);
});

for (const [name, { jwk, kid }] of Object.entries(sessionKeys)) {
  Deno.test(`the kid of ${name}'s session key is its thumbprint`, async () => {
    assertEquals((await importRecipientKey(jwk)).kid, kid);
  });
}

for (const { what, typ, signer, x5c, payload, jws } of documents) {
  Deno.test(`${what}: signing the payload gives the document, byte for byte`, () => {
    const party = signers[signer];
    assert(party.kind === "certified");
    const [leaf] = party.identity.chain;
    const chain = x5c === "leaf" ? [leaf!] : [leaf!, anchor.der];
    const { signingKey } = party.identity;
    assertEquals(signDocument(typ, payload, { signingKey, chain }), jws);
  });

  Deno.test(`${what}: the document is read as its payload`, () => {
    assertEquals(readDocument(jws, { typ, chain: "required" }).payload, payload);
  });

  Deno.test(`${what}: its receiver accepts it`, async () => {
    const trust = { anchor, atMs };
    if (typ === "micropay-greeting") {
      const role = signer === "server" ? "server" : "member";
      const greeting = await readGreeting(jws, { ...trust, role });
      assertEquals(greeting.nonce, payload.nonce);
      assertEquals(greeting.sessionKey.kid, sessionKeys[signer].kid);
      assertEquals(greeting.issuedAtMs, atMs);
    } else if (typ === "micropay-order") {
      assertEquals(Object.entries(verifyOrder(jws, trust).payload), Object.entries(payload));
    } else if (typ === "micropay-request") {
      const request = verifyPaymentRequest(jws, trust);
      assertEquals(Object.entries(request.payload), Object.entries(payload));
      const paying = documents.find(({ payload }) => payload.request === jws);
      assertEquals(paying?.payload.id, request.id);
    } else {
      const { payload: receipt } = verifyReceipt(jws, trust);
      assertEquals(Object.entries(receipt), Object.entries(payload));
    }
  });
}

Deno.test("each receipt has its entry, its order and the head after it", () => {
  const receipts = documents.filter(({ typ }) => typ === "micropay-receipt");
  assertEquals(receipts.map(({ payload }) => payload.entry), [2, 3]);
  for (const { payload } of receipts) {
    const entry = ledger.entries[payload.entry as number - 1]!;
    assertEquals(payload.order, orderDigest(entry.order));
    const { leaf, head, at, kind } = entry;
    assertEquals([payload.leaf, payload.head, payload.at, payload.kind], [leaf, head, at, kind]);
  }
});

Deno.test("the ledger's leaves and heads are reproduced", () => {
  const leaves: string[] = [];
  for (const entry of ledger.entries) {
    const { at, canonical, leaf, head, ...rest } = entry;
    const contents = { ...rest, atMs: Date.parse(at) } as unknown as EntryContents;
    leaves.push(createHash("sha256").update(`\0${canonical}`).digest("hex"));
    assertEquals([entryLeaf(contents), leaves.at(-1)], [leaf, leaf]);
    assertEquals(plainRoot(leaves), head);
  }
});

for (const vector of messages) {
  const { what, from, to, first, payload, jws, line } = vector;

  Deno.test(`${what}: signing the payload gives the sealed text, byte for byte`, () => {
    const signer = signers[from];
    const chain = first && signer.kind === "certified" ? signer.identity.chain : undefined;
    const signingKey = signerKey(signer);
    assertEquals(signDocument("micropay-message", payload, { signingKey, chain }), jws);
  });

  Deno.test(`${what}: the line opens to its message`, async () => {
    const { enc: _, csr: __, ...expected } = payload;
    assertEquals(await open(vector, line), expected as unknown as Message);
  });

  Deno.test(`${what}: the line opens for nobody else`, async () => {
    const other = to === "bob" ? "alice" : "bob";
    const error = await refusal(() => open({ ...vector, to: other }, line));
    assertStringIncludes(error.message, "its header is not the expected one");
  });
}

for (const vector of refused) {
  const { what, as, line, reason } = vector;
  Deno.test(`${what}, read as ${as}, is refused`, async () => {
    const error = await refusal(() => read(vector, line));
    assertStringIncludes(error.message, reason);
    if (as === "first" || as === "next") assert(error instanceof EnvelopeError);
  });
}

async function open({ from, to, first, payload }: MessageVector, line: string): Promise<Message> {
  const sessionKey = sessionKeys[to];
  const receiver = signers[to];
  const address = {
    conn: payload.conn as string,
    seq: payload.seq as number,
    to: signerUri(receiver),
  };
  const sender = signers[from];
  if (!first) {
    assert(sender.kind === "certified");
    const { certificate } = sender.identity;
    return await openNext(line, {
      sessionKey,
      address,
      sender: { kind: "certified", certificate },
    });
  }
  const admission = { anchor, applicants: true, atMs };
  const opened = await openFirst(line, { sessionKey, address, admission });
  assertEquals(opened.recipient.kid, recipients[from].kid);
  assertEquals(opened.sender.kind, sender.kind);
  return opened.message;
}

async function read({ as, conn, seq }: RefusedVector, line: string): Promise<unknown> {
  const trust = { anchor, atMs };
  if (as === "server greeting") return await readGreeting(line, { ...trust, role: "server" });
  if (as === "member greeting") return await readGreeting(line, { ...trust, role: "member" });
  const sessionKey = sessionKeys.server;
  const address = { conn: conn!, seq: seq!, to: signerUri(signers.server) };
  if (as === "first") {
    return await openFirst(line, {
      sessionKey,
      address,
      admission: { ...trust, applicants: true },
    });
  }
  const sender = { kind: "certified", certificate: alice.certificate } as const;
  return await openNext(line, { sessionKey, address, sender });
}

async function refusal(action: () => Promise<unknown>): Promise<MicropayError> {
  try {
    await action();
  } catch (error) {
    assert(error instanceof MicropayError, messageOf(error));
    return error;
  }
  throw new Error("it was accepted");
}
