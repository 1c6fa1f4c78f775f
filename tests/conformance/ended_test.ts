/**
 * All replies about a member whose certificate is revoked and one whose account is closed. They are
 * in the order of the table in `docs/protocol.md`.
 */
import { assert, assertEquals } from "@std/assert";
import type { Identity } from "../../src/pki/identity.ts";
import { oneTimeCodeDigest } from "../../src/protocol/register.ts";
import type { JsonObject } from "../../src/strict_json.ts";
import { Scene } from "../hostile/scene.ts";
import { orderPayload, signPayload } from "../server/order_maker.ts";
import { makeApplicant, named } from "../server/test_server.ts";
import { assertRefusal, Speaker } from "./speaker.ts";

const code = "7K2M-9QXD-4T0B-ZH5N";

interface Ended {
  readonly scene: Scene;
  readonly alice: Identity;
  /** Was logged in when alice ended. */
  readonly alices: Speaker;
  readonly bob: Identity;
  readonly bobs: Speaker;
  /** Booked before: alice to bob. */
  readonly paid: string;
  readonly paidId: string;
  readonly sign: (payer: Identity, changes: JsonObject) => string;
}

interface Row {
  readonly title: string;
  readonly revoked: number | string;
  readonly closed: number | string;
  readonly answer: (ended: Ended) => Promise<unknown>;
}

const rows: readonly Row[] = [
  {
    title: "ended 1: a connection that is open is told, and closed",
    revoked: "220, closing, closed",
    closed: "220, closing, closed",
    answer: async ({ alices }) => {
      const { code } = await alices.ask("balance") as JsonObject;
      const told = await alices.next();
      assert(told !== "closed");
      assertEquals(told.body, { dismissed: true });
      return [code, told.type, await alices.next()].join(", ");
    },
  },
  {
    title: "ended 2: whatever is asked with the certificate",
    revoked: "220, 220, 220, 220",
    closed: "220, 220, 220, 220",
    answer: async ({ scene, alice }) => {
      using speaker = Speaker.on(await scene.greet(), alice);
      const codes = [];
      for (const type of ["balance", "register", "mint", "status"]) {
        codes.push(await speaker.code(type));
      }
      return codes.join(", ");
    },
  },
  {
    title: "ended 3: registering with another key",
    revoked: 210,
    closed: 210,
    answer: ({ scene }) => register(scene, {}),
  },
  {
    title: "ended 3: registering with another key and a wrong code",
    revoked: 210,
    closed: 210,
    answer: ({ scene }) => register(scene, { code: "wrong" }),
  },
  {
    title: "ended 3: registering with another key and the operator's code",
    revoked: 100,
    closed: 210,
    answer: ({ scene }) => register(scene, { code }),
  },
  {
    title: "register 4: a code that was used",
    revoked: 210,
    closed: 210,
    answer: async ({ scene }) => {
      await register(scene, { code });
      return await register(scene, { code });
    },
  },
  {
    title: "ended 4: locating the member",
    revoked: 263,
    closed: 263,
    answer: ({ bobs }) => bobs.code("locate", { name: "alice" }),
  },
  {
    title: "ended 4: the list",
    revoked: "nobody",
    closed: "nobody",
    answer: async ({ bobs }) => {
      const { answer } = await bobs.ask("list") as { answer: { online: unknown[] } };
      return answer.online.length === 0 ? "nobody" : answer.online;
    },
  },
  {
    title: "ended 5: an order that the member signed",
    revoked: 261,
    closed: 267,
    answer: async ({ alice, bobs, sign }) => await bobs.submitCode(sign(alice, {})),
  },
  {
    title: "ended 6: an order to the account",
    revoked: 130,
    closed: 267,
    answer: async ({ bob, bobs, sign }) => await bobs.submitCode(sign(bob, { payee: "alice" })),
  },
  {
    title: "ended 6: a refund to the account",
    revoked: 130,
    closed: 267,
    answer: async ({ bob, bobs, sign, paidId }) =>
      await bobs.submitCode(sign(bob, { payee: "alice", refunds: paidId })),
  },
  {
    title: "ended 7: an order that was booked before, handed in again",
    revoked: 130,
    closed: 130,
    answer: ({ bobs, paid }) => bobs.submitCode(paid),
  },
  {
    title: "ended 7: the status of an order that was booked before",
    revoked: 130,
    closed: 130,
    answer: ({ bobs, paidId }) => bobs.code("status", { id: paidId }),
  },
  {
    title: "ended 7: the other side's history",
    revoked: 2,
    closed: 2,
    answer: async ({ bobs }) => {
      const { answer } = await bobs.ask("history", { limit: 9 }) as { answer: { entries: [] } };
      return answer.entries.length;
    },
  },
];

for (const kind of ["revoked", "closed"] as const) {
  for (const { title, answer, ...expected } of rows) {
    Deno.test(`${title}, ${kind}: ${expected[kind]}`, async () => {
      await using scene = await Scene.open();
      const { server } = scene;
      const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
      using alices = Speaker.on(await scene.greet(), alice);
      using bobs = Speaker.on(await scene.greet(), bob);
      const sign = (payer: Identity, changes: JsonObject) =>
        signPayload(orderPayload(payer, server.anchor, { amount: 10, ...changes }), payer);
      const payment = orderPayload(alice, server.anchor);
      const paid = await signPayload(payment, alice);
      assertEquals(await alices.code("login", { name: "alice", port: 1 }), 110);
      assertEquals(await bobs.submitCode(paid), 130);
      // What the server pushed of that.
      assertEquals((await alices.next() as { type: string }).type, "result");
      const name = named("alice");
      await server.end(
        kind === "revoked"
          ? { kind: "revocation", name, codeDigest: oneTimeCodeDigest(code) }
          : { kind: "closure", name },
      );
      const paidId = payment.id as string;
      assertEquals(
        await answer({ scene, alice, alices, bob, bobs, paid, paidId, sign }),
        expected[kind],
      );
    });
  }
}

/** Somebody with a new key asks for alice's name. */
async function register(scene: Scene, body: JsonObject): Promise<unknown> {
  const { signer } = await makeApplicant("alice");
  using applicant = Speaker.on(await scene.greet(), signer);
  const reply = await applicant.ask("register", { name: "alice", ...body });
  if (reply !== "closed" && reply.code === 100) return reply.code;
  assertRefusal(reply, 210);
  return 210;
}
