/**
 * Checks what must hold after a crash. The books are in order and contain every receipt at its
 * entry number. No order was booked twice, and no payment is in doubt.
 */
import { assert, assertEquals } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { orderDigest } from "../../src/ledger/entry.ts";
import { readDocument } from "../../src/pki/signed_document.ts";
import type { Scene } from "../end_to_end/driver.ts";
import type { Attempt } from "./paying_member.ts";

export interface CheckedRound {
  /** Payments tried since the start. */
  readonly attempts: number;
  /** Payments in the book, refunds among them. */
  readonly payments: number;
  /** Receipt files that clients hold, each found in the book. */
  readonly receipts: number;
}

interface Booked {
  readonly id: string;
  readonly number: number;
  readonly leaf: string;
  readonly order_digest: string;
}

export async function checkRound(
  scene: Scene,
  attempts: readonly Attempt[],
  { db = scene.path("server.db") }: { db?: string } = {},
): Promise<CheckedRound> {
  const audited = await scene.ledgerInProcess("audit", "--json", "--db", db);
  assertEquals(audited.code, 0, audited.stdout + audited.stderr);
  const booked = bookedPayments(db);
  for (const { id: given, paid, refusal } of attempts) {
    const id = paid?.receipt.payload.id ?? given;
    assert(paid || refusal, `the payment ${id} is in doubt`);
    assertEquals(booked.has(id), paid !== undefined, `the payment ${id} was told wrongly`);
  }
  assertEquals(booked.size, attempts.filter(({ paid }) => paid).length);
  return {
    attempts: attempts.length,
    payments: booked.size,
    receipts: await findReceipts(scene.home("all"), booked),
  };
}

function bookedPayments(file: string): Map<string, Booked> {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const rows = database.prepare(
      `SELECT id, number, lower(hex(substr(subtrees, 1, 32))) AS leaf,
          lower(hex(order_digest)) AS order_digest FROM entry
        WHERE kind IN ('payment', 'refund')`,
    ).all() as unknown as Booked[];
    // Fewer ids than rows would be an order that was booked twice.
    const byId = new Map(rows.map((row) => [row.id, row]));
    assertEquals(byId.size, rows.length);
    return byId;
  } finally {
    database.close();
  }
}

/** @returns how many receipts there are in all wallets below a folder; each was found */
async function findReceipts(folder: string, booked: Map<string, Booked>): Promise<number> {
  let found = 0;
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) found += await findReceipts(path, booked);
    else if (name === "wallet.db") found += findReceiptsIn(path, booked);
  }
  return found;
}

function findReceiptsIn(file: string, booked: Map<string, Booked>): number {
  const database = new DatabaseSync(file);
  try {
    const query = `SELECT receipt_jws AS receipt, order_jws AS "order" FROM receipt`;
    const rows = database.prepare(query).all() as { receipt: string; order: string }[];
    for (const row of rows) checkReceipt(row, booked);
    return rows.length;
  } finally {
    database.close();
  }
}

function checkReceipt(
  { receipt, order }: { receipt: string; order: string },
  booked: Map<string, Booked>,
): void {
  const document = readDocument(receipt, { typ: "micropay-receipt", chain: "required" });
  const { id, entry, leaf } = document.payload as { id: string; entry: number; leaf: string };
  const row = booked.get(id);
  assert(row, `the receipt ${id} is not in the ledger`);
  const { id: _, ...booking } = row;
  assertEquals(booking, { number: entry, leaf, order_digest: orderDigest(order) });
}
