/**
 * Whether an entry is what somebody signed: its order is genuine, by the one who had to sign it, and says the same as the entry.
 *
 * Fast, because a whole ledger is checked: the header of an order holds the signer's certificate and is the same in all of its orders,
 * so it is verified once; the signatures are checked by `node:crypto`, which does not leave the thread.
 */
import { Buffer } from "node:buffer";
import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { decodeBase64UrlStrict } from "../base64.ts";
import { CertificateError, EnvelopeError, MicropayError, ProtocolError } from "../errors.ts";
import { type Entry, type EntryParty, issuingAccount } from "../ledger/entry.ts";
import { type VerifiedCertificate, verifyChain } from "../pki/certificate_profile.ts";
import { exportPublicKey } from "../pki/signing_key.ts";
import { readDocument } from "../pki/signed_document.ts";
import type { TrustAnchor } from "../pki/trust_anchor.ts";
import { decodeOrder, type Order, orderSigner } from "../protocol/order.ts";
import { sameParty } from "../pki/party.ts";
import { parseJsonObject } from "../strict_json.ts";

interface Signer {
  readonly certificate: VerifiedCertificate;
  readonly key: KeyObject;
  /** The time of the order it was verified for; good from then until the certificate ends. */
  readonly fromMs: number;
}

/** Signers remembered; more are verified again when they come. About 1 KiB each. */
const signersMax = 10_000;

export class OrderCheck {
  readonly #anchor: TrustAnchor;
  /** The accounts of the certificates that the ledger issued, by fingerprint. */
  readonly #owners: ReadonlyMap<string, EntryParty>;
  readonly #signers = new Map<string, Signer>();

  constructor(anchor: TrustAnchor, owners: ReadonlyMap<string, EntryParty>) {
    this.#anchor = anchor;
    this.#owners = owners;
  }

  /** @returns a sentence about what is wrong, or `undefined` */
  async check(entry: Entry): Promise<string | undefined> {
    try {
      return await this.#check(entry);
    } catch (error) {
      const expected = error instanceof EnvelopeError || error instanceof CertificateError ||
        error instanceof ProtocolError;
      if (!expected) throw error;
      return `its order is not a genuine one: ${(error as MicropayError).message}`;
    }
  }

  async #check(entry: Entry): Promise<string | undefined> {
    const [header, payload, signature] = entry.orderJws.split(".");
    const bytes = decodeBase64UrlStrict(payload ?? "");
    const contents = bytes && parseJsonObject(bytes);
    const signed = decodeBase64UrlStrict(signature ?? "");
    if (!header || !contents || !signed) return "its order is not a compact JWS";
    const order = decodeOrder(contents);
    const signer = await this.#signerOf(header, entry.orderJws, order);
    const { certificate, key } = signer;
    if (!sameParty(certificate.party, orderSigner(order))) return "its order is signed by another";
    const isMember = certificate.party.role === "member";
    if (isMember && this.#owners.get(certificate.fingerprint) !== entry.payer) {
      return "its order is signed under a certificate that the ledger did not issue to its payer";
    }
    const text = new TextEncoder().encode(`${header}.${payload}`);
    if (!verify(null, text, key, signed)) return "the signature of its order is not by its payer";
    return difference(entry, order, this.#anchor.fingerprint);
  }

  async #signerOf(header: string, jws: string, order: Order): Promise<Signer> {
    const atMs = order.iat * 1000;
    const known = this.#signers.get(header);
    if (known && known.fromMs <= atMs && atMs <= known.certificate.notAfterMs) return known;
    const { chain } = readDocument(jws, { typ: "micropay-order", chain: "required" });
    const { role } = orderSigner(order);
    const certificate = await verifyChain(chain!, { anchor: this.#anchor, role, atMs });
    const der = await exportPublicKey(certificate.publicKey);
    const key = createPublicKey({ key: Buffer.from(der), format: "der", type: "spki" });
    const signer = { certificate, key, fromMs: Math.min(atMs, known?.fromMs ?? atMs) };
    if (this.#signers.size >= signersMax) this.#signers.clear();
    this.#signers.set(header, signer);
    return signer;
  }
}

/** @returns where an entry says something else than its order */
function difference(entry: Entry, order: Order, ledger: string): string | undefined {
  const pairs: readonly [string, unknown, unknown][] = [
    ["ledger", ledger, order.ledger],
    ["id", entry.id, order.id],
    ["payer", entry.payer, order.from],
    ["payee", entry.payee, order.to],
    ["amount", entry.amount, order.amount],
    ["memo", entry.memo, order.memo],
    ["refunds", entry.refunds, order.refunds],
  ];
  const other = pairs.find(([, booked, ordered]) => booked !== ordered);
  if (other) return `its ${other[0]} is ${String(other[1])}, its order says ${String(other[2])}`;
  return kindFits(entry) ? undefined : `its kind ${entry.kind} does not fit its payer and payee`;
}

function kindFits({ kind, payer, payee }: Entry): boolean {
  const comesIn = kind === "opening" || kind === "deposit";
  return (payer === issuingAccount) === comesIn &&
    (payee === issuingAccount) === (kind === "withdrawal");
}
