/** A party to a ledger: its server, or the member of one of its accounts. */
import { type AccountName, isAccountName } from "../account_name.ts";

export type Party =
  | { readonly role: "server" }
  | { readonly role: "member"; readonly name: AccountName };

export type Role = Party["role"];

const serverUri = "micropay:server";
const memberPrefix = "micropay:account:";

/**
 * Returns the URI of a party: the SAN URI of its certificate, and `iss` and `to` on the wire.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(partyUri({ role: "server" }), "micropay:server");
 * assertEquals(parsePartyUri("micropay:account:alice"), { role: "member", name: "alice" });
 * ```
 */
export function partyUri(party: Party): string {
  return party.role === "server" ? serverUri : memberPrefix + party.name;
}

/**
 * Returns the party of a URI, or `undefined` when {@link partyUri} would spell it differently. So
 * two URIs can be compared as texts.
 */
export function parsePartyUri(uri: string): Party | undefined {
  if (uri === serverUri) return { role: "server" };
  if (!uri.startsWith(memberPrefix)) return undefined;
  const name = uri.slice(memberPrefix.length);
  return isAccountName(name) ? { role: "member", name } : undefined;
}

/** Returns whether two parties have the same role and name. */
export function sameParty(a: Party, b: Party): boolean {
  return partyUri(a) === partyUri(b);
}
