/**
 * `micropay client ledgers`: its commands and options. They need no server.
 */
import type { Command, OptionValues } from "@commander-js/extra-typings";
import { examples } from "../command_line/help_page.ts";
import { joinedLedgerName, newLedgerName, type Paths } from "../command_line/option_values.ts";
import { firstOf, requestOf } from "../command_line/request_of.ts";

export function ledgersCommand(program: Command, { directory }: Paths) {
  // The client's own options and arguments have a type that does not matter here.
  const client = program.commands.find((one) => one.name() === "client") as unknown as Command;
  const all = <W extends unknown[], O extends OptionValues>(command: Command<W, O>) =>
    command
      .option(
        "--home <DIR>",
        "Where identities, pins and receipts are. Without it: the platform's data folder.",
        directory,
      )
      .option("--json", "Print one JSON object a line.", false);
  const ledgers = client.command("ledgers")
    .usage("[COMMAND]")
    .summary("The ledgers that you joined, the last one first; needs no server.")
    .description("Lists, renames and forgets the ledgers that you joined. It needs no server.")
    .addHelpText(
      ...examples(
        "micropay client ledgers",
        "micropay client ledgers rename 192.0.2.7 class",
        "micropay client ledgers forget class",
      ),
    );
  const rename = ledgers.command("rename")
    .description("Give a ledger another name.")
    .addHelpText(...examples("micropay client ledgers rename 192.0.2.7 class"))
    .argument("<OLD>", "The ledger's name.", joinedLedgerName)
    .argument("<NEW>", "Its new name.", newLedgerName);
  const forget = ledgers.command("forget")
    .description("Forget a ledger's addresses and pins. Identities and receipts stay.")
    .addHelpText(...examples("micropay client ledgers forget class"))
    .argument("<NAME>", "The ledger's name.", joinedLedgerName);
  const request = <C extends { readonly name: string }, O>(command: C, options: O) => ({
    kind: "ledgers" as const,
    command,
    ...options,
  });
  return firstOf(
    requestOf(all(ledgers), (options) => request({ name: "list" as const }, options)),
    requestOf(
      all(rename),
      (from, to, options) => request({ name: "rename" as const, from, to }, options),
    ),
    requestOf(
      all(forget),
      (ledger, options) => request({ name: "forget" as const, ledger }, options),
    ),
  );
}
