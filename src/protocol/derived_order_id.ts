/**
 * Order ids that are derived and not random: UUIDs of version 8 (RFC 9562 section 5.8, appendix
 * B.2). The same account, purpose and content always give the same id.
 *
 * An order may have such an id only when its payer is the account that derived it. Otherwise
 * another member who knows the content could use up the id.
 */
import { createHash } from "node:crypto";
import { orderIdOf } from "../random.ts";

/** What an id is derived from. */
export interface IdSource {
  /** The account that derives the id: a name in its stored form. */
  readonly account: string;
  /** What the id is for. Ids of different purposes differ. */
  readonly purpose: string;
  readonly content: string | Uint8Array;
}

const prefixBytes = 6;

/**
 * Returns the order id that an account derives: the first 48 bits of the SHA-256 of its name, then
 * the first 80 bits of the SHA-256 of the purpose, a zero byte and the content. Version and variant
 * replace six of the 80 bits.
 *
 * @example
 * ```ts
 * import { derivedOrderId } from "./derived_order_id.ts";
 *
 * derivedOrderId({ account: "alice", purpose: "micropay batch line", content: "1" });
 * // => "2bd806c9-7f0e-864b-add5-bc6f12900ff7"
 * ```
 */
export function derivedOrderId({ account, purpose, content }: IdSource): string {
  const digest = createHash("sha256").update(`${purpose}\0`).update(content).digest();
  const bytes = new Uint8Array(16);
  bytes.set(accountDigest(account).subarray(0, prefixBytes));
  bytes.set(digest.subarray(0, bytes.length - prefixBytes), prefixBytes);
  return orderIdOf(bytes, 8);
}

/**
 * Returns whether an order id is derived, and not by this account. An id of another version is not
 * derived, so anybody may use it.
 */
export function isDerivedByAnother(id: string, account: string): boolean {
  const versionAt = 14;
  if (id[versionAt] !== "8") return false;
  const prefix = accountDigest(account).toString("hex", 0, prefixBytes);
  return id.slice(0, 13) !== `${prefix.slice(0, 8)}-${prefix.slice(8)}`;
}

function accountDigest(account: string) {
  return createHash("sha256").update(account).digest();
}
