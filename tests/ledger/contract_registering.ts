/** Part of the contract: registration and presence. */
import { assertEquals } from "@std/assert";
import type { AccountName } from "../../src/account_name.ts";
import { entryLeaf } from "../../src/ledger/entry.ts";
import type { Registration } from "../../src/ledger/ledger.ts";
import { amountMax } from "../../src/money.ts";
import type { ContractTest } from "./ledger_contract.ts";
import {
  alice,
  bob,
  certificateOf,
  nobody,
  presenceOf,
  registration,
  termsOf,
} from "./ledger_samples.ts";

export function registeringContract(test: ContractTest): void {
  const rows: [string, Registration, string, Record<string, number>][] = [
    ["a new name gets its opening balance", registration(bob, 500), "registered", { bob: 500 }],
    ["a new name without opening has nothing", registration(bob, 0), "registered", { bob: 0 }],
    ["the same name and key again", registration(alice, 7, { id: 7 }), "repeated", { alice: 1000 }],
    ["the same name with another key", registration(alice, 7, { key: "other" }), "name_taken", {
      alice: 1000,
    }],
    [
      "an opening of the rest that can be issued",
      registration(bob, amountMax - 1000),
      "registered",
      {
        bob: amountMax - 1000,
      },
    ],
    ["an opening of one unit more", registration(bob, amountMax - 999), "issue_exhausted", {}],
  ];
  for (const [sentence, row, outcome, balances] of rows) {
    test(`register: ${sentence}: ${outcome}`, async (ledger) => {
      await ledger.register(registration(alice, 1000));
      const result = await ledger.register(row);
      assertEquals(result.outcome, outcome);
      if ("account" in result) {
        assertEquals(result.account, (await ledger.account(row.name))!);
        assertEquals(result.account.certificate, certificateOf(row.name));
      }
      for (const [name, balance] of Object.entries(balances)) {
        assertEquals((await ledger.account(name as AccountName))?.balance, balance);
      }
      if (outcome === "issue_exhausted") assertEquals(await ledger.account(bob), undefined);
      assertEquals((await ledger.totals()).balanceSum, 0);
    });
  }

  test("register: accounts up to the limit, and existing ones again", async (ledger) => {
    const accountsMax = 2;
    const register = async (name: AccountName, id: number, options = {}) => {
      const row = { ...registration(name, 10, { id, ...options }), accountsMax };
      return (await ledger.register(row)).outcome;
    };
    assertEquals(await register(alice, 1), "registered");
    assertEquals(await register(bob, 2), "registered");
    assertEquals(await register(nobody, 3), "too_many_accounts");
    assertEquals([await ledger.account(nobody), await ledger.lastNumber()], [undefined, 2]);
    assertEquals(await register(alice, 4), "repeated");
    assertEquals(await register(bob, 5, { key: "other" }), "name_taken");
    await ledger.register(registration(nobody, 10, { id: 6 }));
    assertEquals((await ledger.totals()).accounts, 3);
  });

  test("register: the opening is an entry like any other", async (ledger) => {
    const row = registration(alice, 1000);
    await ledger.register(row);
    const leaf = entryLeaf({ ...row.opening!, number: 1 });
    assertEquals(await ledger.history(alice, { limit: 10 }), [{
      ...termsOf(row.opening!),
      number: 1,
      payerBalance: -1000,
      payeeBalance: 1000,
      leaf,
      head: leaf,
    }]);
  });

  test("register: two keys request one name at once: one gets it", async (ledger) => {
    const keys = Array.from({ length: 10 }, (_, n) => `key ${n}`);
    const outcomes = await Promise.all(
      keys.map((key, id) => ledger.register(registration(alice, 10, { key, id }))),
    );
    assertEquals(outcomes.map(({ outcome }) => outcome), [
      "registered",
      ...Array(9).fill("name_taken"),
    ]);
    assertEquals((await ledger.totals()).entries, 1);
  });
}

export function presenceContract(test: ContractTest): void {
  test("presence: unknown, offline, online, twice, offline again", async (ledger) => {
    await ledger.register(registration(alice, 0));
    assertEquals(await ledger.presence(alice), undefined);
    assertEquals((await ledger.bringOnline(presenceOf(nobody))).outcome, "account_unknown");
    assertEquals((await ledger.bringOnline(presenceOf(alice))).outcome, "online");
    assertEquals((await ledger.bringOnline(presenceOf(alice, 9))).outcome, "already_online");
    assertEquals(await ledger.presence(alice), presenceOf(alice));
    await ledger.takeOffline(alice);
    await ledger.takeOffline(alice);
    await ledger.takeOffline(nobody);
    assertEquals(await ledger.presence(alice), undefined);
    assertEquals(await ledger.onlineCount(), 0);
    assertEquals((await ledger.bringOnline(presenceOf(alice, 9))).outcome, "online");
    assertEquals((await ledger.presence(alice))?.privatePort, 9);
  });

  test("presence: an account goes offline only at the server where it is online", async (ledger) => {
    await ledger.register(registration(alice, 0));
    await ledger.bringOnline(presenceOf(alice, 9, "here"));
    await ledger.takeOffline(alice, { server: "there" });
    assertEquals(await ledger.presence(alice), presenceOf(alice, 9, "here"));
    await ledger.takeOffline(alice, { server: "here" });
    assertEquals(await ledger.presence(alice), undefined);
  });

  test("presence: a request to leave is handed to its server once, and ends with its answer", async (ledger) => {
    const presence = presenceOf(alice, 9, "here");
    await ledger.register(registration(alice, 0));
    await ledger.askToLeave(alice);
    await ledger.bringOnline(presence);
    assertEquals(await ledger.takeLeaveRequests("here"), []);
    await ledger.askToLeave(alice);
    assertEquals(await ledger.presence(alice), { ...presence, leave: "asked" });
    assertEquals(await ledger.takeLeaveRequests("there"), []);
    assertEquals(await ledger.takeLeaveRequests("here"), [alice]);
    await ledger.askToLeave(alice);
    assertEquals(await ledger.takeLeaveRequests("here"), []);
    assertEquals(await ledger.presence(alice), { ...presence, leave: "considered" });
    await ledger.stayOnline(alice, { server: "there" });
    assertEquals((await ledger.presence(alice))?.leave, "considered");
    await ledger.stayOnline(alice, { server: "here" });
    assertEquals(await ledger.presence(alice), presence);
    await ledger.askToLeave(alice);
    await ledger.takeOffline(alice);
    await ledger.bringOnline(presence);
    assertEquals(await ledger.presence(alice), presence);
  });

  test("presence: the members online, in code-unit order, in pages", async (ledger) => {
    const names = ["a", "a-b", "a.b", "a_b", "ab", "b", "9", "z9"] as AccountName[];
    for (const name of [...names, nobody]) await ledger.register(registration(name, 0));
    await Promise.all(names.map((name) => ledger.bringOnline(presenceOf(name))));
    const sorted = [...names].sort();
    assertEquals(await ledger.onlineCount(), names.length);
    assertEquals((await ledger.online({ limit: 100 })).map(({ name }) => name), sorted);
    assertEquals(await ledger.online({ limit: 0 }), []);
    const pages = [];
    let page = await ledger.online({ limit: 3 });
    while (page.length > 0) {
      pages.push(...page);
      page = await ledger.online({ limit: 3, after: page.at(-1)!.name });
    }
    assertEquals(pages, sorted.map((name) => presenceOf(name)));
  });

  test("presence: of offline and online in one turn, the last one counts", async (ledger) => {
    await ledger.register(registration(alice, 0));
    await Promise.all([
      ledger.bringOnline(presenceOf(alice)),
      ledger.takeOffline(alice),
      ledger.bringOnline(presenceOf(alice, 3)),
    ]);
    assertEquals((await ledger.presence(alice))?.privatePort, 3);
  });
}
