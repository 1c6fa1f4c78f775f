/**
 * Refusals of wrong words.
 */
import { assertEquals, assertMatch } from "@std/assert";
import { memoRule } from "../../../src/memo.ts";
import { refusedWith } from "./fixture.ts";

const amountRule = "an amount is a whole number from 1 to 9007199254740991";
const nameRule = "a name is 1 to 32 of a-z 0-9 . _ - and starts with a letter or a digit";
const portRule = "a port is a whole number from 0 to 65535";

const refused: readonly { readonly line: string; readonly reason: string }[] = [
  ...["0", "-1", "1e3", "9007199254740992", "abc", "-1.5", "-.5", "+1", "01"].map((amount) => ({
    line: `client 127.0.0.1 8888 pay bob ${amount}`,
    reason: `AMOUNT "${amount}": ${amountRule}.`,
  })),
  ...["1.5", "1.50", "0,99", ".5"].map((amount) => ({
    line: `client 127.0.0.1 8888 pay bob ${amount}`,
    reason: `AMOUNT "${amount}": ${amountRule}; there are no cents, so agree on a small unit.`,
  })),
  { line: "client 127.0.0.1 8888 pay bob -- -1", reason: `AMOUNT "-1": ${amountRule}.` },
  {
    line: "",
    reason: "A command is missing: server, client, ledger, verify, witness, gencert or completion.",
  },
  { line: "server", reason: "SERVER_PORT is missing." },
  { line: "client 127.0.0.1", reason: "SERVER_PORT is missing." },
  { line: "client 127.0.0.1 8888 register", reason: "NAME is missing." },
  { line: "client 127.0.0.1 8888 pay", reason: "TO is missing." },
  { line: "client 127.0.0.1 8888 pay bob", reason: "AMOUNT is missing." },
  { line: "client 127.0.0.1 8888 status", reason: "ENTRY|ID is missing." },
  { line: "serve 8888", reason: '"serve" is not expected here. Did you mean "server"?' },
  { line: "complete", reason: '"complete" is not expected here. Did you mean "completion"?' },
  {
    line: "client 127.0.0.1 8888 pya bob 5",
    reason: '"pya" is not expected here. Did you mean "pay"?',
  },
  {
    line: "client 127.0.0.1 8888 receiv",
    reason: '"receiv" is not expected here. Did you mean "receive"?',
  },
  {
    line: "server 8888 --silnt",
    reason: '"--silnt" is not expected here. Did you mean "--silent"?',
  },
  { line: "client 127.0.0.1 8888 -s", reason: '"-s" is not expected here.' },
  {
    line: "client 127.0.0.1 8888 --memo x list",
    reason: '"--memo" is not expected here. It is an option of pay, request and refund.',
  },
  {
    line: "client 127.0.0.1 8888 pay bob 5 --count 2",
    reason: '"--count" is not expected here. It is an option of receive.',
  },
  {
    line: "client 127.0.0.1 8888 pay bob --amount 5",
    reason: '"--amount" is not expected here. Give AMOUNT as a word of its own.',
  },
  {
    line: "client 127.0.0.1 8888 list --verbos",
    reason: '"--verbos" is not expected here. Did you mean "--verbose"?',
  },
  { line: "server 8888 --ca x", reason: '"--ca" is not expected here.' },
  {
    line: "pay bob 5",
    reason: '"pay" is not expected here. Did you mean "client pay"?',
  },
  {
    line: "audit",
    reason: '"audit" is not expected here. Did you mean "client audit" or "ledger audit"?',
  },
  {
    line: "client 127.0.0.1 8888 deposit bob 5",
    reason: '"deposit" is not expected here. Did you mean "ledger deposit"?',
  },
  {
    line: "client 127.0.0.1 pay bob 5",
    reason:
      `SERVER_PORT is missing. The server's address and port come before the command: "client HOST PORT pay".`,
  },
  {
    line: "client join pi4:8888",
    reason: 'URI "pi4:8888": a join line is micropay://HOST:PORT/?ca=FINGERPRINT.',
  },
  {
    line: `client 127.0.0.1 8888 join micropay://pi4:8888/?ca=${"ab".repeat(32)}`,
    reason: '"8888" is not expected here. join needs no server: leave its address and port out.',
  },
  { line: "client ledgers rename old", reason: "NEW is missing." },
  {
    line: "client ledgers forget -- -x",
    reason:
      `NAME "-x": a ledger's name is 1 to 64 of a-z A-Z 0-9 . _ : - and does not start with -.`,
  },
  { line: "client 127.0.0.1 8888 pay bob 5 6", reason: '"6" is not expected here.' },
  { line: "client 127.0.0.1 8888 pay bob 5 -6", reason: '"-6" is not expected here.' },
  { line: "server 65536", reason: `SERVER_PORT "65536": ${portRule}.` },
  { line: "server -1", reason: `SERVER_PORT "-1": ${portRule}.` },
  { line: "server http", reason: `SERVER_PORT "http": ${portRule}.` },
  { line: "server 080", reason: `SERVER_PORT "080": ${portRule}.` },
  {
    line: "client 127.0.0.1 0",
    reason: 'SERVER_PORT "0": a port is a whole number from 1 to 65535.',
  },
  { line: "client 127.0.0.1 8888 --port 65536", reason: `--port "65536": ${portRule}.` },
  {
    line: "client 127.0.0.1:8888 8888",
    reason:
      'SERVER_IP "127.0.0.1:8888": a host is a DNS name or an IP address, without a port; give the port as a word of its own.',
  },
  {
    line: "client 127.0.0 8888",
    reason: 'SERVER_IP "127.0.0": a host is a DNS name or an IP address, without a port.',
  },
  {
    line: "server 8888 0",
    reason: 'CONCURRENT_USER_LIMIT "0": a user limit is a whole number from 1 to 100000.',
  },
  {
    line: "server 8888 100001",
    reason: 'CONCURRENT_USER_LIMIT "100001": a user limit is a whole number from 1 to 100000.',
  },
  {
    line: "server 8888 --initial-balance -1",
    reason: '--initial-balance "-1": a balance is a whole number from 0 to 9007199254740991.',
  },
  {
    line: "server 8888 --initial-balance 9007199254740992",
    reason:
      '--initial-balance "9007199254740992": a balance is a whole number from 0 to 9007199254740991.',
  },
  {
    line: "server 8888 --rsa-bits 1024",
    reason: '--rsa-bits "1024": the bits of a session key are 2048, 3072 or 4096.',
  },
  {
    line: "server 8888 --witness carol",
    reason: '--witness "carol": a verifier key is NAME+ID+KEY, as micropay witness prints it.',
  },
  ...["0s", "25h", "1", "1.5m"].map((every) => ({
    line: `witness 127.0.0.1 8888 --every ${every}`,
    reason: `--every "${every}": a period is a whole number with s, m or h, from 1s to 24h.`,
  })),
  {
    line: "client 127.0.0.1 8888 witnesses forget",
    reason: 'ACTION "forget": an action is add, list or remove.',
  },
  {
    line: "client a, 8888",
    reason: 'SERVER_IP "a,": ' +
      "several servers are up to 8 different ones, HOST or HOST:PORT, separated by commas.",
  },
  {
    line: "client a,a 8888",
    reason: 'SERVER_IP "a,a": ' +
      "several servers are up to 8 different ones, HOST or HOST:PORT, separated by commas.",
  },
  {
    line: "client a,b:0 8888",
    reason: 'SERVER_IP "a,b:0": ' +
      "several servers are up to 8 different ones, HOST or HOST:PORT, separated by commas.",
  },
  {
    line: "client a,b:65536 8888",
    reason: 'SERVER_IP "a,b:65536": ' +
      "several servers are up to 8 different ones, HOST or HOST:PORT, separated by commas.",
  },
  {
    line: "client a,b,c,d,e,f,g,h,i 8888",
    reason: 'SERVER_IP "a,b,c,d,e,f,g,h,i": ' +
      "several servers are up to 8 different ones, HOST or HOST:PORT, separated by commas.",
  },
  ...["a_b", "::1%eth0", "fe80::1%eth0", ""].map((text) => ({
    line: `server 8888 --join-host=${text}`,
    reason: `--join-host "${text}": a server is HOST or HOST:PORT.`,
  })),
  {
    line: "ledger join-line --port 8888 --host a:1,a:1",
    reason: '--host "a:1,a:1": ' +
      "several servers are up to 8 different ones, HOST or HOST:PORT, separated by commas.",
  },
  {
    line: "server 8888 --proxy-from 10.1.2.3/8",
    reason: '--proxy-from "10.1.2.3/8": a proxy is an IP address, or a network such as ' +
      "10.0.0.0/8, with no bits after its prefix; several are separated by commas.",
  },
  {
    line: "server 8888 --rekey-hours 0",
    reason: '--rekey-hours "0": a number of hours is a whole number from 1 to 576.',
  },
  {
    line: "server 8888 --rekey-hours 577",
    reason: '--rekey-hours "577": a number of hours is a whole number from 1 to 576.',
  },
  {
    line: "server 8888 --log-format xml",
    reason: '--log-format "xml": the format of the log is text or json.',
  },
  {
    line: "gencert --days 0",
    reason: '--days "0": a number of days is a whole number from 1 to 3650.',
  },
  {
    line: "gencert --days 3651",
    reason: '--days "3651": a number of days is a whole number from 1 to 3650.',
  },
  {
    line: "gencert --host a,b",
    reason: '--host "a,b": a host is a DNS name or an IP address, without a port.',
  },
  {
    line: "client 127.0.0.1 8888 --timeout 0",
    reason: '--timeout "0": a timeout is a number of seconds from 0.001 to 3600.',
  },
  {
    line: "client 127.0.0.1 8888 --timeout 3600.1",
    reason: '--timeout "3600.1": a timeout is a number of seconds from 0.001 to 3600.',
  },
  {
    line: "client 127.0.0.1 8888 --timeout 1e1",
    reason: '--timeout "1e1": a timeout is a number of seconds from 0.001 to 3600.',
  },
  { line: "client 127.0.0.1 8888 register _alice", reason: `NAME "_alice": ${nameRule}.` },
  { line: "client 127.0.0.1 8888 pay @issuer 5", reason: `TO "@issuer": ${nameRule}.` },
  { line: "client 127.0.0.1 8888 list --as a/b", reason: `--as "a/b": ${nameRule}.` },
  {
    line: "client 127.0.0.1 8888 status x",
    reason:
      "ENTRY|ID \"x\": a payment is an entry's number, from 1, or an order's id, a UUID of version 7 or 8.",
  },
  {
    line: "client 127.0.0.1 8888 --fingerprint 0123",
    reason:
      '--fingerprint "0123": a fingerprint is 64 hexadecimal digits, with or without colons between the bytes.',
  },
  {
    line: "client 127.0.0.1 8888 --advertise [::1",
    reason:
      '--advertise "[::1": an address is HOST, HOST:PORT, [IPV6] or [IPV6]:PORT, with a port from 1 to 65535.',
  },
  {
    line: "client 127.0.0.1 8888 --advertise a:65536",
    reason:
      '--advertise "a:65536": an address is HOST, HOST:PORT, [IPV6] or [IPV6]:PORT, with a port from 1 to 65535.',
  },
  {
    line: "client 127.0.0.1 8888 --advertise [a]:80",
    reason:
      '--advertise "[a]:80": an address is HOST, HOST:PORT, [IPV6] or [IPV6]:PORT, with a port from 1 to 65535.',
  },
  {
    line: "client 127.0.0.1 8888 --advertise a:",
    reason:
      '--advertise "a:": an address is HOST, HOST:PORT, [IPV6] or [IPV6]:PORT, with a port from 1 to 65535.',
  },
  {
    line: "client 127.0.0.1 8888 --advertise a:0",
    reason:
      '--advertise "a:0": an address is HOST, HOST:PORT, [IPV6] or [IPV6]:PORT, with a port from 1 to 65535.',
  },
  {
    line: "client 127.0.0.1 8888 history --limit 1001",
    reason: '--limit "1001": a limit is a whole number from 1 to 1000.',
  },
  {
    line: "client 127.0.0.1 8888 receive --count 0",
    reason: '--count "0": a count is a whole number from 1 to 9007199254740991.',
  },
];

for (const { line, reason } of refused) {
  Deno.test(`refused: micropay ${line}`, () => assertEquals(refusedWith(line).reason, reason));
}

Deno.test("a refusal of a value names its option, and escapes it", () => {
  const words = ["client", "127.0.0.1", "8888", "pay", "bob", "5", "--memo", "a\u001b[2J"];
  assertEquals(refusedWith(words).reason, `--memo "a\\u{1b}[2J": ${memoRule}.`);
});

Deno.test("whatever a person types, the refusal cannot move the cursor", () => {
  const hostile = "\u001b[2J\u202e\n\u009b";
  const lines = [
    [hostile],
    ["server", hostile],
    ["server", "1", `--${hostile}`],
    ["server", "1", `--silent=${hostile}`],
    ["server", "1", `--db=${hostile}`, hostile],
    ["client", "127.0.0.1", "8888", hostile],
    ["completion", hostile],
  ];
  for (const line of lines) {
    assertMatch(
      refusedWith(line).text,
      /^micropay: [^\p{Cc}\p{Cf}]+\nTry "[^\p{Cc}\p{Cf}]+"\.\n$/u,
    );
  }
});

Deno.test("an option is given once, and with its value", () => {
  const reason = (line: string) => refusedWith(line).reason;
  assertEquals(reason("server 8888 --db a --db b"), "--db may be given once only.");
  assertEquals(reason("server 8888 --db server.db --db b"), "--db may be given once only.");
  assertEquals(reason("server 8888 --db"), "--db needs a value: --db FILE.");
  assertEquals(reason("server 8888 -s --silent"), "--silent may be given once only.");
  assertEquals(
    reason("server 8888 --silent=yes"),
    '"--silent=yes" is not expected here. --silent takes no value.',
  );
  assertEquals(reason("gencert --days 5 renew --days 6"), "--days may be given once only.");
});

Deno.test("one command at a time", () => {
  assertMatch(refusedWith("client 127.0.0.1 8888 list balance").reason, /list.*balance/);
});

Deno.test("every refusal says how to get help on its command", () => {
  const help = (line: string) => refusedWith(line).text.trimEnd().split("\n").at(-1);
  assertEquals(help(""), 'Try "micropay --help".');
  assertEquals(help("sever"), 'Try "micropay --help".');
  assertEquals(help("server"), 'Try "micropay server --help".');
  assertEquals(help("client 127.0.0.1 8888 pay bob 0"), 'Try "micropay client pay --help".');
  assertEquals(help("client 127.0.0.1 8888 --cont 1"), 'Try "micropay client --help".');
  assertEquals(help("ledger deposit bob"), 'Try "micropay ledger deposit --help".');
  assertEquals(help("gencert x"), 'Try "micropay gencert --help".');
});

Deno.test("a refusal says whether the words asked for JSON", () => {
  assertEquals(refusedWith("client 127.0.0.1 8888 pay bob 0 --json").json, true);
  assertEquals(refusedWith("client pi4 --json").json, true);
  assertEquals(refusedWith("client 127.0.0.1 8888 pay bob 0").json, false);
  assertEquals(refusedWith("client pi4", { MICROPAY_JSON: "yes" }).json, true);
  assertEquals(refusedWith("client pi4", { MICROPAY_JSON: "no" }).json, false);
  assertEquals(refusedWith("server", { MICROPAY_JSON: "1" }).json, false);
});
