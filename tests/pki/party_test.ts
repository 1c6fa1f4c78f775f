import { assert, assertEquals } from "@std/assert";
import type { AccountName } from "../../src/account_name.ts";
import { parsePartyUri, type Party, partyUri, sameParty } from "../../src/pki/party.ts";

const server: Party = { role: "server" };
const alice: Party = { role: "member", name: "alice" as AccountName };

Deno.test("a party has one URI, which is read back", () => {
  assertEquals(partyUri(server), "micropay:server");
  assertEquals(partyUri(alice), "micropay:account:alice");
  for (const party of [server, alice]) assertEquals(parsePartyUri(partyUri(party)), party);
});

Deno.test("no other URI is a party", () => {
  const others = [
    "",
    "micropay:",
    "micropay:Server",
    "micropay:server ",
    "micropay:server/",
    "MICROPAY:server",
    "micropay:account:",
    "micropay:account:Alice",
    "micropay:account:a/b",
    "micropay:account:alice\n",
    "micropay:account:al%69ce",
    "micropay:account:al\u0131ce",
    `micropay:account:${"a".repeat(33)}`,
  ];
  for (const uri of others) assertEquals(parsePartyUri(uri), undefined, uri);
});

Deno.test("parties are equal by role and name", () => {
  assert(sameParty(alice, { ...alice }));
  assert(!sameParty(alice, { role: "member", name: "bob" as AccountName }));
  assert(!sameParty(server, { role: "member", name: "server" as AccountName }));
});
