/** Part of the contract: invitations. */
import { assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { type AccountName, parseAccountName } from "../../src/account_name.ts";
import type { NewInvitation } from "../../src/ledger/invitation.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import type { ContractTest } from "./ledger_contract.ts";
import { alice, bob, noonMs, registration } from "./ledger_samples.ts";

const dayMs = 86_400_000;
const tokenDigest = "a1".repeat(32);

function invitation(options: Partial<NewInvitation> = {}): NewInvitation {
  return { tokenDigest, usesMax: 1, createdAtMs: noonMs, expiresAtMs: noonMs + dayMs, ...options };
}

async function registerWith(
  ledger: Ledger,
  name: AccountName,
  { id = 1, key = name as string, digest = tokenDigest, atMs = noonMs } = {},
): Promise<string> {
  const row = { ...registration(name, 10, { id, key }), invitation: { tokenDigest: digest, atMs } };
  const registered = await ledger.register(row);
  return registered.outcome === "not_invited" ? registered.reason : registered.outcome;
}

export function invitingContract(test: ContractTest): void {
  test("invitations: they are kept as they were made, in order", async (ledger) => {
    const first = await ledger.invite(invitation());
    const others = { tokenDigest: "b2".repeat(32), name: bob, balance: 0, usesMax: 3 };
    const second = await ledger.invite(invitation(others));
    assertEquals(first, { ...invitation(), number: 1, uses: 0 });
    assertEquals(second, { ...invitation(others), number: 2, uses: 0 });
    assertEquals(await ledger.invitation(tokenDigest), first);
    assertEquals(await ledger.invitation("c3".repeat(32)), undefined);
    assertEquals(await ledger.invitations({ after: 0, limit: 5 }), [first, second]);
    assertEquals(await ledger.invitations({ after: 1, limit: 5 }), [second]);
    assertEquals(await ledger.invitations({ after: 0, limit: 1 }), [first]);
  });

  const rows: readonly [
    title: string,
    Partial<NewInvitation>,
    use: Parameters<typeof registerWith>[2],
    outcome: string,
  ][] = [
    ["a good one", {}, {}, "registered"],
    ["one for this name", { name: alice }, {}, "registered"],
    ["one for another name", { name: bob }, {}, "other_name"],
    ["the last moment of one", {}, { atMs: noonMs + dayMs - 1 }, "registered"],
    ["one that has expired", {}, { atMs: noonMs + dayMs }, "expired"],
    ["a token that is unknown", {}, { digest: "d4".repeat(32) }, "unknown"],
  ];
  for (const [title, options, use, outcome] of rows) {
    test(`invitations: registering with ${title}: ${outcome}`, async (ledger) => {
      await ledger.invite(invitation(options));
      assertEquals(await registerWith(ledger, alice, use), outcome);
      const isIn = outcome === "registered";
      assertEquals(await ledger.account(alice) !== undefined, isIn);
      assertEquals((await ledger.invitation(tokenDigest))!.uses, isIn ? 1 : 0);
      assertEquals(await ledger.lastNumber(), isIn ? 1 : 0);
    });
  }

  test("invitations: a retry with the same key uses none, and another key gets in with none", async (ledger) => {
    await ledger.invite(invitation());
    assertEquals(await registerWith(ledger, alice), "registered");
    assertEquals(await registerWith(ledger, alice, { id: 2 }), "repeated");
    assertEquals(await registerWith(ledger, alice, { id: 3, key: "other" }), "name_taken");
    assertEquals((await ledger.invitation(tokenDigest))!.uses, 1);
    assertEquals(await registerWith(ledger, bob, { id: 4 }), "used");
  });

  test("invitations: a registration that fails for another reason uses none", async (ledger) => {
    await ledger.invite(invitation());
    const use = { tokenDigest, atMs: noonMs };
    const full = { ...registration(alice, 10), invitation: use, accountsMax: 0 };
    assertEquals((await ledger.register(full)).outcome, "too_many_accounts");
    assertEquals((await ledger.invitation(tokenDigest))!.uses, 0);
  });

  test("invitations: a revoked one admits nobody, and its accounts stay", async (ledger) => {
    await ledger.invite(invitation({ usesMax: 2 }));
    assertEquals(await registerWith(ledger, alice), "registered");
    assertEquals(await ledger.revokeInvitation(1, { atMs: noonMs }), true);
    assertEquals(await ledger.revokeInvitation(1, { atMs: noonMs + 5 }), true);
    assertEquals(await ledger.revokeInvitation(2, { atMs: noonMs }), false);
    assertEquals((await ledger.invitation(tokenDigest))!.revokedAtMs, noonMs);
    assertEquals(await registerWith(ledger, bob, { id: 2 }), "revoked");
    assertEquals((await ledger.account(alice))!.balance, 10);
  });

  test("invitations: values that cannot be stored are refused", async (ledger) => {
    const bad: readonly Partial<NewInvitation>[] = [
      { tokenDigest: "a1" },
      { usesMax: 0 },
      { usesMax: 1.5 },
      { balance: -1 },
      { expiresAtMs: NaN },
      { createdAtMs: 0.5 },
    ];
    for (const options of bad) {
      await assertRejects(() => ledger.invite(invitation(options)), TypeError);
    }
    assertEquals(await ledger.invitations({ after: 0, limit: 5 }), []);
  });

  test("invitations: of any registrations at once, as many get in as there are uses", async (ledger) => {
    let round = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.nat({ max: 7 }), { maxLength: 12 }),
        async (usesMax, people) => {
          const digest = String(++round).padStart(64, "0");
          await ledger.invite(invitation({ tokenDigest: digest, usesMax }));
          // People may ask several times, each with the same key.
          const outcomes = await Promise.all(people.map((person, at) => {
            const name = parseAccountName(`p${round}-${person}`)!;
            return registerWith(ledger, name, { id: round * 100 + at, digest });
          }));
          const admitted = outcomes.filter((outcome) => outcome === "registered").length;
          assertEquals(admitted, Math.min(usesMax, new Set(people).size));
          assertEquals((await ledger.invitation(digest))!.uses, admitted);
        },
      ),
      { numRuns: 30 },
    );
    assertEquals((await ledger.totals()).balanceSum, 0);
  });
}
