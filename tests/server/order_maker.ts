/**
 * Hand-made orders, so that a test can sign what the program never would.
 */
import { systemClock } from "../../src/clock.ts";
import { issuingAccount } from "../../src/ledger/entry.ts";
import type { Identity } from "../../src/pki/identity.ts";
import { signDocument } from "../../src/pki/signed_document.ts";
import type { TrustAnchor } from "../../src/pki/trust_anchor.ts";
import { makeOrderId, systemRandom } from "../../src/random.ts";
import type { JsonObject } from "../../src/strict_json.ts";

/** The members of an order. Each has a valid value by default; `undefined` leaves one out. */
export function orderPayload(
  payer: Identity,
  anchor: TrustAnchor,
  changes: JsonObject = {},
): JsonObject {
  const seconds = Math.floor(systemClock.nowMs() / 1000);
  const payload = {
    id: makeOrderId(systemClock, systemRandom),
    ledger: anchor.fingerprint,
    payer: payer.party.role === "server" ? issuingAccount : payer.party.name,
    payee: "bob",
    amount: 2000,
    memo: undefined,
    refunds: undefined,
    iat: seconds,
    exp: seconds + 120,
    ...changes,
  };
  return Object.fromEntries(Object.entries(payload).filter(([, value]) => value !== undefined));
}

/** The compact JWS over whatever the payload is. */
export function signPayload(payload: JsonObject, signer: Identity): string {
  return signDocument("micropay-order", payload, {
    signingKey: signer.signingKey,
    chain: signer.chain.slice(0, 1),
  });
}
