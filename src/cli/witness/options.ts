/**
 * `micropay witness`: its arguments and options.
 */
import type { Command } from "@commander-js/extra-typings";
import { examples } from "../command_line/help_page.ts";
import {
  connectingPort,
  type Paths,
  rsaBits,
  serverAddresses,
  visitCount,
  visitPeriod,
  witnessName,
} from "../command_line/option_values.ts";
import { requestOf } from "../command_line/request_of.ts";

export function witnessCommand(program: Command, { file, directory }: Paths) {
  const command = program.command("witness")
    .summary("Follow a ledger without an account, and cosign it.")
    .description(
      "Follows a ledger without an account, with the CA's certificate alone. It checks each period that the ledger only grew, keeps the published checkpoint, and cosigns it for the members. Runs until it is stopped with Ctrl-C.",
    )
    .argument(
      "<SERVER_IP>",
      "The server's address or name. Several, as HOST or HOST:PORT with commas, are all visited.",
      serverAddresses,
    )
    .argument("<SERVER_PORT>", "The server's port.", connectingPort)
    .option(
      "--ca <FILE>",
      "The certificate of the ledger's CA. Without it: certs/CA.pem.",
      file,
    )
    .option("--every <PERIOD>", "Time between two visits: 30s, 1m, 1h. Default: 1m.", visitPeriod)
    .option(
      "--out <DIR>",
      "Where its key, its checkpoints and its evidence are.",
      directory,
      "witness",
    )
    .option(
      "--name <NAME>",
      "Its name, which members see. Without it: made of its key.",
      witnessName,
    )
    .option("--count <N>", "Exit after so many cosignatures.", visitCount)
    .option("--rsa-bits <BITS>", "Size of the session keys: 2048, 3072 or 4096.", rsaBits, 2048)
    .option("--json", "Print one JSON object a line.", false)
    .addHelpText(
      ...examples(
        "micropay witness 192.0.2.7 8888 --ca CA.pem",
        "micropay witness 192.0.2.7 8888 --ca CA.pem --name carol.example --out carol",
        "micropay witness one.example.org,two.example.org 8888 --ca CA.pem",
      ),
    );
  return requestOf(
    command,
    (serverHost, serverPort, { every: everyMs = 60_000, ...options }) => ({
      ...{ kind: "witness" as const, serverHost, serverPort, everyMs },
      ...options,
    }),
  );
}
