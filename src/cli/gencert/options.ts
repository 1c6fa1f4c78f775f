/**
 * `micropay gencert`: what can be said on its command line.
 */
import { group, merge, object, or } from "@optique/core/constructs";
import { formatMessage, type Message, message, text } from "@optique/core/message";
import { withDefault } from "@optique/core/modifiers";
import { command, constant } from "@optique/core/primitives";
import { defaultFolder } from "../../pki/gencert_hint.ts";
import { commandsTitle, examples, optionsTitle } from "../command_line/help_page.ts";
import type { OptionSource } from "../command_line/option_source.ts";
import { certificateDays, host, hostList } from "../command_line/option_values.ts";

/** Validity of the server's certificate in days, unless told otherwise. */
export const certificateDaysDefault = 365;

const renewBrief = "Replace the server's certificate and keep the CA.";

/** The parser of `gencert` and all that follows it. */
export function gencertCommand(source: OptionSource) {
  return command("gencert", gencertArguments(source), {
    brief: message`Make the certificates.`,
    description:
      message`Makes what is missing of CA.pem, CA.key, server.crt and server.key. With a CA there, makes only the server's. Files that are replaced are kept under a dated name.`,
    footer: examples([
      "micropay gencert",
      "micropay gencert --host pay.example.org --host 192.0.2.7 --days 90",
      "micropay gencert renew",
    ]),
  });
}

/** The command that a page of help is about, told by the page's brief. */
export function gencertCommandOf(brief: Message): "renew" | undefined {
  return formatMessage(brief) === renewBrief ? "renew" : undefined;
}

function gencertArguments(source: OptionSource) {
  return merge(
    object({ kind: constant("gencert") }),
    object({
      command: withDefault(group(commandsTitle, or(renewCommand())), { name: "make" } as const),
    }),
    object(optionsTitle, gencertOptions(source)),
  );
}

function renewCommand() {
  return command("renew", object({ name: constant("renew") }), {
    brief: [text(renewBrief)],
    description:
      message`Replaces server.crt and server.key and keeps the CA, so that members notice nothing. Without --host the names stay as they are. A server uses the new ones from its next start on.`,
    footer: examples([
      "micropay gencert renew",
      "micropay gencert renew --host pay.example.org --days 90",
    ]),
  });
}

function gencertOptions(source: OptionSource) {
  return {
    out: source.value("--out", source.directory, {
      description: "Where to write them.",
      fallback: defaultFolder,
    }),
    hosts: source.list("--host", { one: host("NAME_OR_IP"), all: hostList }, {
      // MICROPAY_HOST is where a server listens, which may be an address that nobody else calls it by.
      variable: "MICROPAY_CERTIFICATE_HOST",
      description:
        "Another name or address of the server; may be repeated (commas in the variable). localhost, 127.0.0.1, ::1 and this machine's name are always in.",
    }),
    days: source.value("--days", certificateDays, {
      description: "Validity of the server's certificate; the CA's is ten years.",
      fallback: certificateDaysDefault,
    }),
    force: source.flag(["--force"], {
      description:
        "Replace all of them by new ones, the CA too: what it issued stops working. Asks on a terminal; needs --yes without one.",
    }),
    newCa: source.flag(["--new-ca"], {
      description: "With --force: even if a ledger of that CA is there, which is given up so.",
    }),
    yes: source.flag(["--yes"], { description: "Do what --force asks about." }),
    db: source.optional("--db", source.file, {
      description:
        "The ledger that --force spares. Without it: server.db here and beside the certificates' folder.",
    }),
  };
}
