/**
 * Whether an entry is what somebody signed: its order is genuine, by the one who had to sign it, and says the same as the entry.
 *
 * Fast, because a whole ledger is checked: the header of an order holds the signer's certificate and is the same in all of its orders,
 * so it is verified once; the signatures are checked beside, by {@link SignatureChecks}.
 */
import { Buffer } from "node:buffer";
import { encodeBase64 } from "../base64.ts";
import { BoundedMap } from "../bounded_map.ts";
import { CertificateError, EnvelopeError, MicropayError, ProtocolError } from "../errors.ts";
import { type Entry, issuingAccount } from "../ledger/entry.ts";
import { orderBytesMax } from "../limits.ts";
import { type VerifiedCertificate, verifyChain } from "../pki/certificate_profile.ts";
import { readDocument } from "../pki/signed_document.ts";
import type { TrustAnchor } from "../pki/trust_anchor.ts";
import { decodeOrder, type Order, orderSigner } from "../protocol/order.ts";
import { judgeOrder } from "../protocol/order_validity.ts";
import { sameParty } from "../pki/party.ts";
import { parseJsonObject } from "../strict_json.ts";
import type { AuditedAccounts } from "./audited_accounts.ts";
import type { SignatureChecks } from "./signature_checks.ts";

interface Signer {
  readonly certificate: VerifiedCertificate;
  /** Its public key, as {@link SignatureChecks} takes it. */
  readonly key: string;
}

/** Signers remembered; more are read again when they come. About 1 KiB each. */
const signersMax = 10_000;

export class OrderCheck {
  readonly #anchor: TrustAnchor;
  readonly #accounts: Pick<AuditedAccounts, "certificateFault">;
  readonly #signatures: SignatureChecks;
  readonly #signers = new BoundedMap<string, Signer>(signersMax);

  /** @param accounts as the rows before the entry made them */
  constructor(
    anchor: TrustAnchor,
    { accounts, signatures }: {
      accounts: Pick<AuditedAccounts, "certificateFault">;
      signatures: SignatureChecks;
    },
  ) {
    this.#anchor = anchor;
    this.#accounts = accounts;
    this.#signatures = signatures;
  }

  /** @returns a sentence about what is wrong but for the signature, which is known later; or `undefined` */
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
    const { orderJws } = entry;
    const [header, payload, signature, ...rest] = orderJws.split(".");
    const contents = parseJsonObject(decodePart(payload) ?? "");
    const isWhole = orderJws.length <= orderBytesMax && rest.length === 0 &&
      signaturePattern.test(signature ?? "");
    if (!header || !contents || !isWhole) return "its order is not a compact JWS";
    const order = decodeOrder(contents);
    const { certificate, key } = this.#signerOf(header, orderJws, order);
    if (!sameParty(certificate.party, orderSigner(order))) return "its order is signed by another";
    await this.#signatures.add(entry.number, { jws: orderJws, key });
    const fault = judgeOrder({ order, certificate }, entry);
    return difference(entry, order, this.#anchor.fingerprint) ??
      this.#certificateFault(entry, certificate) ?? (fault && `its order ${fault.reason}`);
  }

  #certificateFault(
    { payer }: Entry,
    { party, fingerprint }: VerifiedCertificate,
  ): string | undefined {
    if (party.role === "server") return undefined;
    return this.#accounts.certificateFault(payer, fingerprint);
  }

  #signerOf(header: string, jws: string, order: Order): Signer {
    const atMs = order.iat * 1000;
    const known = this.#signers.get(header);
    const isKnown = known && known.certificate.notBeforeMs <= atMs &&
      atMs <= known.certificate.notAfterMs;
    if (isKnown) return known;
    const { chain } = readDocument(jws, { typ: "micropay-order", chain: "single" });
    const { role } = orderSigner(order);
    const certificate = verifyChain(chain!, { anchor: this.#anchor, role, atMs });
    const key = encodeBase64(certificate.publicKey.info);
    const signer = { certificate, key };
    this.#signers.set(header, signer);
    return signer;
  }
}

/** 64 bytes in base64url, in their one spelling. */
const signaturePattern = /^[\w-]{85}[AQgw]$/;

/** As strict as `decodeBase64UrlStrict`, and many times as fast: the runtime's decoder takes anything, so what it read is spelled anew. */
function decodePart(text = ""): Buffer | undefined {
  const bytes = Buffer.from(text, "base64url");
  return bytes.toString("base64url") === text ? bytes : undefined;
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
