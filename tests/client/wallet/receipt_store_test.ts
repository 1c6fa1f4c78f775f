/**
 * Receipts are kept privately, a file a payment.
 */
import { assertEquals } from "@std/assert";
import { DataFolder } from "../../../src/client/wallet/data_folder.ts";
import { ReceiptStore } from "../../../src/client/wallet/receipt_store.ts";
import { inFolder } from "../../pki/temporary_folder.ts";
import { named } from "../../server/test_server.ts";
import { modeOf } from "./file_mode.ts";

const ledger = "0".repeat(64);
const id = "019aaf3e-7c00-7000-8000-000000000001";
const alice = named("alice");

Deno.test("receipts: one file a payment, private, and the same again changes nothing", async () => {
  await inFolder(async (folder) => {
    const data = new DataFolder(`${folder}/home`);
    const receipts = new ReceiptStore(data, ledger, alice);
    assertEquals(await receipts.has(id), false);
    const stored = { id, receipt: "r.r.r", order: "o.o.o" };
    await receipts.add(stored);
    await receipts.add(stored);
    assertEquals(await receipts.has(id), true);
    const path = `${data.receiptsFolder(ledger, alice)}/${id}.json`;
    assertEquals(await Deno.readTextFile(path), '{"receipt":"r.r.r","order":"o.o.o"}\n');
    assertEquals(await modeOf(path), 0o600);
    for (
      const private_ of [data.path, data.ledgerFolder(ledger), data.accountFolder(ledger, alice)]
    ) {
      assertEquals(await modeOf(private_), 0o700);
    }
  });
});

Deno.test("receipts: an empty file, as a full disk leaves one, is none", async () => {
  await inFolder(async (folder) => {
    const receipts = new ReceiptStore(new DataFolder(folder), ledger, alice);
    const stored = { id, receipt: "r.r.r", order: "o.o.o" };
    await receipts.add(stored);
    await Deno.writeTextFile(receipts.file(id), "");
    assertEquals(await receipts.has(id), false);
    assertEquals(await Array.fromAsync(receipts.all()), []);
    assertEquals(await receipts.add(stored), true);
    assertEquals(await Array.fromAsync(receipts.all()), [stored]);
  });
});

Deno.test("receipts: of several processes that bring one at once, one is told that it is new, and the first stays", async () => {
  await inFolder(async (folder) => {
    const open = () => new ReceiptStore(new DataFolder(folder), ledger, alice);
    const receipts = ["a.a.a", "b.b.b", "c.c.c", "d.d.d"];
    const told = await Promise.all(
      receipts.map((receipt) => open().add({ id, receipt, order: "o.o.o" })),
    );
    assertEquals(told.filter((isNew) => isNew).length, 1);
    const receipt = receipts[told.indexOf(true)]!;
    assertEquals(await Array.fromAsync(open().all()), [{ id, receipt, order: "o.o.o" }]);
  });
});
