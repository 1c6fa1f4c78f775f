/**
 * Who a party is: the server of a ledger, or the member behind one of its accounts.
 */
import { type AccountName, isAccountName } from "../account_name.ts";

export type Party =
  | { readonly role: "server" }
  | { readonly role: "member"; readonly name: AccountName };

/** What a certificate entitles its holder to be. */
export type Role = Party["role"];

const serverUri = "micropay:server";
const memberPrefix = "micropay:account:";

/** The one spelling of a party: the SAN URI of its certificate, and `iss` and `to` on the wire. */
export function partyUri(party: Party): string {
  return party.role === "server" ? serverUri : memberPrefix + party.name;
}

/** Strict inverse of {@link partyUri}: `undefined` for any other spelling, so that texts can be compared as texts. */
export function parsePartyUri(uri: string): Party | undefined {
  if (uri === serverUri) return { role: "server" };
  if (!uri.startsWith(memberPrefix)) return undefined;
  const name = uri.slice(memberPrefix.length);
  return isAccountName(name) ? { role: "member", name } : undefined;
}

export function sameParty(a: Party, b: Party): boolean {
  return partyUri(a) === partyUri(b);
}
