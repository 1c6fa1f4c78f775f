/**
 * `micropay verify`: its arguments and options.
 */
import type { Command } from "@commander-js/extra-typings";
import { examples } from "../command_line/help_page.ts";
import type { Paths } from "../command_line/option_values.ts";
import { requestOf } from "../command_line/request_of.ts";
import { listOf } from "../command_line/value_rule.ts";

export function verifyCommand(program: Command, { file }: Paths) {
  const command = program.command("verify")
    .summary("Check receipts without the server.")
    .description(
      "Checks receipts offline, with the CA's certificate alone: files as the client keeps them, lines of --json output, or bare receipts; from stdin without a file.",
    )
    .argument("[FILE...]", "Receipts, one a line; - for stdin.", listOf(file), [])
    .option(
      "--ca <FILE>",
      "The certificate of the ledger's CA. Without it: certs/CA.pem.",
      file,
    )
    .option(
      "--evidence <FILE>",
      "Check evidence against a server instead, as a client's audit keeps it.",
      file,
    )
    .option("--json", "Print one JSON object a line.", false)
    .addHelpText(
      ...examples(
        "micropay verify receipt.json",
        "micropay client 127.0.0.1 8888 history --json | micropay verify --ca CA.pem",
        "micropay verify --evidence evidence-8993667c.json --ca CA.pem",
      ),
    );
  return requestOf(command, (files, options) => ({ kind: "verify" as const, files, ...options }));
}
