/**
 * `micropay server`: what can be said on its command line.
 */
import { merge, object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { optional } from "@optique/core/modifiers";
import { command, constant } from "@optique/core/primitives";
import { argumentsTitle, examples, optionsTitle } from "../command_line/help_page.ts";
import { namedArgument, type OptionSource } from "../command_line/option_source.ts";
import {
  accountsMax,
  address,
  initialBalance,
  listeningPort,
  logFormat,
  rekeyHours,
  rsaBits,
  userLimit,
} from "../command_line/option_values.ts";

/** What a new account starts with, unless told otherwise. */
export const initialBalanceDefault = 10_000;

/** How many accounts a ledger may have, unless told otherwise. */
export const accountsMaxDefault = 10_000;

/** How long new connections get the same session key, unless told otherwise. */
export const rekeyHoursDefault = 24;

/** The parser of `server` and all that follows it. */
export function serverCommand(source: OptionSource) {
  return command("server", serverArguments(source), {
    brief: message`Keep the ledger.`,
    description:
      message`Keeps the ledger and serves the members' clients until it is stopped with Ctrl-C. Certificates are made at the first start.`,
    footer: examples([
      "micropay server 8888",
      "micropay server 8888 3 --silent",
      "micropay server 0 --db class.db --initial-balance 500",
    ]),
  });
}

function serverArguments(source: OptionSource) {
  return merge(
    object({ kind: constant("server") }),
    object(argumentsTitle, {
      port: namedArgument(listeningPort("SERVER_PORT"), "Port to listen on; 0 finds a free one."),
      userLimit: optional(
        namedArgument(
          userLimit,
          "How many clients are served at a time; more of them wait. Without it: the number of processors, at least 3.",
        ),
      ),
    }),
    object(optionsTitle, serverOptions(source)),
  );
}

function serverOptions(source: OptionSource) {
  return {
    silent: source.flag(["-s", "--silent"], {
      description: "Leave the encrypted messages out of the output.",
    }),
    host: source.value("--host", address("ADDRESS"), {
      description: "Listen on this address only; :: is all of this machine's, IPv4 and IPv6.",
      fallback: "::",
    }),
    db: source.value("--db", source.file, { description: "The ledger.", fallback: "server.db" }),
    certs: source.value("--certs", source.directory, {
      description: "Where CA.pem, CA.key, server.crt and server.key are.",
      fallback: "certs",
    }),
    initialBalance: source.value("--initial-balance", initialBalance, {
      description: "What a new account starts with.",
      fallback: initialBalanceDefault,
    }),
    accountsMax: source.value("--accounts-max", accountsMax, {
      description: "Register no more accounts when the ledger has so many.",
      fallback: accountsMaxDefault,
    }),
    rsaBits: source.value("--rsa-bits", rsaBits, {
      description: "Size of the session keys: 2048, 3072 or 4096.",
      fallback: 2048,
    }),
    rekeyHours: source.value("--rekey-hours", rekeyHours, {
      description: "Hours that new connections get the same session key.",
      fallback: rekeyHoursDefault,
    }),
    reset: source.flag(["--reset"], {
      description: "Start with an empty ledger. Asks on a terminal; needs --yes without one.",
    }),
    yes: source.flag(["--yes"], { description: "Do what --reset asks about." }),
    deleteDbOnExit: source.flag(["--delete-db-on-exit"], {
      description: "Delete the ledger when the server stops.",
    }),
    logFormat: source.value("--log-format", logFormat, {
      description: "Format of the log: text or json.",
      fallback: "text",
    }),
  };
}
