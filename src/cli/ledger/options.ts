/**
 * `micropay ledger`: what can be said on its command line.
 */
import { group, merge, object, or } from "@optique/core/constructs";
import { formatMessage, type Message, message, text } from "@optique/core/message";
import type { Parser } from "@optique/core/parser";
import { command, constant } from "@optique/core/primitives";
import { amountMax } from "../../money.ts";
import {
  commandArgumentsTitle,
  commandOptionsTitle,
  commandsTitle,
  examples,
  optionsTitle,
} from "../command_line/help_page.ts";
import { namedArgument, type OptionSource } from "../command_line/option_source.ts";
import {
  accountName,
  amount,
  day,
  exportFormat,
  ledgerSelector,
  memo,
} from "../command_line/option_values.ts";

/** What each command does, in a few words that no two of them (nor of the client's) share. */
const briefs = {
  audit: "Check everything, from the first entry.",
  balances: "All accounts and what they have.",
  show: "One account or one entry.",
  deposit: "Give an account money from outside.",
  withdraw: "Take money out of an account.",
  export: "All entries in another format.",
  backup: "Copy the ledger while it is used.",
  restore: "Put a backup in the ledger's place.",
  reissue: "Let a member who lost a key register anew.",
  close: "Close an account for good.",
} as const;

export type LedgerCommandName = keyof typeof briefs;

/** The parser of `ledger` and all that follows it. */
export function ledgerCommand(source: OptionSource) {
  return command("ledger", ledgerArguments(source), {
    brief: message`Check, correct, export and back up the books.`,
    description:
      message`Checks, corrects, exports and backs up the ledger; safe while its server runs.`,
    footer: examples([
      "micropay ledger audit",
      "micropay ledger balances --json",
      "micropay ledger export --format hledger > books.journal",
      "micropay ledger backup backup.db --db server.db",
    ]),
  });
}

/** The command that a page of help is about, told by the page's brief. */
export function ledgerCommandOf(brief: Message): LedgerCommandName | undefined {
  const names = Object.keys(briefs) as LedgerCommandName[];
  return names.find((name) => briefs[name] === formatMessage(brief));
}

function ledgerArguments(source: OptionSource) {
  return merge(
    object({ kind: constant("ledger") }),
    object({ command: group(commandsTitle, commands(source)) }),
    object(optionsTitle, {
      db: source.value("--db", source.file, { description: "The ledger.", fallback: "server.db" }),
      certs: source.value("--certs", source.directory, {
        description: "Where CA.pem, server.crt and server.key are.",
        fallback: "certs",
      }),
      json: source.flag(["--json"], { description: "Print one JSON object a line." }),
    }),
  );
}

function commands(source: OptionSource) {
  return or(
    named("audit", object({ name: constant("audit") })),
    named("balances", object({ name: constant("balances") })),
    showCommand(),
    movingCommand("deposit", source),
    movingCommand("withdraw", source),
    exportCommand(source),
    fileCommand("backup", source, "Where to; must not exist."),
    fileCommand("restore", source, "The backup. It is audited first."),
    accountCommand("reissue"),
    accountCommand("close"),
  );
}

function showCommand() {
  const words = object(commandArgumentsTitle, {
    what: namedArgument(ledgerSelector, "An account, an entry's number, or an order's id."),
  });
  return named("show", merge(object({ name: constant("show") }), words), "alice");
}

function movingCommand<const Name extends "deposit" | "withdraw">(
  name: Name,
  source: OptionSource,
) {
  const words = object(commandArgumentsTitle, {
    account: namedArgument(accountName, "Whose."),
    amount: namedArgument(amount, `Whole units, 1 to ${amountMax}.`),
  });
  const options = object(commandOptionsTitle, {
    memo: source.optional("--memo", memo, { description: "A note, kept in the ledger." }),
  });
  return named(name, merge(object({ name: constant(name) }), words, options), "alice 500");
}

function exportCommand(source: OptionSource) {
  const options = object(commandOptionsTitle, {
    format: source.value("--format", exportFormat, {
      description: "csv, jsonl, hledger or beancount.",
      fallback: "csv",
    }),
    bom: source.flag(["--bom"], {
      description: "Begin a CSV with a byte order mark, as Excel wants it.",
    }),
    account: source.optional("--account", accountName, { description: "Only this account's." }),
    from: source.optional("--from", day, { description: "From this day on, in UTC." }),
    to: source.optional("--to", day, { description: "Up to this day, in UTC." }),
  });
  const example = "--format beancount --from 2026-01-01";
  return named("export", merge(object({ name: constant("export") }), options), example);
}

function fileCommand<const Name extends "backup" | "restore">(
  name: Name,
  source: OptionSource,
  description: string,
) {
  const words = object(commandArgumentsTitle, { file: namedArgument(source.file, description) });
  return named(name, merge(object({ name: constant(name) }), words), "backup.db");
}

function accountCommand<const Name extends "reissue" | "close">(name: Name) {
  const words = object(commandArgumentsTitle, { account: namedArgument(accountName, "Whose.") });
  return named(name, merge(object({ name: constant(name) }), words), "alice");
}

function named<T, S>(name: LedgerCommandName, parser: Parser<"sync", T, S>, example = "") {
  const brief = [text(briefs[name])];
  return command(name, parser, {
    brief,
    description: brief,
    footer: examples([`micropay ledger ${name} ${example}`.trimEnd()]),
  });
}
