/**
 * The table of codes. Numbers, names and texts are fixed, because scripts and other programs rely
 * on them.
 */
import { assert, assertEquals } from "@std/assert";
import { type Code, codes, isCode } from "../../src/protocol/code.ts";

const table: Record<Code, readonly [name: string, text: string, tryAgain: boolean]> = {
  100: ["REGISTER_OK", "OK", false],
  110: ["LOGIN_SUCCESS", "OK", false],
  120: ["LOGOUT_SUCCESS", "Bye", false],
  130: ["TRANSFER_OK", "transfer OK", false],
  210: ["REGISTER_FAIL", "FAIL", false],
  211: [
    "REGISTER_TOO_MANY",
    "FAIL: too many accounts were registered from this address; try again in a minute",
    true,
  ],
  212: [
    "REGISTER_LEDGER_FULL",
    "FAIL: this ledger has all the accounts that it may have; ask the operator",
    false,
  ],
  213: [
    "INVITATION_NEEDED",
    "FAIL: this ledger admits only invited members; ask the operator for a join line",
    false,
  ],
  214: [
    "INVITATION_UNKNOWN",
    "FAIL: there is no such invitation; ask the operator for another",
    false,
  ],
  215: [
    "INVITATION_USED",
    "FAIL: the invitation was used already; ask the operator for another",
    false,
  ],
  216: [
    "INVITATION_EXPIRED",
    "FAIL: the invitation has expired; ask the operator for another",
    false,
  ],
  217: [
    "INVITATION_REVOKED",
    "FAIL: the invitation was revoked; ask the operator for another",
    false,
  ],
  218: ["INVITATION_OTHER_NAME", "FAIL: the invitation is for another name", false],
  219: [
    "REGISTER_ELSEWHERE",
    "FAIL: this server registers no members; register at another server of this ledger",
    false,
  ],
  220: ["AUTH_FAIL", "AUTH_FAIL", false],
  230: ["DUPLICATE_LOGIN", "DUPLICATE_LOGIN", true],
  240: ["NOT_LOGGED_IN", "Please login first", false],
  250: ["LOGOUT_FAIL", "LOGOUT_FAIL", false],
  260: ["TRANSFER_FAIL", "transfer FAIL", false],
  261: ["TRANSFER_ORDER_INVALID", "transfer FAIL: the order is not valid", false],
  262: ["TRANSFER_PAYEE_UNKNOWN", "transfer FAIL: there is no such account", false],
  263: ["TRANSFER_PAYEE_OFFLINE", "transfer FAIL: the payee is not online", true],
  264: ["TRANSFER_PAYEE_UNREACHABLE", "transfer FAIL: the payee does not answer", true],
  265: ["TRANSFER_ORDER_EXPIRED", "transfer FAIL: the order has expired", false],
  266: ["TRANSFER_ID_CONFLICT", "transfer FAIL: this id was used for another payment", false],
  267: ["TRANSFER_ACCOUNT_CLOSED", "transfer FAIL: the account is closed", false],
  268: ["REFUND_PAYMENT_UNKNOWN", "transfer FAIL: there is no such payment to refund", false],
  269: ["REFUND_EXCEEDS_PAYMENT", "transfer FAIL: more than is left of the payment", false],
  270: ["TRANSFER_SENDER_BANKRUPT", "transfer FAIL due to bankruptcy", false],
  271: [
    "TRANSFER_PAYMENT_LIMIT",
    "transfer FAIL: more than this wallet's limit for one payment",
    false,
  ],
  272: [
    "TRANSFER_DAY_LIMIT",
    "transfer FAIL: more than is left of this wallet's limit for 24 hours",
    true,
  ],
  273: [
    "REQUEST_INVALID",
    "transfer FAIL: the payment request is not valid for this payment",
    false,
  ],
  274: ["REQUEST_EXPIRED", "transfer FAIL: the payment request has expired", false],
  275: ["REQUEST_PAID", "transfer FAIL: this payment request was paid already", false],
  280: ["TRANSFER_SELF_FAIL", "transfer FAIL: payer and payee are the same", false],
  300: ["QUERY_OK", "OK", false],
  400: ["QUERY_ERROR", "unknown", false],
  410: ["BAD_REQUEST", "the request is not valid", false],
  420: [
    "TOO_MANY_REQUESTS",
    "too many requests from this address; try again in a minute",
    true,
  ],
  421: ["RELAY_BUSY", "the relay is busy; try again in a moment", true],
  430: ["WITNESS_UNKNOWN", "the operator has not named this witness", false],
  431: ["CHECKPOINT_NOT_PUBLISHED", "this checkpoint is not published, or not any more", false],
  500: ["SERVER_ERROR", "the server failed; ask for the status before paying again", true],
  510: [
    "LEDGER_UNAVAILABLE",
    "the ledger cannot be used right now; this request changed nothing",
    true,
  ],
  520: [
    "NOT_DECIDED",
    "not decided: too many orders of this payer were refused; ask again later",
    true,
  ],
};

Deno.test("the table has exactly these codes with their names, texts and advice to try again", () => {
  const found = Object.entries(codes).map(([code, { name, text, tryAgain }]) => {
    return [code, [name, text, tryAgain]];
  });
  assertEquals(Object.fromEntries(found), table);
});

Deno.test("docs/protocol.md has every code with its name", async () => {
  const text = await Deno.readTextFile(new URL("../../docs/protocol.md", import.meta.url));
  const lines = text.replace(/ {2,}/g, " ").split("\n");
  const rows = lines.filter((line) => /^\| \d{3} \|/.test(line));
  for (const [code, [name, , tryAgain]] of Object.entries(table)) {
    const row = rows.find((line) => line.startsWith(`| ${code} | ${name} |`));
    assert(row, `${code} ${name}`);
    assert(row.endsWith(tryAgain ? "| yes |" : "| no |"), row);
  }
  assertEquals(rows.length, Object.keys(table).length);
});

for (const value of [100, 130, 400, 510, 520]) {
  Deno.test(`${value} is a code`, () => assert(isCode(value)));
}

for (
  const value of [0, 131, -100, 100.5, NaN, "100", "toString", "__proto__", null, undefined, {}]
) {
  Deno.test(`${JSON.stringify(value) ?? value} (${typeof value}) is not a code`, () =>
    assert(!isCode(value)));
}
