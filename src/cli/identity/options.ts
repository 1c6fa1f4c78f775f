/**
 * `micropay client identity`: its commands and options. They need no server.
 */
import type { Command, OptionValues } from "@commander-js/extra-typings";
import { examples } from "../command_line/help_page.ts";
import { fingerprint, ownAccount, type Paths } from "../command_line/option_values.ts";
import { firstOf, type NoOptions, requestOf } from "../command_line/request_of.ts";
import { flag, Refusal } from "../command_line/value_rule.ts";

export function identityCommand(program: Command, { file, directory }: Paths) {
  // The client's own options and arguments have a type that does not matter here.
  const client = program.commands.find((one) => one.name() === "client") as unknown as Command;
  const identity = client.command("identity")
    .usage("COMMAND")
    .summary("Show, protect and move the accounts in this folder; needs no server.")
    .description(
      "Shows, protects, exports and imports the accounts of this folder. It needs no server.",
    )
    .addHelpText(
      ...examples(
        "micropay client identity list",
        "micropay client identity passphrase --as alice",
        "micropay client identity export alice.age",
        "micropay client identity import alice.age",
      ),
    );
  const add = (name: string, description: string, example = "") =>
    identity.command(name).description(description).optionsGroup("Options of this command:")
      .addHelpText(...examples(`micropay client identity ${name} ${example}`.trimEnd()));
  const all = <W extends unknown[], O extends OptionValues>(command: Command<W, O>) =>
    withSharedOptions(command, { file, directory });

  const list = add("list", "The accounts in this folder.");
  const show = add("show", "One account: its ledger, its key and what is kept for it.");
  const exporting = add(
    "export",
    "Write an account into one file, for another machine or as a backup.",
    "alice.age --as alice",
  )
    .argument("<FILE>", "Where to; must not exist.", file)
    .option("--plain", "Do not encrypt the file; whoever reads it can pay.", false);
  const importing = add("import", "Take an account from an exported file.", "alice.age")
    .argument("<FILE>", "The export. It is verified first.", file);
  const passphrase = add(
    "passphrase",
    "Protect the account's key with a passphrase, or change it.",
    "--as alice",
  )
    .option(
      "--new-passphrase-file <FILE>",
      "The file whose first line is the new passphrase. Without it: asked on a terminal.",
      file,
    )
    .option(
      "--remove",
      "Leave the key without a passphrase.",
      flag("MICROPAY_REMOVE_PASSPHRASE"),
      false,
    );
  return firstOf(
    requestOf(identity, () => {
      throw new Refusal("COMMAND is missing.");
    }),
    requestOf(all(list), (options) => request({ name: "list" }, options)),
    requestOf(all(show), (options) => request({ name: "show" }, options)),
    requestOf(
      all(exporting),
      (file, options) => request({ name: "export", file }, options),
    ),
    requestOf(
      all(importing),
      (file, options) => request({ name: "import", file }, options),
    ),
    requestOf(all(passphrase), (options) => request({ name: "passphrase" }, options)),
  );
}

function withSharedOptions<Words extends unknown[], Options extends OptionValues>(
  command: Command<Words, Options>,
  { file, directory }: Paths,
) {
  return command.optionsGroup("Options:")
    .option("--as <NAME>", "The account; needed when there are several.", ownAccount)
    .option(
      "--fingerprint <HEX>",
      "The ledger, by the SHA-256 fingerprint of its CA; needed when several have the account.",
      fingerprint,
    )
    .option(
      "--home <DIR>",
      "Where identities, pins and receipts are. Without it: the platform's data folder.",
      directory,
    )
    .option(
      "--passphrase-file <FILE>",
      "The file whose first line is the passphrase. Without it: asked on a terminal.",
      file,
    )
    .option("--json", "Print one JSON object a line.", false);
}

type SharedOptions = ReturnType<ReturnType<typeof withSharedOptions<[], NoOptions>>["opts"]>;

/** Sorts the options into those of all commands and those of this one. */
function request<const C extends { readonly name: string }, O extends SharedOptions>(
  words: C,
  { as, fingerprint, home, passphraseFile, json, ...own }: O,
) {
  return {
    ...{ kind: "identity" as const, command: { ...words, ...own } },
    ...{ as, fingerprint, home, passphraseFile, json },
  };
}
