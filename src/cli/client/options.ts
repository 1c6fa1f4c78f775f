/**
 * `micropay client`: what can be said on its command line, its own commands aside.
 */
import { group, merge, object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { withDefault } from "@optique/core/modifiers";
import { command, constant } from "@optique/core/primitives";
import { clientCommands } from "./commands.ts";
import {
  argumentsTitle,
  commandsTitle,
  examples,
  optionsTitle,
} from "../command_line/help_page.ts";
import { namedArgument, type OptionSource } from "../command_line/option_source.ts";
import {
  accountName,
  address,
  advertisedAddress,
  connectingPort,
  fingerprint,
  listeningPort,
  rsaBits,
  timeoutSeconds,
} from "../command_line/option_values.ts";

/** The parser of `client` and all that follows it. */
export function clientCommand(source: OptionSource) {
  return command("client", clientArguments(source), {
    brief: message`A person's wallet.`,
    description:
      message`A person's wallet: with a command it does that, prints the result and exits; without one it shows the menu.`,
    footer: examples([
      "micropay client 127.0.0.1 8888",
      "micropay client 127.0.0.1 8888 register alice",
      "micropay client 127.0.0.1 8888 pay bob 5 --memo lunch --as alice --json",
      "micropay client 127.0.0.1 8888 pay --help",
    ]),
  });
}

function clientArguments(source: OptionSource) {
  return merge(
    object({ kind: constant("client") }),
    object(argumentsTitle, {
      serverHost: namedArgument(address("SERVER_IP"), "The server's address or name."),
      serverPort: namedArgument(connectingPort("SERVER_PORT"), "The server's port."),
    }),
    object({
      command: withDefault(
        group(commandsTitle, clientCommands(source)),
        { name: "menu" } as const,
      ),
    }),
    object(optionsTitle, {
      ...identityOptions(source),
      ...connectionOptions(source),
      json: source.flag(["--json"], { description: "Print one JSON object a line." }),
      verbose: source.flag(["-v", "--verbose"], { description: "Print the encrypted messages." }),
    }),
  );
}

function identityOptions(source: OptionSource) {
  return {
    as: source.optional("--as", accountName, {
      description: "Which of this user's accounts; needed when there are several.",
    }),
    ca: source.optional("--ca", source.file, {
      description: "Trust this CA. Without it: what is pinned, or certs/CA.pem.",
    }),
    fingerprint: source.optional("--fingerprint", fingerprint, {
      description: "Trust the ledger whose CA has this SHA-256 fingerprint, and pin it.",
    }),
    home: source.optional("--home", source.directory, {
      description:
        "Where identities, pins and receipts are. Without it: the platform's data folder.",
    }),
  };
}

function connectionOptions(source: OptionSource) {
  return {
    port: source.value("--port", listeningPort("N"), {
      description: "Listen for peers on this port; 0 finds a free one.",
      fallback: 0,
    }),
    advertise: source.optional("--advertise", advertisedAddress, {
      description: "Tell peers this address instead of the one that the server sees.",
    }),
    timeoutSeconds: source.optional("--timeout", timeoutSeconds, {
      description:
        "Give up waiting after so many seconds, in the waiting room too. Without it: 10, and as long as the server tells the place there.",
    }),
    rsaBits: source.value("--rsa-bits", rsaBits, {
      description: "Size of the session keys: 2048, 3072 or 4096.",
      fallback: 2048,
    }),
  };
}
