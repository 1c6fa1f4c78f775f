/** The log and the void orders of a batch's rows, as the rules read and write them. */
import type { AccountName } from "../../account_name.ts";
import { type RecordedChange, statementDigest } from "../account_change.ts";
import type { Entry, EntryContents } from "../entry.ts";
import type { Voiding } from "../ledger.ts";
import type { BookRows, OrderKey, OrderPlace } from "../ledger_rows.ts";
import type { CompactRange } from "../merkle_tree.ts";
import type { Placed } from "../posting.ts";
import type { BatchRows } from "./batch_rows.ts";

/** {@link BookRows} over copies. */
export class BookCopies implements BookRows {
  readonly #rows: BatchRows;

  constructor(rows: BatchRows) {
    this.#rows = rows;
  }

  place({ id, digest, payer }: OrderKey): OrderPlace {
    return {
      isBooked: this.#rows.entries.get(id) !== undefined,
      voidedCode: this.#rows.voided.get(digest)?.code,
      voidFloorMs: this.#rows.floors.get(payer),
      tree: this.#rows.tree,
    };
  }

  tree(): CompactRange {
    return this.#rows.tree;
  }

  entry(id: string): Entry | undefined {
    const added = this.#rows.newRows.find(({ entry }) => entry?.row.id === id)?.entry?.row;
    if (added !== undefined) return added;
    const copy = this.#rows.entries.get(id);
    if (copy === undefined) return undefined;
    const { subtrees, ...entry } = copy;
    return { ...entry, leaf: subtrees.slice(0, 64), head: this.#rows.heads.get(id)! };
  }

  contents(id: string): EntryContents | undefined {
    return this.#rows.entries.get(id);
  }

  sumRefunds(id: string): number {
    return this.#rows.refunded.get(id) ?? 0;
  }

  addEntry(placed: Placed<Entry>): void {
    const { row: entry, subtrees } = placed;
    const { sides, entries, refunded, newRows } = this.#rows;
    this.#rows.push(newRows, { entry: placed });
    this.#rows.grow(subtrees);
    entries.set(entry.id, { ...entry, subtrees: subtrees.join("") });
    sides.set(entry.payer, { ...sides.get(entry.payer)!, balance: entry.payerBalance });
    sides.set(entry.payee, { ...sides.get(entry.payee)!, balance: entry.payeeBalance });
    if (entry.refunds !== undefined) {
      refunded.set(entry.refunds, this.sumRefunds(entry.refunds) + entry.amount);
    }
  }

  addChange(placed: Placed<RecordedChange>): void {
    const { row: change, subtrees } = placed;
    const { sides, lastChanges, newRows, lastStatement } = this.#rows;
    this.#rows.push(newRows, { change: placed });
    this.#rows.grow(subtrees);
    sides.set(change.name, { ...sides.get(change.name)!, lastChange: change });
    lastChanges.set(change.name, change);
    this.#rows.lastStatement = statementDigest(change.statementJws);
    this.#rows.undo.add(() => this.#rows.lastStatement = lastStatement);
  }

  lastStatement(): string {
    return this.#rows.lastStatement!;
  }

  countVoidings(payer: AccountName): number {
    return this.#rows.voidingCounts.get(payer) ?? 0;
  }

  firstVoiding(payer: AccountName): Pick<Voiding, "digest" | "expiresAtMs"> | undefined {
    const { firstVoidings, newVoidings, forgotten, emptied } = this.#rows;
    const stored = emptied.has(payer) ? [] : firstVoidings.get(payer) ?? [];
    const added = [...newVoidings.values()].filter((voiding) => voiding.payer === payer);
    return [...stored, ...added].filter(({ digest }) => !forgotten.has(digest))
      .sort((a, b) => a.expiresAtMs - b.expiresAtMs)[0];
  }

  addVoiding(voiding: Voiding): void {
    const { digest, payer, code, expiresAtMs } = voiding;
    const { voided, voidingCounts, newVoidings, undo, voidNumber } = this.#rows;
    voided.set(digest, { digest, payer, code, expiresAtMs });
    voidingCounts.set(payer, this.countVoidings(payer) + 1);
    this.#rows.voidNumber = voidNumber + 1;
    newVoidings.set(digest, { ...voiding, number: voidNumber + 1 });
    undo.add(() => {
      this.#rows.voidNumber = voidNumber;
      newVoidings.delete(digest);
    });
  }

  forgetVoiding(digest: string): void {
    const { voided, voidingCounts, newVoidings, firstVoidings, forgotten, undo } = this.#rows;
    const added = newVoidings.get(digest);
    const payer = added?.payer ??
      [...firstVoidings.values()].flat().find((one) => one.digest === digest)!.payer;
    if (voided.isKnown(digest)) voided.set(digest, undefined);
    voidingCounts.set(payer, (voidingCounts.get(payer) ?? 0) - 1);
    if (added === undefined) forgotten.add(digest);
    else newVoidings.delete(digest);
    undo.add(() => {
      forgotten.delete(digest);
      if (added !== undefined) newVoidings.set(digest, added);
    });
  }

  forgetVoidingsOf(payer: AccountName): void {
    const { voided, voidingCounts, newVoidings, emptied, undo } = this.#rows;
    const added = [...newVoidings.values()].filter((voiding) => voiding.payer === payer);
    for (const { digest } of added) newVoidings.delete(digest);
    for (const [digest, copy] of voided.entries()) {
      if (copy.payer === payer) voided.set(digest, undefined);
    }
    if (voidingCounts.isKnown(payer)) voidingCounts.set(payer, 0);
    const wasEmptied = emptied.has(payer);
    emptied.add(payer);
    undo.add(() => {
      if (!wasEmptied) emptied.delete(payer);
      for (const voiding of added) newVoidings.set(voiding.digest, voiding);
    });
  }

  raiseVoidFloor(payer: AccountName, expiresAtMs: number): void {
    const { floors } = this.#rows;
    floors.set(payer, Math.max(floors.get(payer) ?? expiresAtMs, expiresAtMs));
  }
}
