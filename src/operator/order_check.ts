/**
 * Checks that the order of an entry is genuine: what the entry says is what the right party signed.
 */
import { isDocumentError } from "../errors.ts";
import { issuingAccount, orderDigest } from "../ledger/entry.ts";
import type { VerifiedCertificate } from "../pki/certificate_profile.ts";
import { verifyDocumentElsewhere } from "../pki/signed_document.ts";
import type { TrustAnchor } from "../pki/trust_anchor.ts";
import { orderText, verifySigner } from "../protocol/order.ts";
import { judgeOrder } from "../protocol/order_validity.ts";
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
   * Verifies the order of an entry: its signer, its signature and its digest.
   *
   * @returns the signer's certificate, or a sentence about why the order is not genuine
   */
  async verify(entry: DecodedEntry): Promise<VerifiedCertificate | string> {
    const anchor = this.#anchor;
    const { signature, certificate: { der, fingerprint } } = entry;
    const jws = orderText(entry, { ledgerId: anchor.fingerprint });
    try {
      const signer = verifySigner(entry, { anchor, chain: [der] });
      await verifyDocumentElsewhere({ jws, signature }, signer.publicKey);
      if (orderDigest(jws) !== entry.orderDigest) {
        return "its order_digest is not the one of its order";
      }
      if (signer.fingerprint === fingerprint) return signer;
      return "its order is signed under another certificate than the one that it names";
    } catch (error) {
      if (!isDocumentError(error)) throw error;
      return `its order is not a genuine one: ${error.message}`;
    }
  }

  /** @returns why this signer's order was not valid for an entry, or `undefined` */
  judge(entry: DecodedEntry, signer: VerifiedCertificate): string | undefined {
    if (!kindFits(entry)) return `its kind ${entry.kind} does not fit its payer and payee`;
    const fault = judgeOrder({ payload: entry, signer }, entry);
    return this.#certificateFault(entry, signer) ?? (fault && `its order ${fault.reason}`);
  }

  #certificateFault(
    { payer }: DecodedEntry,
    { party, fingerprint }: VerifiedCertificate,
  ): string | undefined {
    if (party.role === "server") return undefined;
    return this.#accounts.certificateFault(payer, fingerprint);
  }
}

function kindFits({ kind, payer, payee }: DecodedEntry): boolean {
  const comesIn = kind === "opening" || kind === "deposit";
  return (payer === issuingAccount) === comesIn &&
    (payee === issuingAccount) === (kind === "withdrawal");
}
