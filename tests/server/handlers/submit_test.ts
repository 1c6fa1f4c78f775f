/**
 * Hand-made orders over a real connection: each refusal has its code, and nothing is booked.
 */
import { assertEquals } from "@std/assert";
import type { Identity } from "../../../src/pki/identity.ts";
import { signDocument } from "../../../src/pki/signed_document.ts";
import { derivedOrderId } from "../../../src/protocol/derived_order_id.ts";
import type { JsonObject } from "../../../src/strict_json.ts";
import { forgeJws } from "../../envelope/forger.ts";
import { x5c } from "../../envelope/hostile_message.ts";
import { orderPayload, signPayload } from "../order_maker.ts";
import {
  issueMember,
  named,
  serverIdentity,
  startServer,
  type TestServer,
} from "../test_server.ts";
import { submitOrder } from "../submit_order.ts";

interface Scene {
  readonly server: TestServer;
  readonly alice: Identity;
  readonly bob: Identity;
}

interface Row {
  readonly title: string;
  readonly code: number;
  readonly text?: string;
  /** What is signed by alice instead of a good order. */
  readonly changes?: JsonObject;
  /** The order, where it is not just alice's signature over that. */
  readonly order?: (scene: Scene) => string | Promise<string>;
}

const now = Math.floor(Date.now() / 1000);
const invalid = "transfer FAIL: the order is not valid";
const amountRefused =
  `${invalid} (read an order: amount: an amount is a whole number from 1 to 9007199254740991)`;

const rows: readonly Row[] = [
  { title: "of the amount 0", code: 261, changes: { amount: 0 }, text: amountRefused },
  { title: "of a negative amount", code: 261, changes: { amount: -1 }, text: amountRefused },
  { title: "of a fraction", code: 261, changes: { amount: 1.5 }, text: invalid },
  ...["1.0", "10e-1", "0.99999999999999999999", "1e0"].map((spelling): Row => ({
    title: `of the amount ${spelling}`,
    code: 261,
    text: invalid,
    order: ({ server, alice }) => {
      const header = { alg: "EdDSA", typ: "micropay-order", x5c: x5c(...alice.chain) };
      const text = JSON.stringify(orderPayload(alice, server.anchor, { amount: 7 }));
      const payload = text.replace('"amount":7', `"amount":${spelling}`);
      return forgeJws({ header, payload, key: alice.signingKey });
    },
  })),
  {
    title: "with two certificates",
    code: 261,
    text: invalid,
    order: ({ server, alice }) => {
      const chain = [...alice.chain, server.anchor.der];
      return signDocument("micropay-order", orderPayload(alice, server.anchor), {
        signingKey: alice.signingKey,
        chain,
      });
    },
  },
  { title: "of 2^53", code: 261, changes: { amount: 9007199254740992 }, text: amountRefused },
  { title: "of an amount that is text", code: 261, changes: { amount: "5" }, text: amountRefused },
  { title: "of an amount that is null", code: 261, changes: { amount: null }, text: amountRefused },
  { title: "without an amount", code: 261, changes: { amount: undefined } },
  { title: "with a member that no order has", code: 261, changes: { fee: 1 } },
  { title: "with an id that is no UUID", code: 261, changes: { id: "1" } },
  {
    title: "with a memo that could move the cursor",
    code: 261,
    changes: { memo: "\u001b[2J" },
  },
  { title: "with a memo of blanks", code: 261, changes: { memo: "thanks)   [Notification]" } },
  { title: "with a memo that nobody sees", code: 261, changes: { memo: "\u3164" } },
  { title: "addressed to another payee", code: 261, changes: { payee: "carol" }, text: invalid },
  { title: "of another ledger", code: 261, changes: { ledger: "0".repeat(64) }, text: invalid },
  {
    title: "that has expired",
    code: 265,
    changes: { iat: now - 200, exp: now - 60 },
    text: "transfer FAIL: the order has expired",
  },
  { title: "from the future", code: 261, changes: { iat: now + 600, exp: now + 700 } },
  { title: "that lives longer than a day", code: 261, changes: { exp: now + 90_000 } },
  { title: "that ends before it begins", code: 261, changes: { exp: now - 1, iat: now } },
  {
    title: "that names another payer than signed it",
    code: 261,
    changes: { payer: "carol" },
    text: invalid,
  },
  {
    title: "under an id that another member derived",
    code: 261,
    changes: { id: derivedOrderId({ account: "bob", purpose: "test", content: "" }) },
  },
  {
    title: "from its payee",
    code: 280,
    text: "transfer FAIL: payer and payee are the same",
    order: ({ server, bob }) =>
      signPayload(orderPayload(bob, server.anchor, { payee: "bob" }), bob),
  },
  {
    title: "of more than the payer has",
    code: 270,
    changes: { amount: 10_001 },
    text: "transfer FAIL due to bankruptcy",
  },
  {
    title: "whose amount the payee changed",
    code: 261,
    text: invalid,
    order: ({ server, alice }) => {
      const payload = orderPayload(alice, server.anchor);
      const jws = signPayload(payload, alice);
      const forged = signPayload({ ...payload, amount: 9000 }, alice);
      // The payee has alice's signature over 2000 only.
      return [...forged.split(".").slice(0, 2), jws.split(".")[2]].join(".");
    },
  },
  {
    title: "that the payee signed in the payer's name",
    code: 261,
    text: invalid,
    order: ({ server, alice, bob }) => signPayload(orderPayload(alice, server.anchor), bob),
  },
  {
    title: "by a certificate of the CA that is not the account's",
    code: 261,
    text: invalid,
    order: ({ server }) => {
      const other = issueMember(server.authority, "alice");
      return signPayload(orderPayload(other, server.anchor), other);
    },
  },
  {
    title: "by a certificate of the CA whose account was never registered",
    code: 261,
    text: invalid,
    order: ({ server }) => {
      const dave = issueMember(server.authority, "dave");
      return signPayload(orderPayload(dave, server.anchor), dave);
    },
  },
  {
    title: "from the issuing account",
    code: 261,
    text: invalid,
    order: ({ server }) => {
      const issuer = serverIdentity(server.authority);
      return signPayload(orderPayload(issuer, server.anchor), issuer);
    },
  },
  {
    title: "that a member signed for the issuing account",
    code: 261,
    text: invalid,
    changes: { payer: "@issuer" },
  },
  {
    title: "of an account of another CA",
    code: 261,
    text: invalid,
    order: async ({ server }) => {
      await using foreign = await startServer();
      const other = issueMember(foreign.authority, "alice");
      return signPayload(orderPayload(other, server.anchor), other);
    },
  },
];

for (const { title, code, text, changes = {}, order } of rows) {
  Deno.test(`submit: an order ${title} is refused with ${code}, and nothing is booked`, async () => {
    await using server = await startServer();
    const [alice, bob] = await Promise.all(
      ["alice", "bob", "carol"].map((name) => server.enroll(name)),
    );
    const scene: Scene = { server, alice: alice!, bob: bob! };
    const before = await server.ledger.totals();
    const jws = order
      ? await order(scene)
      : signPayload(orderPayload(alice!, server.anchor, changes), alice!);
    const link = await server.link(bob!);
    const outcome = await submitOrder(link, jws);
    assertEquals(outcome.outcome, "refused");
    if (outcome.outcome === "refused") {
      assertEquals(outcome.code, code);
      if (text !== undefined) assertEquals(outcome.text, text);
    }
    assertEquals(await server.ledger.totals(), before);
    // The connection is still good for an order that is, too.
    const good = signPayload(orderPayload(alice!, server.anchor), alice!);
    assertEquals((await submitOrder(link, good)).outcome, "answered");
  });
}

Deno.test("submit: an order whose certificate is revoked after it was checked is refused with 261, and nothing is booked", async () => {
  const revoked = Promise.withResolvers<void>();
  let revoke = () => Promise.resolve();
  await using server = await startServer({
    wrap: (ledger) =>
      new Proxy(ledger, {
        get(target, name) {
          const value = Reflect.get(target, name, target);
          if (name !== "book") return typeof value === "function" ? value.bind(target) : value;
          // Whatever was looked at before, it is the booking that decides.
          return async (...args: Parameters<typeof ledger.book>) => {
            await revoke();
            revoked.resolve();
            return await target.book(...args);
          };
        },
      }),
  });
  const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
  const ending = { kind: "revocation", name: named("alice"), codeDigest: "c0".repeat(32) } as const;
  revoke = () => server.end(ending);
  const order = signPayload(orderPayload(alice, server.anchor), alice);
  const outcome = await submitOrder(await server.link(bob), order);
  await revoked.promise;
  assertEquals(outcome.outcome === "refused" && outcome.code, 261);
  assertEquals(await server.balanceOf("bob"), 10_000);
});
