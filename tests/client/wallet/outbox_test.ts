/**
 * The outbox: private files, one an order, that processes of one account do not take from each other.
 */
import { assertEquals, assertRejects } from "@std/assert";
import { DataFolder } from "../../../src/client/wallet/data_folder.ts";
import { Outbox } from "../../../src/client/wallet/outbox.ts";
import { FileError } from "../../../src/errors.ts";
import type { Identity } from "../../../src/pki/identity.ts";
import { inFolder } from "../../pki/temporary_folder.ts";
import { orderPayload, signPayload } from "../../server/order_maker.ts";
import { named, startServer, type TestServer } from "../../server/test_server.ts";
import { modeOf } from "./file_mode.ts";

const ledger = "0".repeat(64);
const id = "019aaf3e-7c00-7000-8000-00000000000a";

async function withOutbox(
  act: (
    scene: { outbox: Outbox; path: string; order: (amount: number) => string },
  ) => Promise<void>,
): Promise<void> {
  await inFolder(async (folder) => {
    await using server = await startServer();
    const alice = await server.enroll("alice");
    const data = new DataFolder(`${folder}/home`);
    const path = `${data.accountFolder(ledger, named("alice"))}/outbox`;
    const outbox = new Outbox(data, ledger, named("alice"));
    await act({ outbox, path, order: (amount) => orderOf(amount, { server, alice }) });
  });
}

function orderOf(
  amount: number,
  { server, alice }: { server: TestServer; alice: Identity },
): string {
  return signPayload(orderPayload(alice, server.anchor, { id, amount }), alice);
}

Deno.test("outbox: an order is kept privately until it is removed, and a refusal is noted", async () => {
  await withOutbox(async ({ outbox, path, order }) => {
    assertEquals([await outbox.ids(), await outbox.get(id)], [[], undefined]);
    const jws = order(5);
    const item = await outbox.add({ id, jws });
    assertEquals([item.jws, item.order.amount as number, item.isRefused], [jws, 5, false]);
    assertEquals([await modeOf(path), await modeOf(`${path}/${id}.json`)], [0o700, 0o600]);
    assertEquals(await outbox.ids(), [id]);
    await outbox.markRefused({ id, jws });
    assertEquals((await outbox.get(id))?.isRefused, true);
    await outbox.remove({ id, jws });
    await outbox.remove({ id, jws });
    await outbox.markRefused({ id, jws });
    assertEquals(await outbox.ids(), []);
  });
});

Deno.test("outbox: another order with the same id gets its place only when the first is void", async () => {
  await withOutbox(async ({ outbox, order }) => {
    const [first, second] = [order(5), await order(6)];
    await outbox.add({ id, jws: first });
    assertEquals((await outbox.add({ id, jws: second })).jws, first);
    // What is about the second leaves the first alone.
    await outbox.markRefused({ id, jws: second });
    await outbox.remove({ id, jws: second });
    assertEquals(await outbox.get(id).then((item) => [item?.jws, item?.isRefused]), [first, false]);
    assertEquals((await outbox.add({ id, jws: second }, { voided: second })).jws, first);
    assertEquals((await outbox.add({ id, jws: second }, { voided: first })).jws, second);
  });
});

Deno.test("outbox: of several orders with one id at once, one is recorded, and all are told which", async () => {
  await withOutbox(async ({ outbox, order }) => {
    const orders = await Promise.all([1, 2, 3, 4, 5, 6].map(order));
    const told = await Promise.all(orders.map((jws) => outbox.add({ id, jws })));
    assertEquals(new Set(told.map(({ jws }) => jws)).size, 1);
  });
});

Deno.test("outbox: a file that is no order, and one that was cut off while it was written", async () => {
  await withOutbox(async ({ outbox, path, order }) => {
    await outbox.add({ id, jws: order(5) });
    await Deno.writeTextFile(`${path}/.new-half`, "{");
    assertEquals(await outbox.ids(), [id]);
    await Deno.writeTextFile(`${path}/${id}.json`, "{}");
    await assertRejects(() => outbox.get(id), FileError, "it is not an order of the outbox");
  });
});

Deno.test("outbox: an empty file, as a full disk leaves one, is no record: nothing was sent", async () => {
  await withOutbox(async ({ outbox, path, order }) => {
    const jws = order(5);
    await outbox.add({ id, jws });
    await Deno.writeTextFile(`${path}/${id}.json`, "");
    assertEquals(await outbox.get(id), undefined);
    assertEquals((await outbox.add({ id, jws })).jws, jws);
    assertEquals((await outbox.get(id))?.jws, jws);
  });
});
