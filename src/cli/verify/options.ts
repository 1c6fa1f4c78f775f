/**
 * `micropay verify`: what can be said on its command line.
 */
import { merge, object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { multiple } from "@optique/core/modifiers";
import { argument, command, constant } from "@optique/core/primitives";
import { argumentsTitle, examples, optionsTitle } from "../command_line/help_page.ts";
import type { OptionSource } from "../command_line/option_source.ts";

/** The parser of `verify` and all that follows it. */
export function verifyCommand(source: OptionSource) {
  return command("verify", verifyArguments(source), {
    brief: message`Check receipts without the server.`,
    description:
      message`Checks receipts offline, with the CA's certificate alone: files as the client keeps them, lines of --json output, or bare receipts; from stdin without a file.`,
    footer: examples([
      "micropay verify receipt.json",
      "micropay client 127.0.0.1 8888 history --json | micropay verify --ca CA.pem",
    ]),
  });
}

function verifyArguments(source: OptionSource) {
  return merge(
    object({ kind: constant("verify") }),
    object(argumentsTitle, {
      files: multiple(
        argument(source.file, { description: message`Receipts, one a line; - for stdin.` }),
      ),
    }),
    object(optionsTitle, {
      ca: source.optional("--ca", source.file, {
        description: "The CA that the ledger is named for. Without it: certs/CA.pem.",
      }),
      json: source.flag(["--json"], { description: "Print one JSON object a line." }),
    }),
  );
}
