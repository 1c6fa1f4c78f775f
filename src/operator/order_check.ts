/**
 * Checks that the order of an entry is genuine: what the entry says is what the right party signed.
 */
import { isDocumentError } from "../errors.ts";
import { issuingAccount, orderDigest } from "../ledger/entry.ts";
import { type DecodedRow, missingCertificate } from "../ledger/stored_rows.ts";
import type { VerifiedCertificate } from "../pki/certificate_profile.ts";
import { sameParty } from "../pki/party.ts";
import { verifyDocument } from "../pki/signed_document.ts";
import type { TrustAnchor } from "../pki/trust_anchor.ts";
import { joinOrder, orderSigner, verifySigner } from "../protocol/order.ts";
import { carriedRequest } from "../protocol/payment_request.ts";
import { judgeOrder } from "../protocol/order_validity.ts";
import type { AccountStates } from "./account_states.ts";
import type { Signer, Signers } from "./issued_certificates.ts";

/** What the check of an order depends on. */
export interface OrderChecking {
  readonly anchor: TrustAnchor;
  readonly signers: Pick<Signers, "find">;
  /** The state after the rows before the entry. */
  readonly accounts: Pick<AccountStates, "certificateFault">;
}

/** @returns why an entry's order is not genuine or was not valid for it, or `undefined` */
export async function orderFault(
  entry: DecodedRow,
  checking: OrderChecking,
): Promise<string | undefined> {
  const signer = await checking.signers.find(entry.fingerprint);
  if (!signer) return missingCertificate(entry.fingerprint);
  const certificate = verifyOrderOf(entry, signer, checking.anchor);
  if (typeof certificate === "string") return certificate;
  if (!kindFits(entry)) return `its kind ${entry.kind} does not fit its payer and payee`;
  const isServers = certificate.party.role === "server";
  const reason = isServers ? undefined : await checking.accounts.certificateFault(entry, signer);
  if (reason !== undefined) return reason;
  const request = carriedRequest(entry.request, checking);
  const fault = judgeOrder({ payload: entry, request, signer: certificate }, entry);
  return fault && `its order ${fault.reason}`;
}

/**
 * Verifies the order of an entry: its signer, its signature and its digest.
 *
 * @returns the signer's certificate, or a sentence about why the order is not genuine
 */
function verifyOrderOf(
  entry: DecodedRow,
  { certificate, chain }: Signer,
  anchor: TrustAnchor,
): VerifiedCertificate | string {
  const { fingerprint, signature } = entry;
  // The header of the same chain is encoded only once.
  const jws = joinOrder(entry, { ledgerId: anchor.fingerprint, signature, chain });
  try {
    // This also finds why a certificate cannot be the signer's.
    const verified = certificate && sameParty(certificate.party, orderSigner(entry))
      ? certificate
      : verifySigner(entry, { anchor, chain });
    verifyDocument({ jws, signature }, verified.publicKey);
    if (orderDigest(jws) !== entry.orderDigest) {
      return "its order_digest is not the one of its order";
    }
    if (verified.fingerprint === fingerprint) return verified;
    return "its order is signed under another certificate than the one that it names";
  } catch (error) {
    if (!isDocumentError(error)) throw error;
    return `its order is not a genuine one: ${error.message}`;
  }
}

function kindFits({ kind, payer, payee }: DecodedRow): boolean {
  const comesIn = kind === "opening" || kind === "deposit";
  return (payer === issuingAccount) === comesIn &&
    (payee === issuingAccount) === (kind === "withdrawal");
}
