/**
 * `micropay ledger`: its commands and options.
 */
import type { Command, OptionValues } from "@commander-js/extra-typings";
import { amountMax } from "../../money.ts";
import { examples } from "../command_line/help_page.ts";
import {
  accountName,
  amount,
  day,
  exportFormat,
  initialBalance,
  invitationCount,
  invitationName,
  invitationNumber,
  invitationPeriod,
  invitationUses,
  joinHosts,
  joinPort,
  ledgerSelector,
  memo,
  orderId,
  type Paths,
  sinceCheckpoint,
} from "../command_line/option_values.ts";
import { Refusal } from "../command_line/value_rule.ts";
import { firstOf, type NoOptions, requestOf } from "../command_line/request_of.ts";

export function ledgerCommand(program: Command, paths: Paths) {
  const ledger = program.command("ledger")
    .usage("COMMAND")
    .summary("Check, correct, export and back up the books.")
    .description("Checks, corrects, exports and backs up the ledger, also while its server runs.")
    .addHelpText(
      ...examples(
        "micropay ledger audit",
        "micropay ledger balances --json",
        "micropay ledger export --format hledger > books.journal",
        "micropay ledger backup backup.db --db server.db",
        "micropay ledger audit --db postgres://micropay@db.example.org/ledger",
      ),
    );
  const add = (name: string, description: string, example = "") =>
    ledger.command(name).description(description).optionsGroup("Options of this command:")
      .addHelpText(...examples(`micropay ledger ${name} ${example}`.trimEnd()));
  const all = <W extends unknown[], O extends OptionValues>(command: Command<W, O>) =>
    withLedgerOptions(command, paths);

  const create = add(
    "create",
    "Make an empty ledger, so that servers need no right to make its tables.",
    "--db postgres://micropay_owner@db.example.org/ledger",
  );
  const audit = add(
    "audit",
    "Check the books: everything, or what is new.",
    "--since last.checkpoint --checkpoint last.checkpoint",
  );
  const balances = add("balances", "All accounts and what they have.");
  const show = add("show", "One account or one entry.", "alice")
    .argument(
      "<NAME|ENTRY|ID>",
      "An account, an entry's number, or an order's id.",
      ledgerSelector,
    );
  const deposit = add("deposit", "Give an account money from outside.", "alice 500");
  const withdraw = add("withdraw", "Take money out of an account.", "alice 500");
  const exportEntries = add(
    "export",
    "All entries in another format.",
    "--format beancount --from 2026-01-01",
  );
  const backup = add("backup", "Copy the ledger while it is used.", "backup.db")
    .argument("<FILE>", "Where to; must not exist.", paths.file);
  const copy = withCopyOptions(
    add(
      "copy",
      "Copy the ledger into another store, while no server runs.",
      "--from server.db --to postgres://micropay@db.example.org/ledger",
    ),
    paths,
  );
  const restore = add("restore", "Put a backup in the ledger's place.", "backup.db")
    .argument("<FILE>", "The backup. It is audited first.", paths.file);
  const reissue = add("reissue", "Let a member who lost a key register anew.", "alice")
    .argument("<NAME>", "The account's name.", accountName);
  const close = add("close", "Close an account for good.", "alice")
    .argument("<NAME>", "The account's name.", accountName);
  const joinLine = withJoinAddress(add(
    "join-line",
    "Print the line that members join with.",
    "--port 8888 --host one.example.org,two.example.org:8889",
  ));
  const invite = withInvitation(withJoinAddress(add(
    "invite",
    "Print join lines that admit new members, also where the server has --join invite.",
    "--port 8888 --count 30 --expires 2d",
  )));
  const invitations = add("invitations", "List the invitations, or revoke one.");
  const revoke = invitations.command("revoke")
    .description("Let nobody else in with an invitation.")
    .addHelpText(...examples("micropay ledger invitations revoke 3"))
    .argument("<ID>", "The invitation's number.", invitationNumber);
  return firstOf(
    requestOf(all(ledger), () => {
      throw new Refusal("COMMAND is missing.");
    }),
    requestOf(all(create), (options) => request({ name: "create" }, options)),
    requestOf(all(withCheckpoints(audit, paths)), ({ full, since, ...options }) => {
      if (full && since) throw new Refusal("--full checks everything; leave out --since.");
      return request({ name: "audit" }, { ...options, since });
    }),
    requestOf(all(balances), (options) => request({ name: "balances" }, options)),
    requestOf(all(show), (what, options) => request({ name: "show", what }, options)),
    requestOf(
      all(withMoney(deposit)),
      (account, amount, options) => request({ name: "deposit", account, amount }, options),
    ),
    requestOf(
      all(withMoney(withdraw)),
      (account, amount, options) => request({ name: "withdraw", account, amount }, options),
    ),
    requestOf(all(withFormat(exportEntries)), (options) => request({ name: "export" }, options)),
    requestOf(all(backup), (file, options) => request({ name: "backup", file }, options)),
    requestOf(
      copy,
      ({ from, to, certs, json }) => {
        if (from === undefined) throw new Refusal("--from is missing: the ledger to copy.");
        if (to === undefined) throw new Refusal("--to is missing: where to copy the ledger.");
        return request({ name: "copy", to }, { db: from, certs, json });
      },
    ),
    requestOf(all(restore), (file, options) => request({ name: "restore", file }, options)),
    requestOf(all(reissue), (account, options) => request({ name: "reissue", account }, options)),
    requestOf(all(joinLine), (options) => request({ name: "join_line" }, options)),
    requestOf(
      all(invite),
      ({ name: account, ...options }) => request({ name: "invite" }, { ...options, account }),
    ),
    requestOf(all(invitations), (options) => request({ name: "invitations" }, options)),
    requestOf(
      all(revoke),
      (invitation, options) => request({ name: "revoke_invitation", invitation }, options),
    ),
    requestOf(all(close), (account, options) => request({ name: "close", account }, options)),
  );
}

function withCheckpoints(command: Command, { file }: Paths) {
  return command
    .option("--full", "Check everything, from the first entry. The default.", false)
    .option(
      "--since <CHECKPOINT>",
      "Only what came after it: a file, or SIZE:HEAD as an audit prints it.",
      sinceCheckpoint(file),
    )
    .option("--checkpoint <FILE>", "Keep the end in this file, if all is well.", file);
}

function withJoinAddress(command: Command) {
  return command
    .option(
      "--host <SERVERS>",
      "The ledger's servers for members: HOST or HOST:PORT, several with commas. Without it: as the server chooses it.",
      joinHosts,
    )
    .option("--port <PORT>", "The server's port, which has to be given.", joinPort);
}

function withInvitation(command: ReturnType<typeof withJoinAddress>) {
  return command
    .option("--count <N>", "How many invitations to make.", invitationCount, 1)
    .option("--uses <N>", "How many accounts each admits.", invitationUses, 1)
    .option(
      "--expires <PERIOD>",
      "How long it is valid, in minutes, hours or days: 30m, 12h, 2d. Without it: 7d.",
      invitationPeriod,
      7 * 86_400_000,
    )
    .option(
      "--balance <N>",
      "What its accounts start with. Without it: what the server gives.",
      initialBalance,
    )
    .option("--name <NAME>", "The only name that may register with it.", invitationName);
}

function withMoney(command: Command) {
  return command
    .argument("<NAME>", "The account's name.", accountName)
    .argument("<AMOUNT>", `Whole units, 1 to ${amountMax}.`, amount)
    .option("--memo <TEXT>", "A note, kept in the ledger.", memo)
    .option("--id <UUID>", "Try an earlier one again. It is booked at most once.", orderId);
}

function withFormat(command: Command) {
  return command
    .option("--format <FORMAT>", "csv, jsonl, hledger or beancount.", exportFormat, "csv")
    .option("--bom", "Begin a CSV with a byte order mark, as Excel wants it.", false)
    .option("--account <NAME>", "Only the entries of this account.", accountName)
    .option("--from <DATE>", "From this day on, in UTC.", day)
    .option("--to <DATE>", "Up to this day, in UTC.", day);
}

function withLedgerOptions<Words extends unknown[], Options extends OptionValues>(
  command: Command<Words, Options>,
  { file, directory }: Paths,
) {
  return withCommonOptions(
    command.optionsGroup("Options:").option("--db <FILE>", "The ledger.", file, "server.db"),
    directory,
  );
}

/** A copy has two ledgers in place of the one that the other commands have. */
function withCopyOptions(command: Command, { file, directory }: Paths) {
  return withCommonOptions(
    command
      .option("--from <FILE>", "The ledger: a file or the URL of a database.", file)
      .option("--to <FILE>", "Where to: a new file or an empty database.", file)
      .optionsGroup("Options:"),
    directory,
  );
}

function withCommonOptions<Words extends unknown[], Options extends OptionValues>(
  command: Command<Words, Options>,
  directory: Paths["directory"],
) {
  return command
    .option("--certs <DIR>", "Where CA.pem, server.crt and server.key are.", directory, "certs")
    .option("--json", "Print one JSON object a line.", false);
}

type LedgerOptions = ReturnType<ReturnType<typeof withLedgerOptions<[], NoOptions>>["opts"]>;

/** Sorts the options into those of the ledger and those of its command. */
function request<const C extends { readonly name: string }, Options extends LedgerOptions>(
  words: C,
  { db, certs, json, ...own }: Options,
) {
  return { kind: "ledger" as const, command: { ...words, ...own }, db, certs, json };
}
