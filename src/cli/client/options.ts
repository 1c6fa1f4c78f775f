/**
 * `micropay client`: its commands and options.
 */
import type { Command, OptionValues } from "@commander-js/extra-typings";
import { memoCharactersMax } from "../../memo.ts";
import { amountMax } from "../../money.ts";
import { examples, exampleUri } from "../command_line/help_page.ts";
import {
  advertisedAddress,
  amount,
  connectingPort,
  day,
  entryNumber,
  entryOrStart,
  exportFormat,
  fingerprint,
  historyLimit,
  joinedLedgerName,
  joinLine,
  listeningPort,
  memo,
  oneTimeCode,
  orderId,
  ownAccount,
  type Paths,
  payeeOrRequest,
  paymentCount,
  paymentLimit,
  paymentReference,
  peerAccount,
  requestLifetime,
  rsaBits,
  serverAddresses,
  timeoutSeconds,
  typedAccountName,
} from "../command_line/option_values.ts";
import { flag, oneOf, optional, Refusal } from "../command_line/value_rule.ts";
import { iconSets } from "./icon_sets.ts";
import { firstOf, type NoOptions, requestOf } from "../command_line/request_of.ts";

export const historyEntriesDefault = 20;

const hourMs = 3_600_000;

export function clientCommand(program: Command, paths: Paths) {
  const client = withServer(program.command("client"))
    .usage("[COMMAND]")
    .summary("A person's wallet.")
    .description(
      "A person's wallet. A command does one thing, prints the result and exits. Without a command, it fills the terminal, and elsewhere the menu appears. Without a server, it uses the ledger that was joined last.",
    )
    .addHelpText(
      ...examples(
        `micropay client join '${exampleUri}' --as alice`,
        "micropay client",
        "micropay client pay bob 5 --memo lunch --json",
        "micropay client --ledger class balance",
        "micropay client 127.0.0.1 8888 list --as alice",
        "micropay client one.example.org,two.example.org:8889 8888 receive",
        "micropay client pay --help",
      ),
    );
  const add = (name: string, description: string, ...lines: readonly string[]) =>
    withServer(client.command(name)).description(description)
      .optionsGroup("Options of this command:")
      .addHelpText(
        ...examples(
          ...(lines.length > 0 ? lines : [""]).map((words) =>
            `micropay client ${name} ${words}`.trimEnd()
          ),
        ),
      )
      .addHelpText("after", "\nThe options of the client may follow the command.");
  const all = <W extends unknown[], O extends OptionValues>(command: Command<W, O>) =>
    withClientOptions(command, paths);

  const join = client.command("join")
    .description(
      "Join a ledger with the line that its server prints: pin it, open an account, and use it from then on.",
    )
    .optionsGroup("Options of this command:")
    .addHelpText(
      ...examples(
        `micropay client join '${exampleUri}' --as alice`,
        "micropay client join - --as alice < join_line.txt",
      ),
    )
    .argument(
      "<URI>",
      "The join line: micropay://HOST:PORT/?ca=FINGERPRINT. - reads it from the standard input.",
      joinLine,
    );
  const register = add("register", "Open an account.", "alice");
  const list = add("list", "Your balance, and who is online.");
  const balance = add("balance", "Your balance.");
  const pay = add(
    "pay",
    "Pay somebody, directly or through the server.",
    "bob 5 --memo lunch",
    "'micropay://127.0.0.1:8888/pay?ca=…&request=…' --yes",
    "--batch payments.csv --via-server --dry-run",
  );
  const paymentRequest = add(
    "request",
    "Ask for a payment: print a line, and on a terminal a QR code, for the payer.",
    "5 --memo lunch --expires 2h",
  );
  const paymentRequests = add("requests", "The payments that you asked for: open, paid, expired.");
  const receive = add("receive", "Stay online and print each payment that arrives.", "--count 1");
  const refund = add("refund", "Give back a payment, or a part of it.", "7 5");
  const status = withReference(
    add("status", "What became of an order.", "019aaf3e-7c00-7000-8000-000000000001"),
    "The payment: the id that pay printed, or its number.",
  );
  const history = add(
    "history",
    "Your payments, newest first; with --format, your books from the first entry on.",
    "--format hledger --from 2026-01-01",
  );
  const audit = add("audit", "Check that the ledger still has what you hold receipts for.")
    .option(
      "--accept",
      "Take a ledger that was rewritten as it is now, and give up the receipts that it lacks.",
      false,
    )
    .option("--yes", "Do what --accept asks about.", false);
  const witnesses = add(
    "witnesses",
    "The witnesses whose cosignatures audit counts.",
    "add carol.example+7c91d5a2+BKb0…",
  );
  const receipt = withReference(
    add("receipt", "Print a receipt that is kept here, for micropay verify.", "7"),
  ).option(
    "--proof",
    "Ask the server to prove that the entry is still in the ledger, and print the proof too.",
    false,
  );
  const limit = add(
    "limit",
    "Show and set limits on what this wallet pays, against a script gone wrong.",
    "--per-payment 100 --per-day 1000",
  );
  const receipts = add(
    "receipts",
    "Write all receipts that are kept here into files, for micropay verify.",
    "--out receipts",
  );
  return firstOf(
    requestOf(all(withScreen(client)), (...words) => request(words, { name: "menu" })),
    requestOf(
      all(join),
      (uri, options) => request([undefined, undefined, options], { name: "join", uri }),
    ),
    requestOf(
      all(withCode(register, paths)),
      (host, port, name, options) => request([host, port, options], { name: "register", ...name }),
    ),
    requestOf(all(list), (...words) => request(words, { name: "list" })),
    requestOf(all(balance), (...words) => request(words, { name: "balance" })),
    requestOf(
      all(withPayment(pay, paths)),
      (host, port, payee, amount, { batch, dryRun, yes, ...options }) => {
        if (batch !== undefined) {
          const { memo, id, ...others } = options;
          if (payee !== undefined || memo !== undefined || id !== undefined) {
            throw new Refusal(
              "With --batch, the file has the payments: leave TO, --memo and --id out.",
            );
          }
          return request([host, port, others], { name: "pay_batch", batch, dryRun, yes });
        }
        if (payee === undefined) throw new Refusal("TO is missing.");
        if (payee.kind === "pay") {
          const { memo, id, ...others } = options;
          if (amount !== undefined || memo !== undefined || id !== undefined || dryRun) {
            throw new Refusal(
              "A request says what to pay: leave AMOUNT, --memo, --id and --dry-run out.",
            );
          }
          return request([host, port, others], { name: "pay_request", uri: payee, yes });
        }
        if (amount === undefined) throw new Refusal("AMOUNT is missing.");
        if (dryRun) throw new Refusal("--dry-run needs --batch FILE.");
        return request([host, port, options], { name: "pay", payee: payee.account, amount });
      },
    ),
    requestOf(
      all(withWish(paymentRequest)),
      (host, port, amount, { from, ...options }) =>
        request([host, port, options], { name: "request", amount, payer: from }),
    ),
    requestOf(all(paymentRequests), (...words) => request(words, { name: "requests" })),
    requestOf(all(withCount(receive)), (...words) => request(words, { name: "receive" })),
    requestOf(
      all(withRefund(refund)),
      (host, port, payment, amount, { id: refundId, ...options }) =>
        request([host, port, options], { name: "refund", payment, amount, refundId }),
    ),
    requestOf(
      all(status),
      (host, port, payment, options) => request([host, port, options], { name: "status", payment }),
    ),
    requestOf(all(withHistory(history)), (...words) => request(words, { name: "history" })),
    requestOf(all(audit), (...words) => request(words, { name: "audit" })),
    requestOf(
      all(withWitness(witnesses)),
      (host, port, action, witness, options) =>
        request([host, port, options], { name: "witnesses", action, witness }),
    ),
    requestOf(
      all(receipt),
      (host, port, payment, options) =>
        request([host, port, options], { name: "receipt", payment }),
    ),
    requestOf(all(withLimits(limit)), (...words) => request(words, { name: "limit" })),
    requestOf(all(withOut(receipts, paths)), (...words) => request(words, { name: "receipts" })),
  );
}

function withServer(command: Command) {
  return command
    .argument(
      "<SERVER_IP>",
      "The server's address or name. Several, as HOST or HOST:PORT with commas, are tried in turn. Without it and the port: a joined ledger.",
      optional(serverAddresses),
    )
    .argument("<SERVER_PORT>", "The server's port.", optional(connectingPort));
}

type ServerWords = ReturnType<typeof withServer>;

function withReference(
  command: ServerWords,
  description = "The payment: its number in your history, or its id.",
) {
  return command.argument("<ENTRY|ID>", description, paymentReference);
}

function withCode(command: ServerWords, { file }: Paths) {
  return command
    .argument("<NAME>", "1 to 32 of a-z 0-9 . _ -, a letter or digit first.", typedAccountName)
    .option(
      "--code <CODE>",
      "The operator's one-time code, for an account whose key was lost.",
      oneTimeCode,
    )
    .option(
      "--code-file <FILE>",
      "Read the code from this file, or with - from stdin, because ps shows --code to everybody.",
      file,
    );
}

const memoDescription = `A note of up to ${memoCharactersMax} characters, kept in the ledger.`;

function withPayment(command: ServerWords, { file }: Paths) {
  return command
    .argument(
      "[TO]",
      "Who gets it; online, unless --via-server. Or the line of a payment request, without AMOUNT.",
      payeeOrRequest,
    )
    .argument("[AMOUNT]", `Whole units, 1 to ${amountMax}.`, amount)
    .option("--memo <TEXT>", memoDescription, memo)
    .option(
      "--id <UUID>",
      "The order's id, a UUID of version 7 or 8. The same order again is booked only once.",
      orderId,
    )
    .option(
      "--via-server",
      "Hand the order to the server; the payee need not be online.",
      false,
    )
    .option(
      "--batch <FILE>",
      "Pay each line of this file: CSV with to,amount,memo, or JSON lines. With - from stdin.",
      file,
    )
    .option(
      "--dry-run",
      "With --batch: check the file, print what it costs, and send nothing.",
      false,
    )
    .option(
      "--yes",
      "With --batch or a payment request: pay without a question. It is asked on a terminal.",
      flag("MICROPAY_PAY_YES"),
      false,
    );
}

function withWish(command: ServerWords) {
  return command
    .argument("<AMOUNT>", `Whole units, 1 to ${amountMax}.`, amount)
    .option("--memo <TEXT>", memoDescription, memo)
    .option("--expires <TIME>", "How long it can be paid: 30m, 2h, 7d.", requestLifetime, hourMs)
    .option("--from <NAME>", "The only account that may pay it.", peerAccount);
}

function withRefund(command: ServerWords) {
  return withReference(command)
    .argument("[AMOUNT]", "How much of it; all that is left when not given.", amount)
    .option("--memo <TEXT>", memoDescription, memo)
    .option(
      "--id <UUID>",
      "The refund's own id, a UUID of version 7 or 8. The same refund again is booked only once.",
      orderId,
    );
}

function withScreen<Words extends unknown[]>(command: Command<Words>) {
  return command
    .option(
      "--menu",
      "Show the numbered menu on a terminal too, instead of the full screen.",
      false,
    )
    .option(
      "--icons <SET>",
      "The full screen's icons: nerd, unicode or ascii. Without it: by the locale, never nerd.",
      oneOf("icons are", iconSets),
    );
}

function withCount(command: ServerWords) {
  return command
    .option(
      "--count <N>",
      "Exit after so many payments. Without it: when it is stopped.",
      paymentCount,
    )
    .option(
      "--since <ENTRY>",
      "First print what came after this entry; 0 for all that ever came.",
      entryOrStart,
    );
}

function withHistory(command: ServerWords) {
  return command
    .option(
      "--limit <N>",
      `How many entries at the most, newest first; ${historyEntriesDefault} when not given.`,
      historyLimit,
    )
    .option("--before <ENTRY>", "Only entries with a smaller number.", entryNumber)
    .option(
      "--format <FORMAT>",
      "Export your books with their balances: csv, jsonl, hledger or beancount.",
      exportFormat,
    )
    .option("--bom", "Begin a CSV with a byte order mark, as Excel wants it.", false)
    .option("--from <DATE>", "Export from this day on, in UTC.", day)
    .option("--to <DATE>", "Export up to this day, in UTC.", day);
}

function withLimits(command: ServerWords) {
  return command
    .option("--per-payment <N>", "The most that one payment may be; none lifts it.", paymentLimit)
    .option(
      "--per-day <N>",
      "The most that all payments and refunds of any 24 hours may be; none lifts it.",
      paymentLimit,
    )
    .option(
      "--yes",
      "Raise or lift a limit without a question. It is asked on a terminal.",
      flag("MICROPAY_LIMIT_YES"),
      false,
    );
}

function withWitness(command: ServerWords) {
  return command
    .argument(
      "<ACTION>",
      "What to do: add, list or remove.",
      oneOf("an action is", ["add", "list", "remove"] as const),
    )
    .argument(
      "[KEY]",
      "To add: the verifier key, as micropay witness prints it. To remove: the name.",
    );
}

function withOut(command: ServerWords, { directory }: Paths) {
  return command.option(
    "--out <DIR>",
    "The folder to write them into, a file each. No other file is overwritten.",
    directory,
    "receipts",
  );
}

function withClientOptions<Words extends unknown[], Options extends OptionValues>(
  command: Command<Words, Options>,
  { file, directory }: Paths,
) {
  return command.optionsGroup("Options:")
    .option(
      "--ledger <NAME>",
      "Which of the joined ledgers, in place of an address. Without both: the one joined last.",
      joinedLedgerName,
    )
    .option(
      "--as <NAME>",
      "Which of this user's accounts. Without it: the one that joined, or the only one.",
      ownAccount,
    )
    .option(
      "--ca <FILE>",
      "Trust this CA. Without it: what is pinned, or certs/CA.pem.",
      file,
    )
    .option(
      "--fingerprint <HEX>",
      "Trust the ledger whose CA has this SHA-256 fingerprint, and pin it.",
      fingerprint,
    )
    .option(
      "--home <DIR>",
      "Where identities, pins and receipts are. Without it: the platform's data folder.",
      directory,
    )
    .option(
      "--passphrase-file <FILE>",
      "The file whose first line is the passphrase of the account's key. Without it: asked on a terminal.",
      file,
    )
    .option("--port <N>", "Listen for peers on this port; 0 finds a free one.", listeningPort, 0)
    .option(
      "--advertise <HOST[:PORT]>",
      "Tell peers this address instead of the one that the server sees.",
      advertisedAddress,
    )
    .option(
      "--no-relay",
      "Neither pay nor be paid through the server where no connection to the other can be made.",
    )
    .option(
      "--timeout <SECONDS>",
      "Give up after so many seconds, also in the waiting room. Without it: after 10, but not in the waiting room while the server tells the place.",
      timeoutSeconds,
    )
    .option("--rsa-bits <BITS>", "Size of the session keys: 2048, 3072 or 4096.", rsaBits, 2048)
    .option("--json", "Print one JSON object a line.", false)
    .option("-v, --verbose", "Print the encrypted messages.", false);
}

type ClientOptions = ReturnType<ReturnType<typeof withClientOptions<[], NoOptions>>["opts"]>;

/** Sorts the options into those of the client and those of its command. */
function request<const C extends { readonly name: string }, Options extends ClientOptions>(
  [serverHost, serverPort, options]: readonly [
    string | undefined,
    number | undefined,
    Options,
  ],
  words: C,
) {
  const { ledger, as, ca, fingerprint, home, passphraseFile, ...others } = options;
  const { port, advertise, relay, timeout, rsaBits, json, verbose, ...own } = others;
  return {
    ...{ kind: "client" as const, command: { ...words, ...own }, serverHost, serverPort },
    ...{
      ledger,
      as,
      ca,
      fingerprint,
      home,
      passphraseFile,
      port,
      advertise,
      relay,
      timeoutSeconds: timeout,
      rsaBits,
    },
    ...{ json, verbose },
  };
}
