/**
 * The output of a command, for people and for scripts.
 */
import { assert, assertEquals } from "@std/assert";
import { commandTyper } from "../../../src/cli/client/command_typer.ts";
import { type ClientOutput, jsonOutput, textOutput } from "../../../src/cli/client/output.ts";
import { UnknownOutcomeError, UntrustedError } from "../../../src/errors.ts";
import type { Amount } from "../../../src/money.ts";
import { refuse } from "../../../src/protocol/request_type.ts";
import type { SignedReceipt } from "../../../src/protocol/receipt.ts";
import { named } from "../../server/test_server.ts";

const id = "019aaf3e-7c00-7000-8000-000000000001";
const ask = `micropay client 192.0.2.7 8888 --as alice --home '/my homes/a' status ${id}`;
const typed = commandTyper({
  ...{ servers: [{ host: "192.0.2.7", port: 8888 }] },
  ...{ as: named("alice"), home: "/my homes/a" },
});
const [alice, bob] = [named("alice"), named("bob")];
const at = "2026-11-23T08:00:00.000Z";
const payload = { id, entry: 7, payer: alice, payee: bob, amount: 2000 as Amount, at };
const text = "eyJ.eyJ.sig";
const receipt = { text, payload } as SignedReceipt;
const auditedFields = { entries: 9, receipts: 3, head: "ab", checkpoint: "signed", missing: [] };
const lost = {
  kind: "payment" as const,
  ...{ ledger: "aa", entry: 5, id: "019a", order: "bb", payer: alice, payee: bob },
  ...{ amount: 3 as Amount, at: "2026-11-23T12:00:01.000Z", leaf: "cc", head: "dd" },
};
const audited = {
  outcome: "audited" as const,
  ...{ ...auditedFields, at: 1, certificate: "", unproven: [lost] },
};
const earlier = { entry: 10, head: "ee", checkpoint: "before\n", certificate: "" };
const alarm = [
  "Tell the other members, and compare what this prints for each of you: " +
  "micropay client 192.0.2.7 8888 --as alice --home '/my homes/a' audit",
  "If the operator told you why, accept the ledger as it is now: " +
  "micropay client 192.0.2.7 8888 --as alice --home '/my homes/a' audit --accept",
  "Keep your receipts and the evidence: they show what the server signed.",
];
const hostile = "\u001b[2J\u009b31m\u202e";
const harmless = "\\u{1b}[2J\\u{9b}31m\\u{202e}";

const rows: readonly {
  readonly title: string;
  readonly tell: (output: ClientOutput) => void;
  readonly text: readonly string[];
  /** Lines on stderr, for people only. */
  readonly said?: readonly string[];
  readonly json: object;
}[] = [
  {
    title: "registered",
    tell: (output) =>
      output.printRegistration({ account: alice, balance: 10000, existed: false }, "registered"),
    text: ["100 OK"],
    said: ["registered"],
    json: { code: 100, text: "OK", account: "alice", balance: 10000, existed: false },
  },
  {
    title: "listed",
    tell: (output) =>
      output.printList({ balance: 1, online: [{ name: bob, ip: "127.0.0.1", port: 57609 }] }),
    text: ["Account balance: 1", "Number online: 1", "bob#127.0.0.1#57609"],
    json: { code: 300, balance: 1, online: [{ name: "bob", ip: "127.0.0.1", port: 57609 }] },
  },
  {
    title: "a ledger that was rewritten from a known entry on",
    tell: (output) => output.printAudit({ ...audited, sameUntil: 4, rewrittenAt: 5 }),
    text: [
      "9 entries and account changes followed, 3 receipts looked for",
      "head ab",
      "The ledger was rewritten: entry 5 is the first that is changed or gone",
    ],
    json: { code: 400, ...auditedFields, rewrittenAt: 5, sameUntil: 4 },
  },
  {
    title: "a ledger that was rewritten somewhere between two known entries",
    tell: (output) => output.printAudit({ ...audited, sameUntil: 4, rewrittenAt: 7 }),
    text: [
      "9 entries and account changes followed, 3 receipts looked for",
      "head ab",
      "The ledger was rewritten: one of the entries 5 to 7 is the first that is changed or gone",
    ],
    json: { code: 400, ...auditedFields, rewrittenAt: 7, sameUntil: 4 },
  },
  {
    title: "a ledger that was rewritten, with evidence",
    tell: (output) =>
      output.printAudit({ ...audited, sameUntil: 4, rewrittenAt: 5 }, { evidence: "/a b/e.json" }),
    text: [
      "9 entries and account changes followed, 3 receipts looked for",
      "head ab",
      "The ledger was rewritten: entry 5 is the first that is changed or gone",
    ],
    said: [
      "The evidence is in /a b/e.json; anybody checks it with: " +
      "micropay verify --evidence '/a b/e.json' --ca CA.pem",
      ...alarm,
    ],
    json: { code: 400, ...auditedFields, rewrittenAt: 5, sameUntil: 4, evidence: "/a b/e.json" },
  },
  {
    title: "a rewritten ledger that was accepted",
    tell: (output) => {
      output.printGivenUp({ ...audited, sameUntil: 4 }, { earlier });
      output.printAccepted({ ...audited, sameUntil: 4 }, { evidence: "/e.json", earlier });
    },
    text: [
      "The ledger of your last good audit:",
      "before",
      "The ledger as it is now, without what you give up:",
      "signed",
      "Given up: entry 5, alice paid bob 3, id 019a",
      "Given up: what other members saw until now, where it differs",
      "Accepted: audits begin with the ledger as it is now.",
    ],
    said: ["The evidence stays in /e.json"],
    json: {
      ...{ code: 300, accepted: "signed", earlier: "before\n" },
      givenUp: [{ id: "019a", entry: 5, from: "alice", to: "bob", amount: 3 }],
      evidence: "/e.json",
    },
  },
  {
    title: "a ledger that was rewritten, found by the client itself",
    tell: (output) => output.printAlarm({ ...audited, sameUntil: 4, rewrittenAt: 5 }),
    text: [],
    said: [
      "9 entries and account changes followed, 3 receipts looked for",
      "head ab",
      "The ledger was rewritten: entry 5 is the first that is changed or gone",
      ...alarm,
    ],
    json: { code: 400, ...auditedFields, rewrittenAt: 5, sameUntil: 4 },
  },
  {
    title: "a ledger that only grew",
    tell: (output) => output.printAudit({ ...audited, sameUntil: 9 }),
    text: [
      "9 entries and account changes followed, 3 receipts looked for",
      "head ab",
      "All correct: everything you hold is there, and the ledger only grew.",
    ],
    json: { code: 300, ...auditedFields },
  },
  {
    title: "a ledger that only grew, to a member who holds no receipt",
    tell: (output) => output.printAudit({ ...audited, receipts: 0, sameUntil: 0 }),
    text: [
      "9 entries and account changes followed, 0 receipts looked for",
      "head ab",
      "All correct so far: the ledger only grew. You hold no receipts; receive --since 0 fetches those of payments to you.",
    ],
    json: { code: 300, ...auditedFields, receipts: 0 },
  },
  {
    title: "nobody online",
    tell: (output) => output.printList({ balance: 1, online: [] }),
    text: ["Account balance: 1", "Number online: 0"],
    json: { code: 300, balance: 1, online: [] },
  },
  {
    title: "balance",
    tell: (output) => output.printBalance(9007199254740991),
    text: ["9007199254740991"],
    json: { code: 300, balance: 9007199254740991 },
  },
  {
    title: "paid",
    tell: (output) => output.printPaid({ outcome: "paid", receipt }, { balance: 8000 }),
    text: ["transfer OK", `paid 2000 to bob, balance 8000, entry 7, id ${id}`],
    json: { code: 130, text: "transfer OK", id, entry: 7, receipt: text },
  },
  {
    title: "paid, with an unknown balance",
    tell: (output) => output.printPaid({ outcome: "paid", receipt }),
    text: ["transfer OK", `paid 2000 to bob, entry 7, id ${id}`],
    json: { code: 130, text: "transfer OK", id, entry: 7, receipt: text },
  },
  {
    title: "a refund",
    tell: (output) =>
      output.printPaid({
        outcome: "paid",
        receipt: { ...receipt, payload: { ...receipt.payload, refunds: id } },
      }, {
        balance: 8000,
      }),
    text: ["transfer OK", `gave 2000 back to bob, balance 8000, entry 7, id ${id}`],
    json: { code: 130, text: "transfer OK", id, entry: 7, receipt: text },
  },
  {
    title: "the answer to status",
    tell: (output) => output.printStatus({ outcome: "paid", receipt }),
    text: ["transfer OK", `alice paid 2000 to bob on ${at}, entry 7, id ${id}`],
    json: { code: 130, text: "transfer OK", id, entry: 7, receipt: text },
  },
  {
    title: "a received payment with a memo",
    tell: (output) => output.printReceived({ receipt, memo: "lunch \\ dinner" }),
    text: ['[Notification] alice just sent you $2000! ("lunch \\\\ dinner")', `entry 7, id ${id}`],
    json: {
      event: "payment",
      id,
      from: "alice",
      amount: 2000,
      memo: "lunch \\ dinner",
      entry: 7,
      receipt: text,
    },
  },
  {
    title: "a received payment without a memo",
    tell: (output) => output.printReceived({ receipt, memo: undefined }),
    text: ["[Notification] alice just sent you $2000!", `entry 7, id ${id}`],
    json: { event: "payment", id, from: "alice", amount: 2000, entry: 7, receipt: text },
  },
  {
    title: "a refusal that the course project shows with its number",
    tell: (output) => output.printRefusal(refuse(210)),
    text: ["210 FAIL"],
    json: { code: 210, text: "FAIL" },
  },
  {
    title: "a refused payment",
    tell: (output) => output.printRefusal(refuse(270), { advice: "you have 1, not 2" }),
    text: ["transfer FAIL due to bankruptcy"],
    said: ["you have 1, not 2"],
    json: { code: 270, text: "transfer FAIL due to bankruptcy" },
  },
  {
    title: "an unknown status",
    tell: (output) => output.printRefusal(refuse(400), { fields: { id } }),
    text: ["unknown"],
    json: { code: 400, text: "unknown", id },
  },
];

for (const { title, tell, text, said = [], json } of rows) {
  Deno.test(`output: ${title}`, () => {
    assertEquals(printed(textOutput, tell), { out: [...text], error: [...said] });
    const { out, error } = printed(jsonOutput, tell);
    assertEquals([out.map((line) => JSON.parse(line)), error], [[json], []]);
    assertEquals(out, [JSON.stringify(json)]);
  });
}

const errors: readonly {
  title: string;
  tell: (output: ClientOutput) => void;
  text: string;
  json: object;
}[] = [
  {
    title: "an error",
    tell: (output) => output.printFailure(new UntrustedError("trust it: no")),
    text: "micropay: trust it: no",
    json: { error: "untrusted", text: "trust it: no" },
  },
  {
    title: "an unknown outcome, with the id to ask for",
    tell: (output) => output.printFailure(new UnknownOutcomeError("pay bob: ?", { orderId: id })),
    text: `micropay: pay bob: ?. Ask with: ${ask}`,
    json: { error: "unknown_outcome", text: `pay bob: ?. Ask with: ${ask}`, id },
  },
];

for (const { title, tell, text, json } of errors) {
  Deno.test(`output: ${title} goes to stderr`, () => {
    assertEquals(printed(textOutput, tell), { out: [], error: [text] });
    assertEquals(printed(jsonOutput, tell), { out: [], error: [JSON.stringify(json)] });
  });
}

Deno.test("output: being online is a result for scripts, and a note for people", () => {
  const tell = (output: ClientOutput) => output.printOnline(57609, { isAgain: false });
  assertEquals(printed(jsonOutput, tell).out, ['{"event":"online","port":57609}']);
  const { out, error } = printed(textOutput, tell);
  assertEquals(out, []);
  assertEquals(error, ["Online, taking payments on port 57609. Ctrl-C ends."]);
});

Deno.test("output: text from outside reaches a terminal only escaped", () => {
  const tellings: readonly ((output: ClientOutput) => void)[] = [
    (output) => output.printRefusal(refuse(261, hostile)),
    (output) => output.printReceived({ receipt, memo: hostile }),
    (output) => output.printFailure(new UntrustedError(hostile)),
    (output) => output.printList({ balance: 1, online: [{ name: bob, ip: hostile, port: 1 }] }),
    (output) =>
      output.printHistoryRow(
        {
          ...{ entry: 1, id, at: "2026-11-23T08:00:00.000Z", payer: "alice", payee: "bob" },
          ...{ amount: 1 as Amount, memo: hostile, balance: 0 },
        } as Parameters<ClientOutput["printHistoryRow"]>[0],
      ),
  ];
  for (const tell of tellings) {
    const { out, error } = printed(textOutput, tell);
    const all = [...out, ...error].join("\n");
    assert(all.includes(harmless), all);
    for (const make of [textOutput, jsonOutput]) {
      const seen = Object.values(printed(make, tell)).flat().join("");
      assert(!/[\p{Cc}\p{Cf}]/u.test(seen), seen);
    }
  }
});

Deno.test("output: escaped JSON parses to the same value", () => {
  const memo = `${hostile}\u{e0041}\ud800\u2028\u{1f355}`;
  const { out } = printed(
    jsonOutput,
    (output) => output.printReceived({ receipt, memo }),
  );
  assertEquals(JSON.parse(out[0]!).memo, memo);
  assertEquals(out[0]!.includes("\u{1f355}"), true);
});

Deno.test("output: the history shows the entry and the id before the memo", () => {
  const row = {
    entry: 7,
    id,
    at,
    payer: "alice",
    payee: "bob",
    amount: 5,
    balance: 9,
    refunds: id,
  };
  const { out } = printed(textOutput, (output) =>
    output.printHistoryRow(
      { ...row, memo: "id 1" } as unknown as Parameters<ClientOutput["printHistoryRow"]>[0],
    ));
  assertEquals(out, [`7  ${at}  alice → bob  5  balance 9  id ${id}  refund of ${id}  "id 1"`]);
});

type Make = typeof textOutput;

function printed(make: Make, tell: (output: ClientOutput) => void) {
  const [out, error]: [string[], string[]] = [[], []];
  const printers = {
    print: (line: string) => out.push(line),
    printError: (line: string) => error.push(line),
  };
  tell(make({ ...printers, typed }));
  return { out, error };
}
