/**
 * The commands of `micropay client`: each does one thing, prints the result and exits.
 */
import { merge, object, or } from "@optique/core/constructs";
import { formatMessage, type Message, text } from "@optique/core/message";
import type { Parser } from "@optique/core/parser";
import { map, optional } from "@optique/core/modifiers";
import { command, constant } from "@optique/core/primitives";
import { memoCharactersMax } from "../../memo.ts";
import { amountMax } from "../../money.ts";
import { commandArgumentsTitle, commandOptionsTitle, examples } from "../command_line/help_page.ts";
import { namedArgument, type OptionSource } from "../command_line/option_source.ts";
import {
  amount,
  entryNumber,
  entryOrStart,
  historyLimit,
  memo,
  oneTimeCode,
  orderId,
  payee,
  paymentCount,
  paymentReference,
  typedAccountName,
} from "../command_line/option_values.ts";

/** How many entries `history` prints, unless told otherwise. */
export const historyEntriesDefault = 20;

/** What each command does, in a few words that no two of them share. */
const briefs = {
  register: "Open an account.",
  list: "Your balance, and who is online.",
  balance: "Your balance.",
  pay: "Pay somebody, directly or through the server.",
  receive: "Stay online and print each payment that arrives.",
  refund: "Give back a payment, or a part of it.",
  status: "What became of an order.",
  history: "Your payments, newest first.",
  audit: "Check that the ledger still has what you hold receipts for.",
} as const;

/** The name of a command; the menu is what the client does without one. */
export type ClientCommandName = keyof typeof briefs;

/** The parser of one command. */
export function clientCommands(source: OptionSource) {
  return or(
    registerCommand(source),
    simpleCommand("list"),
    simpleCommand("balance"),
    payCommand(source),
    receiveCommand(source),
    refundCommand(source),
    statusCommand(),
    historyCommand(source),
    simpleCommand("audit"),
  );
}

/** The command that a page of help is about, told by the page's brief: the page has nothing else that says so. */
export function clientCommandOf(brief: Message): ClientCommandName | undefined {
  const names = Object.keys(briefs) as ClientCommandName[];
  return names.find((name) => briefs[name] === formatMessage(brief));
}

function registerCommand(source: OptionSource) {
  const words = object(commandArgumentsTitle, {
    account: namedArgument(
      typedAccountName,
      "1 to 32 of a-z 0-9 . _ -, a letter or digit first.",
    ),
  });
  const options = object(commandOptionsTitle, {
    code: source.optional("--code", oneTimeCode, {
      description: "The operator's one-time code, for an account whose key was lost.",
    }),
    codeFile: source.optional("--code-file", source.file, {
      description:
        "Read the code from this file, - for stdin: ps shows everybody what --code says.",
    }),
  });
  const request = map(
    merge(object({ name: constant("register") }), words, options),
    ({ account, ...rest }) => ({ ...rest, ...account }),
  );
  return named("register", request, "alice");
}

function refundCommand(source: OptionSource) {
  const words = object(commandArgumentsTitle, {
    payment: namedArgument(paymentReference, "The payment: its number in your history, or its id."),
    amount: optional(namedArgument(amount, "How much of it; all that is left when not given.")),
  });
  const options = object(commandOptionsTitle, {
    memo: source.optional("--memo", memo, {
      description: `A note of up to ${memoCharactersMax} characters, kept in the ledger.`,
    }),
    refundId: source.optional("--id", orderId("UUID"), {
      description:
        "The refund's own id, a UUID of version 7. The same refund again is booked only once.",
    }),
  });
  return named("refund", merge(object({ name: constant("refund") }), words, options), "7 5");
}

function simpleCommand<const Name extends "list" | "balance" | "audit">(name: Name) {
  return named(name, object({ name: constant(name) }));
}

function payCommand(source: OptionSource) {
  const words = object(commandArgumentsTitle, {
    to: namedArgument(payee, "Who gets it; online, unless --via-server."),
    amount: namedArgument(amount, `Whole units, 1 to ${amountMax}.`),
  });
  const options = object(commandOptionsTitle, {
    memo: source.optional("--memo", memo, {
      description: `A note of up to ${memoCharactersMax} characters, kept in the ledger.`,
    }),
    id: source.optional("--id", orderId("UUID"), {
      description: "The order's id, a UUID of version 7. The same order again is booked only once.",
    }),
    viaServer: source.flag(["--via-server"], {
      description: "Hand the order to the server; the payee need not be online.",
    }),
  });
  return named(
    "pay",
    merge(object({ name: constant("pay") }), words, options),
    "bob 5 --memo lunch",
  );
}

function receiveCommand(source: OptionSource) {
  const options = object(commandOptionsTitle, {
    count: source.optional("--count", paymentCount, {
      description: "Exit after so many payments. Without it: when it is stopped.",
    }),
    since: source.optional("--since", entryOrStart, {
      description: "First print what came after this entry; 0 for all that ever came.",
    }),
  });
  return named("receive", merge(object({ name: constant("receive") }), options), "--count 1");
}

function statusCommand() {
  const words = object(commandArgumentsTitle, {
    payment: namedArgument(
      paymentReference,
      "The payment: the id that pay printed, or its number.",
    ),
  });
  const example = "019aaf3e-7c00-7000-8000-000000000001";
  return named("status", merge(object({ name: constant("status") }), words), example);
}

function historyCommand(source: OptionSource) {
  const options = object(commandOptionsTitle, {
    limit: source.value("--limit", historyLimit, {
      description: "How many entries at the most, newest first.",
      fallback: historyEntriesDefault,
    }),
    before: source.optional("--before", entryNumber, {
      description: "Only entries with a smaller number.",
    }),
  });
  return named("history", merge(object({ name: constant("history") }), options), "--limit 5");
}

function named<T, S>(name: ClientCommandName, parser: Parser<"sync", T, S>, example = "") {
  const brief = [text(briefs[name])];
  return command(name, parser, {
    brief,
    // Without one of its own, a command's page shows the client's.
    description: brief,
    footer: examples(
      [`micropay client 127.0.0.1 8888 ${name} ${example}`.trimEnd()],
      "The options of the client may follow the command.",
    ),
  });
}
