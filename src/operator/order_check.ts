/**
 * Checks that an entry matches its order, and that the order is genuine and signed by the right
 * party.
 */
import { isDocumentError } from "../errors.ts";
import { issuingAccount } from "../ledger/entry.ts";
import type { VerifiedCertificate } from "../pki/certificate_profile.ts";
import { verifyDocumentElsewhere } from "../pki/signed_document.ts";
import type { TrustAnchor } from "../pki/trust_anchor.ts";
import { type Order, readOrder, verifySigner } from "../protocol/order.ts";
import { type JudgedOrder, judgeOrder } from "../protocol/order_validity.ts";
import type { AuditedAccounts } from "./audited_accounts.ts";
import type { DecodedEntry } from "../ledger/stored_rows.ts";

/** Verifies the orders of entries. */
export class OrderCheck {
  readonly #anchor: TrustAnchor;
  readonly #accounts: Pick<AuditedAccounts, "certificateFault">;

  /** @param accounts the state after the rows before the entry */
  constructor(
    anchor: TrustAnchor,
    { accounts }: { accounts: Pick<AuditedAccounts, "certificateFault"> },
  ) {
    this.#anchor = anchor;
    this.#accounts = accounts;
  }

  /**
   * Verifies the order of an entry.
   *
   * @returns the order, or a sentence about why it is not genuine
   */
  async verify({ orderJws }: DecodedEntry): Promise<JudgedOrder | string> {
    try {
      const read = readOrder(orderJws);
      const signer = verifySigner(read, { anchor: this.#anchor });
      await verifyDocumentElsewhere(read.document, signer.publicKey);
      return { payload: read.payload, signer };
    } catch (error) {
      if (!isDocumentError(error)) throw error;
      return `its order is not a genuine one: ${error.message}`;
    }
  }

  /** @returns a sentence about the difference between an entry and its order, or `undefined` */
  compare(entry: DecodedEntry, order: JudgedOrder): string | undefined {
    const fault = judgeOrder(order, entry);
    return difference(entry, order.payload) ?? this.#certificateFault(entry, order.signer) ??
      (fault && `its order ${fault.reason}`);
  }

  #certificateFault(
    { payer }: DecodedEntry,
    { party, fingerprint }: VerifiedCertificate,
  ): string | undefined {
    if (party.role === "server") return undefined;
    return this.#accounts.certificateFault(payer, fingerprint);
  }
}

/** @returns a sentence about the first member that differs, or `undefined` */
function difference(entry: DecodedEntry, order: Order): string | undefined {
  const pairs: readonly [string, unknown, unknown][] = [
    ["id", entry.id, order.id],
    ["payer", entry.payer, order.payer],
    ["payee", entry.payee, order.payee],
    ["amount", entry.amount, order.amount],
    ["memo", entry.memo, order.memo],
    ["refunds", entry.refunds, order.refunds],
  ];
  const other = pairs.find(([, booked, ordered]) => booked !== ordered);
  if (other) return `its ${other[0]} is ${String(other[1])}, its order says ${String(other[2])}`;
  return kindFits(entry) ? undefined : `its kind ${entry.kind} does not fit its payer and payee`;
}

function kindFits({ kind, payer, payee }: DecodedEntry): boolean {
  const comesIn = kind === "opening" || kind === "deposit";
  return (payer === issuingAccount) === comesIn &&
    (payee === issuingAccount) === (kind === "withdrawal");
}
