import { assertEquals, assertNotEquals } from "@std/assert";
import { checkReceipt } from "../../src/client/receipt_check.ts";
import type { Entry } from "../../src/ledger/entry.ts";
import { openSqliteSnapshot } from "../../src/ledger/sqlite/sqlite_snapshot.ts";
import { decodeEntry } from "../../src/ledger/stored_rows.ts";
import { openCertificates } from "../../src/pki/certificate_folder.ts";
import { renewServerCertificate } from "../../src/pki/make_certificates.ts";
import { orderText, verifyOrder } from "../../src/protocol/order.ts";
import { packReceipt, signReceipt, unpackReceipt } from "../../src/protocol/receipt.ts";
import { systemRandom } from "../../src/random.ts";
import { dayMs } from "../pki/certificate_maker.ts";
import { openSampleBooks } from "./books.ts";

Deno.test("documents of the server stay valid after a renewal, also when the old certificate has expired", async () => {
  await using books = await openSampleBooks();
  const { clock, anchor, certificates } = books;
  const ledgerId = anchor.fingerprint;
  const payment = await books.move(["alice", "bob"], 5);
  const opening = await openingOf(books.file);
  const old = await Promise.all(
    [opening, payment].map((entry) => signReceipt(entry, certificates).text),
  );
  const folder = `${books.folder}/certs`;
  clock.advance(300 * dayMs);
  await renewServerCertificate({
    folder,
    days: 365,
    hostsDefault: [],
    clock,
    random: systemRandom,
  });
  clock.advance(200 * dayMs);
  const renewed = openCertificates({ folder, clock });
  const deposit = await books.move(["@issuer", "alice"], 7, {
    kind: "deposit",
    signer: renewed.identity,
  });
  assertEquals((await books.audit()).outcome, "in_order");
  for (const [index, entry] of [opening, payment].entries()) {
    const again = signReceipt(entry, renewed);
    assertNotEquals(again.text, old[index]);
    const order = orderText(entry, { ledgerId });
    // A client gets the renewed certificate in the greeting, before any receipt under it.
    const told = unpackReceipt(packReceipt(again), verifyOrder(order, { anchor }), {
      serverChain: renewed.identity.leaf,
    });
    assertEquals(told, again.text);
    for (const receipt of [old[index]!, told]) {
      const checked = checkReceipt(receipt, order, { anchor });
      assertEquals(checked.receipt.payload.entry, entry.number);
    }
  }
  const receipt = signReceipt(deposit, renewed).text;
  assertEquals(
    checkReceipt(receipt, orderText(deposit, { ledgerId }), { anchor }).receipt.payload.amount,
    7,
  );
});

async function openingOf(file: string): Promise<Entry> {
  await using snapshot = openSqliteSnapshot({ file });
  const [page] = await Array.fromAsync(snapshot.entries());
  const entry = decodeEntry(page![0]!);
  if (typeof entry === "string") throw new Error(entry);
  const leaf = entry.subtrees;
  return { ...entry, leaf, head: leaf };
}
