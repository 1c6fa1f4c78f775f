/**
 * `micropay server`: its arguments and options.
 */
import { accountsMaxDefault } from "../../limits.ts";
import type { Command } from "@commander-js/extra-typings";
import { examples } from "../command_line/help_page.ts";
import {
  accountsMax,
  address,
  initialBalance,
  joinHosts,
  listeningPort,
  logFormat,
  type Paths,
  proxies,
  rekeyHours,
  rsaBits,
  userLimit,
  verifierKeys,
  whoMayJoin,
} from "../command_line/option_values.ts";
import { requestOf } from "../command_line/request_of.ts";

export function serverCommand(program: Command, { file, directory }: Paths) {
  const command = program.command("server")
    .summary("Keep the ledger.")
    .description(
      "Keeps the ledger and serves the members' clients until it is stopped with Ctrl-C. Certificates are made at the first start.",
    )
    .argument("<SERVER_PORT>", "Port to listen on; 0 finds a free one.", listeningPort)
    .argument(
      "[CONCURRENT_USER_LIMIT]",
      "How many clients are served at a time; more of them wait. Without it: the number of processors, at least 3.",
      userLimit,
    )
    .option("-s, --silent", "Leave the encrypted messages out of the output.", false)
    .option(
      "--host <ADDRESS>",
      "Listen on this address only; :: is all of this machine's, IPv4 and IPv6.",
      address,
      "::",
    )
    .option(
      "--proxy-from <ADDRESSES>",
      "Connections from these addresses or networks (10.0.0.0/8) come through a proxy. Each must begin with a PROXY header, version 1 or 2, and counts for the address in it. Several are separated by commas; may be repeated.",
      proxies,
      [],
    )
    .option("--db <FILE>", "The ledger: a file, or postgres://user@host/name.", file, "server.db")
    .option(
      "--certs <DIR>",
      "Where CA.pem, CA.key, server.crt and server.key are.",
      directory,
      "certs",
    )
    .option(
      "--initial-balance <N>",
      "What a new account starts with.",
      initialBalance,
      10_000,
    )
    .option(
      "--join <WHO>",
      "Who may register: open, everybody, or invite, who has a join line of micropay ledger invite.",
      whoMayJoin,
      "open",
    )
    .option(
      "--join-host <SERVERS>",
      "The ledger's servers in the join line: HOST or HOST:PORT, several with commas. Without it: this server alone.",
      joinHosts,
    )
    .option(
      "--no-registering",
      "Register nobody, and start without CA.key. Members register at another server of the ledger.",
    )
    .option(
      "--accounts-max <N>",
      "Register no more accounts when the ledger has so many.",
      accountsMax,
      accountsMaxDefault,
    )
    .option(
      "--witness <KEY>",
      "Keep the cosignatures of this witness, named by its verifier key; may be repeated.",
      verifierKeys,
      [],
    )
    .option("--rsa-bits <BITS>", "Size of the session keys: 2048, 3072 or 4096.", rsaBits, 2048)
    .option(
      "--rekey-hours <N>",
      "Hours that new connections get the same session key.",
      rekeyHours,
      24,
    )
    .option(
      "--reset",
      "Start with an empty ledger. Asks on a terminal; needs --yes without one.",
      false,
    )
    .option("--yes", "Do what --reset asks about.", false)
    .option("--delete-db-on-exit", "Delete the ledger when the server stops.", false)
    .option("--log-format <FORMAT>", "Format of the log: text or json.", logFormat, "text")
    .addHelpText(
      ...examples(
        "micropay server 8888",
        "micropay server 8888 3 --silent",
        "micropay server 0 --db class.db --initial-balance 500",
        "micropay server 8888 --join-host one.example.org,two.example.org:8889",
        "micropay server 8888 --proxy-from 192.0.2.7 --proxy-from 2001:db8::/64",
      ),
    );
  return requestOf(
    command,
    (port, userLimit, options) => ({ kind: "server" as const, port, userLimit, ...options }),
  );
}
