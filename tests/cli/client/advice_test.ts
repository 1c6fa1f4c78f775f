/**
 * The advice after a refusal names the wrong value and the next step, on the command line and in
 * the menu.
 */
import { assert, assertEquals } from "@std/assert";
import {
  adviceOn,
  type Attempt,
  commandSteps,
  registeredText,
} from "../../../src/cli/client/advice.ts";
import { menuSteps } from "../../../src/cli/client/menu/menu.ts";
import { type Code, codes } from "../../../src/protocol/code.ts";
import { refuse } from "../../../src/protocol/request_type.ts";
import { named } from "../../server/test_server.ts";

const name = named("alice");
const id = "019aaf3e-7c00-7000-8000-000000000001";
const pay = { kind: "pay", name, payee: named("bob"), amount: 99999 } as const;
const refund = { kind: "refund", name, payment: { entry: 7 } } as const;
const register = { kind: "register", account: name, hasCode: false } as const;

const rows: readonly {
  readonly code: Code;
  readonly attempt: Attempt;
  readonly says: string;
  /** The advice in the menu, where it differs. */
  readonly inMenu?: string;
}[] = [
  {
    code: 210,
    attempt: register,
    says:
      "the name alice is taken: if it is yours, ask the operator for a code and register with --code; if not, choose another name",
    inMenu:
      "the name alice is taken: if it is yours, ask the operator for a code and choose 9 REGISTER WITH A CODE; if not, choose another name",
  },
  {
    code: 210,
    attempt: { ...register, hasCode: true },
    says: "the code is not the one for alice, or was used already; ask the operator for a new one",
  },
  {
    code: 230,
    attempt: { kind: "log_in", name },
    says:
      "alice is online from another terminal or machine, or has too many connections; end one there first",
  },
  {
    code: 262,
    attempt: pay,
    says: "there is no account bob; list shows who is online",
    inMenu: "there is no account bob; 3 LIST shows who is online",
  },
  {
    code: 263,
    attempt: pay,
    says: "bob is not online; --via-server delivers it anyway",
    inMenu: "bob is not online; choose y, and the server delivers it anyway",
  },
  {
    code: 266,
    attempt: { ...pay, id },
    says:
      `${id} belongs to another payment, which status ${id} shows; leave --id out for a new one`,
  },
  {
    code: 268,
    attempt: refund,
    says: "entry 7 is no payment to alice; history shows what came",
    inMenu: "entry 7 is no payment to alice; 6 HISTORY shows what came",
  },
  {
    code: 269,
    attempt: { ...refund, amount: 300 },
    says: "300 is more than is left of entry 7; without an amount all that is left is given back",
  },
  {
    code: 269,
    attempt: refund,
    says: "nothing is left of entry 7: all of it was given back already",
  },
  { code: 270, attempt: { ...pay, balance: 9745 }, says: "you have 9745, not 99999" },
  {
    code: 270,
    attempt: { ...refund, balance: 5 },
    says: "you have 5, less than is left of the payment; give a smaller amount",
  },
  { code: 280, attempt: { ...pay, payee: name }, says: "you are alice; choose another payee" },
  {
    code: 400,
    attempt: { kind: "status", name, payment: { entry: 7 } },
    says: "entry 7 does not belong to alice; history shows which are",
    inMenu: "entry 7 does not belong to alice; 6 HISTORY shows which are",
  },
];

for (const { code, attempt, says, inMenu = says } of rows) {
  Deno.test(`advice: ${code} ${codes[code].name} to ${JSON.stringify(attempt)}`, () => {
    assertEquals(adviceOn(refuse(code), attempt, commandSteps), says);
    assertEquals(adviceOn(refuse(code), attempt, menuSteps), inMenu);
  });
}

Deno.test("advice: a limit is named with its value, and how it is raised", () => {
  const once = { ...refuse(271), exceeded: { exceeded: "perPayment", limit: 5, left: 5 } } as const;
  const day = { ...refuse(272), exceeded: { exceeded: "perDay", limit: 9, left: 2 } } as const;
  assertEquals(
    [adviceOn(once, pay, commandSteps), adviceOn(day, refund, menuSteps)],
    [
      "this wallet pays 5 at the most at once, and nothing was sent; pay less, or raise the limit " +
      "with limit --per-payment N",
      "this wallet pays 9 at the most in 24 hours, of which 2 are left, and nothing was sent; " +
      "pay less, wait, or raise the limit in another terminal with limit --per-day N",
    ],
  );
});

Deno.test("advice: a payment that its payee refused is not said to be refused by the server", () => {
  const refusal = { ...refuse(261), by: "payee" } as const;
  for (const steps of [commandSteps, menuSteps]) {
    assertEquals(
      adviceOn(refusal, pay, steps),
      "bob's client does not accept the order, and it is never booked; if it happens again, tell bob",
    );
  }
});

Deno.test("advice: every refusal of a payment says more than its code", () => {
  for (const code of [220, 230, 260, 261, 262, 263, 264, 265, 267, 280, 510] as const) {
    assert(adviceOn(refuse(code), pay, commandSteps), String(code));
  }
});

Deno.test("advice: a reason of the server gets no advice of ours", () => {
  const refusal = refuse(210, "the ledger has no more money to open accounts with");
  assertEquals(adviceOn(refusal, register, commandSteps), undefined);
});

Deno.test("advice: an unknown balance, or one that has grown since, is left out", () => {
  assertEquals(adviceOn(refuse(270), pay, commandSteps), undefined);
  assertEquals(adviceOn(refuse(270), { ...pay, balance: 100_000 }, commandSteps), undefined);
});

const registered = { account: name, balance: 9700, existed: false };
const registrations = [
  {
    title: "a new account",
    registered,
    typed: "alice",
    hasCode: false,
    says: "registered as alice, balance 9700. Next: 2 LOGIN",
  },
  {
    title: "a name typed in capitals",
    registered,
    typed: "Alice",
    hasCode: false,
    says:
      "registered as alice (Alice became alice: names are lower case), balance 9700. Next: 2 LOGIN",
  },
  {
    title: "an account that existed",
    registered: { ...registered, existed: true },
    typed: "alice",
    hasCode: false,
    says: "alice was registered before, with the key that is here, balance 9700. Next: 2 LOGIN",
  },
  {
    title: "an account with a new key",
    registered: { ...registered, existed: true },
    typed: "alice",
    hasCode: true,
    says: "registered anew as alice, with a new key, balance 9700. Next: 2 LOGIN",
  },
];

for (const { title, registered, says, ...about } of registrations) {
  Deno.test(`advice: the text about ${title} names it and the balance`, () => {
    assertEquals(registeredText(registered, { ...about, next: "2 LOGIN" }), says);
  });
}
