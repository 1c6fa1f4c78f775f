/**
 * `micropay gencert`: its commands and options.
 */
import type { Command, OptionValues } from "@commander-js/extra-typings";
import { defaultFolder } from "../../pki/gencert_hint.ts";
import { examples } from "../command_line/help_page.ts";
import { certificateDays, hosts, type Paths } from "../command_line/option_values.ts";
import { firstOf, requestOf } from "../command_line/request_of.ts";
import { flag } from "../command_line/value_rule.ts";

export const certificateDaysDefault = 365;

export function gencertCommand(program: Command, paths: Paths) {
  const make = withOptions(
    program.command("gencert")
      .usage("[COMMAND]")
      .summary("Make the certificates.")
      .description(
        "Makes what is missing of CA.pem, CA.key, server.crt and server.key. With a CA there, makes only the server's. With --ca-from, makes the files of another server of the same ledger. Files that are replaced are kept under a dated name.",
      )
      .addHelpText(
        ...examples(
          "micropay gencert",
          "micropay gencert --host pay.example.org --host 192.0.2.7 --days 90",
          "micropay gencert --ca-from certs --out second-server --host two.example.org",
          "micropay gencert renew",
        ),
      ),
    paths,
  );
  const renew = withOptions(
    make.command("renew")
      .summary("Replace the server's certificate and keep the CA.")
      .description(
        "Replaces server.crt and server.key and keeps the CA, so that members notice nothing. Without --host the names stay as they are. Restart the server to use the new ones.",
      )
      .addHelpText(
        ...examples(
          "micropay gencert renew",
          "micropay gencert renew --host pay.example.org --days 90",
          "micropay gencert renew --ca-from certs --out second-server",
        ),
      ),
    paths,
  );
  for (const option of renew.options) if (isForReplacing(option.long)) option.hideHelp();
  return firstOf(
    requestOf(make, (options) => request({ name: "make" }, options)),
    requestOf(renew, (options) => request({ name: "renew" }, options)),
  );
}

/** Whether an option belongs to replacing the CA, which `renew` refuses. */
function isForReplacing(option: string | undefined): boolean {
  return ["--force", "--new-ca", "--yes", "--db"].includes(option ?? "");
}

type Options = ReturnType<ReturnType<typeof withOptions>["opts"]>;

function request(command: { readonly name: "make" | "renew" }, { host, ...options }: Options) {
  return { kind: "gencert" as const, command, hosts: host, ...options };
}

function withOptions(command: Command<[], OptionValues, OptionValues>, { file, directory }: Paths) {
  return (command as Command)
    .option("--out <DIR>", "Where to write them.", directory, defaultFolder)
    .option(
      "--ca-from <DIR>",
      "The folder with CA.pem and CA.key, if it is not that of --out. The folder of --out then gets CA.pem, and no CA.key.",
      directory,
    )
    .option(
      "--host <NAME_OR_IP>",
      "Another name or address of the server; may be repeated (commas in the variable). localhost, 127.0.0.1, ::1 and this machine's name are always in.",
      hosts,
      [],
    )
    .option(
      "--days <N>",
      "Validity of the server's certificate; the CA's is ten years.",
      certificateDays,
      certificateDaysDefault,
    )
    .option(
      "--force",
      "Replace all of them by new ones, the CA too: what it issued stops working. Asks on a terminal; needs --yes without one.",
      false,
    )
    .option(
      "--new-ca",
      "With --force: replace the CA even if its ledger is there, which can then no longer be served.",
      false,
    )
    // A server in a container may have MICROPAY_YES, which agrees to --reset only.
    .option("--yes", "Do what --force asks about.", flag("MICROPAY_CERTIFICATE_YES"), false)
    .option(
      "--db <FILE>",
      "The ledger that --force spares. Without it: server.db here and beside the certificates' folder.",
      file,
    );
}
