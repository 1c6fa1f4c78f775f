/**
 * A void order stays void. Neither its payee, nor its payer, nor a change of the clock can make the
 * server forget it.
 */
import { assert, assertEquals } from "@std/assert";
import type { ServerLink } from "../../src/client/server_link.ts";
import { systemClock } from "../../src/clock.ts";
import { orderDigest } from "../../src/ledger/entry.ts";
import { voidedOrderKeptMs } from "../../src/limits.ts";
import type { Identity } from "../../src/pki/identity.ts";
import { balanceRequestType } from "../../src/protocol/balance.ts";
import { check, type Outcome } from "../../src/protocol/request_type.ts";
import { statusRequestType } from "../../src/protocol/status.ts";
import { type Result, resultsShape, resultType } from "../../src/protocol/transfer.ts";
import type { JsonObject } from "../../src/strict_json.ts";
import { revoke } from "../ledger/ledger_samples.ts";
import { fillRoom } from "../server/session/full_room.ts";
import { orderPayload, signPayload } from "../server/order_maker.ts";
import { named, startServer, type TestServer } from "../server/test_server.ts";
import { submitOrder } from "../server/submit_order.ts";

interface Scene {
  readonly server: TestServer;
  readonly alice: Identity;
  readonly mallory: Identity;
  /** Alice's and mallory's connections. */
  readonly hers: ServerLink;
  readonly his: ServerLink;
  readonly clock: { shiftMs: number };
}

async function inScene(act: (scene: Scene) => Promise<void>): Promise<void> {
  const clock = { shiftMs: 0 };
  const nowMs = () => systemClock.nowMs() + clock.shiftMs;
  await using server = await startServer({ clock: { ...systemClock, nowMs } });
  const [alice, mallory] = [await server.enroll("alice"), await server.enroll("mallory")];
  const [hers, his] = [await server.link(alice), await server.link(mallory)];
  await act({ server, alice, mallory, hers, his, clock });
}

interface Made {
  readonly id: string;
  readonly jws: string;
}

function orderOf({ server }: Scene, payer: Identity, changes: JsonObject): Made {
  const payload = orderPayload(payer, server.anchor, changes);
  return { id: String(payload.id), jws: signPayload(payload, payer) };
}

/** The code that is answered. */
function codeOf(outcome: Outcome<object>): number {
  return outcome.outcome === "answered" ? 130 : outcome.code;
}

async function voided(link: ServerLink, { id, jws }: Made): Promise<number> {
  return codeOf(await link.ask(statusRequestType, { id, void: jws }));
}

async function submitted(link: ServerLink, { jws }: Made): Promise<number> {
  return codeOf(await submitOrder(link, jws));
}

for (const first of ["payee", "payer"] as const) {
  Deno.test(`void: an order that its ${first} voided is never booked, even when its payee voids many others afterwards`, async () => {
    await inScene(async (scene) => {
      const { server, alice, mallory, hers, his } = scene;
      const order = orderOf(scene, alice, { payee: "mallory", amount: 5000 });
      assertEquals(await voided(first === "payee" ? his : hers, order), 400);
      assertEquals(await submitted(his, order), 265);
      assertEquals(await voided(hers, order), 400);
      // Bare digests and unsigned orders are refused. Orders of his own fill his own room.
      const madeUp = { id: order.id, jws: orderDigest(order.jws) };
      assertEquals(await voided(his, madeUp), 410);
      const forged = `${order.jws.split(".").slice(0, 2).join(".")}.${"A".repeat(86)}`;
      assertEquals(await voided(his, { ...order, jws: forged }), 261);
      await fillRoom(server.ledger, { payer: named("mallory"), atMs: systemClock.nowMs() });
      const own = orderOf(scene, mallory, { payee: "alice", amount: 1 });
      assertEquals(await voided(his, own), 520);
      assertEquals([await submitted(his, order), await submitted(hers, order)], [265, 265]);
      assertEquals(await server.balanceOf("alice"), 10_000);
    });
  });
}

Deno.test("void: a payer that voids more orders than there is room for loses none of them", async () => {
  await inScene(async (scene) => {
    const { server, alice, his, hers } = scene;
    const atMs = systemClock.nowMs();
    await fillRoom(server.ledger, { payer: named("alice"), atMs, places: 2 });
    const order = () => orderOf(scene, alice, { payee: "mallory", amount: 1 });
    const [first, second, third] = [await order(), await order(), await order()];
    for (const [one, code] of [[first, 400], [second, 400], [third, 520]] as const) {
      assertEquals(await voided(hers, one), code);
    }
    assertEquals([await submitted(his, first), await submitted(his, second)], [265, 265]);
    // Of the third one nothing final was said, and it is good.
    assertEquals(await submitted(his, third), 130);
    assertEquals(await server.balanceOf("alice"), 9999);
  });
});

Deno.test("void: when the payer's room is full, the server refuses nothing for good", async () => {
  await inScene(async (scene) => {
    const { server, alice, mallory, hers, his, clock } = scene;
    const told: Result[] = [];
    hers.listen(
      resultType,
      (body) => void told.push(...check(resultsShape, body, "read results").results),
    );
    await fillRoom(server.ledger, { payer: named("alice"), atMs: systemClock.nowMs() });
    const order = orderOf(scene, alice, { payee: "mallory", amount: 10_001 });
    assertEquals([await submitted(his, order), await voided(hers, order)], [520, 520]);
    const gift = orderOf(scene, mallory, { payee: "alice", amount: 1 });
    assertEquals(await submitted(his, gift), 130);
    assertEquals(await submitted(his, order), 130);
    assertEquals(await server.balanceOf("alice"), 0);
    const late = orderOf(scene, alice, { payee: "mallory", amount: 5 });
    assertEquals(await submitted(his, late), 520);
    // Room is free when the first of them may be forgotten. That decision still holds when the
    // clock is right again.
    clock.shiftMs = voidedOrderKeptMs + 2000;
    assertEquals(await submitted(his, late), 265);
    clock.shiftMs = 0;
    assertEquals([await submitted(his, late), await voided(hers, late)], [265, 400]);
    await hers.ask(balanceRequestType, {});
    assertEquals(told.map(({ code }) => code), [130, 265]);
  });
});

const strange: readonly {
  readonly title: string;
  readonly changes: (scene: Scene) => JsonObject;
  readonly code: number;
}[] = [
  {
    title: "between others",
    changes: () => ({ payee: "bob" }),
    code: 261,
  },
  {
    title: "of another ledger",
    changes: () => ({ payee: "mallory", ledger: "0".repeat(64) }),
    code: 261,
  },
  {
    title: "from the issuing account",
    changes: () => ({ payee: "mallory", payer: "@issuer" }),
    code: 261,
  },
  {
    title: "that ends before it begins, and can never be booked",
    changes: () => ({ payee: "mallory", exp: 1 }),
    code: 400,
  },
];

for (const { title, changes, code } of strange) {
  Deno.test(`void: an order ${title} gets ${code}, and takes no room`, async () => {
    await inScene(async (scene) => {
      const { server, alice, his } = scene;
      await server.enroll("bob");
      const order = orderOf(scene, alice, changes(scene));
      assertEquals(await voided(his, order), code);
      const digest = orderDigest(order.jws);
      const certificate = alice.certificate.fingerprint;
      const asked = { id: order.id, digest, payer: named("alice"), certificate, code: 999 };
      const times = { atMs: systemClock.nowMs(), expiresAtMs: systemClock.nowMs() };
      assertEquals(await server.ledger.voidOrder({ ...asked, ...times }), { outcome: "voided" });
    });
  });
}

Deno.test("void: an order with another id than its own is refused", async () => {
  await inScene(async (scene) => {
    const { alice, his } = scene;
    const [order, other] = [
      orderOf(scene, alice, { payee: "mallory" }),
      orderOf(scene, alice, { payee: "mallory" }),
    ];
    assertEquals(await voided(his, { id: other.id, jws: order.jws }), 261);
    assertEquals(await submitted(his, order), 130);
    assert(await voided(his, order) === 130);
  });
});

Deno.test("void: a stolen key cannot fill its owner's room once it is revoked", async () => {
  await inScene(async (scene) => {
    const { server, alice, his } = scene;
    const stolen = await orderOf(scene, alice, { payee: "mallory" });
    await fillRoom(server.ledger, { payer: named("alice"), atMs: systemClock.nowMs() });
    assertEquals(await submitted(his, await orderOf(scene, alice, { payee: "nobody" })), 261);
    assertEquals(await revoke(server.ledger, named("alice"), "c0".repeat(32)), "changed");
    // Both ways to have an order remembered: neither needs room, and the room is empty.
    assertEquals(await submitted(his, stolen), 261);
    assertEquals(await voided(his, stolen), 400);
    assertEquals(await submitted(his, stolen), 261);
  });
});
