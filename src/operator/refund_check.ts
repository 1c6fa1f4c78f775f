/**
 * Checks that each refund reverses an earlier payment, and that all refunds of a payment stay
 * within its amount.
 */
import { entryLeaf } from "../ledger/entry.ts";
import type { LedgerSnapshot } from "../ledger/snapshot.ts";
import { type DecodedEntry, type DecodedRow, decodeEntry } from "../ledger/stored_rows.ts";
import { storedProof } from "../ledger/stored_tree.ts";
import { rootsOver, type TreeHead } from "../ledger/tree_proofs.ts";

interface RefundedPayment {
  readonly payment: DecodedEntry;
  /** The sum of its refunds up to the last checked entry. */
  refunded: number;
}

/** Adds up the refunds of each payment. Its memory grows with the refunds in a range of rows. */
export class RefundCheck {
  readonly #snapshot: Pick<LedgerSnapshot, "entryById" | "refundsOf" | "subtreesOf">;
  /** The tree whose rows are not audited. */
  readonly #trusted: TreeHead | undefined;
  readonly #payments = new Map<string, RefundedPayment>();

  constructor(
    snapshot: Pick<LedgerSnapshot, "entryById" | "refundsOf" | "subtreesOf">,
    { trusted }: { readonly trusted?: TreeHead | undefined } = {},
  ) {
    this.#snapshot = snapshot;
    this.#trusted = trusted;
  }

  /**
   * Checks an entry. Call it with every entry of the range, in order.
   *
   * @returns a sentence about the fault, or `undefined`
   */
  async check(entry: DecodedRow): Promise<string | undefined> {
    const { number, payer, payee, amount, refunds } = entry;
    if (refunds === undefined) return undefined;
    const known = this.#payments.get(refunds) ?? await this.#lookUp(refunds, number);
    const payment = known?.payment;
    const isReverse = payment?.kind === "payment" && payment.number < number &&
      payment.payer === payee && payment.payee === payer;
    if (!known || !isReverse) {
      return `it refunds ${refunds}, which is no earlier payment from its payee to its payer`;
    }
    known.refunded += amount;
    const { refunded } = known;
    if (refunded <= payment.amount) return undefined;
    return `all refunds of ${refunds} are ${refunded} with it, more than its ${payment.amount}`;
  }

  async #lookUp(id: string, before: number): Promise<RefundedPayment | undefined> {
    const row = await this.#snapshot.entryById(id);
    const payment = row && decodeEntry(row);
    if (typeof payment !== "object" || !await this.#isAudited(payment)) return undefined;
    let refunded = 0;
    for (const { number, amount } of await this.#snapshot.refundsOf(id)) {
      if (Number(number) < before) refunded += Number(amount);
    }
    const known = { payment, refunded };
    this.#payments.set(id, known);
    return known;
  }

  /** Returns whether a payment is audited with the other rows, or is in the trusted tree. */
  async #isAudited(payment: DecodedEntry): Promise<boolean> {
    const trusted = this.#trusted;
    if (!trusted || payment.number > trusted.size) return true;
    const { size } = trusted;
    const index = payment.number - 1;
    const proof = await storedProof(this.#snapshot, size, (prover) => prover.inclusion(index));
    return rootsOver({ leaf: entryLeaf(payment), index, size, proof })?.root === trusted.head;
  }
}
