/**
 * `micropay gencert`: what can be said on its command line.
 */
import { merge, object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { command, constant } from "@optique/core/primitives";
import { examples, optionsTitle } from "./help_page.ts";
import type { OptionSource } from "./option_source.ts";
import { certificateDays, host, hostList } from "./option_values.ts";

/** Validity of the server's certificate in days, unless told otherwise. */
export const certificateDaysDefault = 365;

/** The parser of `gencert` and all that follows it. */
export function gencertCommand(source: OptionSource) {
  return command("gencert", gencertArguments(source), {
    brief: message`Make the certificates.`,
    description:
      message`Makes CA.pem, CA.key, server.crt and server.key. With a valid CA there and no server.crt, makes only the server's. Existing files are never touched without --force.`,
    footer: examples([
      "micropay gencert",
      "micropay gencert --host pay.example.org --host 192.0.2.7 --days 90",
    ]),
  });
}

function gencertArguments(source: OptionSource) {
  const options = object(optionsTitle, {
    out: source.value("--out", source.directory, {
      description: "Where to write them.",
      fallback: "certs",
    }),
    hosts: source.list("--host", { one: host("NAME_OR_IP"), all: hostList }, {
      description:
        "Another name or address of the server; may be repeated (commas in the variable). localhost, 127.0.0.1, ::1 and this machine's name are always in.",
    }),
    days: source.value("--days", certificateDays, {
      description: "Validity of the server's certificate; the CA's is ten years.",
      fallback: certificateDaysDefault,
    }),
    force: source.flag(["--force"], {
      description: "Replace what is there. Every certificate that the old CA issued stops working.",
    }),
  });
  return merge(object({ kind: constant("gencert") }), options);
}
