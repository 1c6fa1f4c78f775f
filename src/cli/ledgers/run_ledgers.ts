/**
 * `micropay client ledgers`: lists, renames and forgets the ledgers that a person joined.
 */
import {
  forgetLedger,
  type JoinedLedger,
  joinedLedgers,
  renameLedger,
  serversText,
} from "../../client/sqlite/joined_ledgers.ts";
import { SqliteWalletStore } from "../../client/sqlite/sqlite_wallet_store.ts";
import { DataFolder } from "../../client/wallet/data_folder.ts";
import { UsageError } from "../../errors.ts";
import { printable } from "../../printable.ts";
import { endpointText } from "../../transport/byte_stream.ts";
import type { LedgersRequest } from "../command_line/command_line.ts";
import { platformDataHome } from "../data_home.ts";
import { type ExitCode, exitCodes } from "../exit_code.ts";
import { jsonLine } from "../json_line.ts";
import type { ProcessIo } from "../process_io.ts";

/** @throws {MicropayError} when the wallet cannot be read or written, or a name is not known */
export async function runLedgers(
  { command, home, json }: LedgersRequest,
  { environment, print, say }: ProcessIo,
): Promise<ExitCode> {
  const folder = new DataFolder(home ?? platformDataHome({ os: Deno.build.os, environment }));
  const store = new SqliteWalletStore(folder.walletFile());
  try {
    switch (command.name) {
      case "list": {
        const all = await joinedLedgers(store);
        all.forEach((one, at) => print(json ? jsonLine(fieldsOf(one)) : textOf(one, at === 0)));
        if (all.length === 0 && !json) say("No ledger was joined yet: micropay client join URI");
        break;
      }
      case "rename":
        await rename(command, store);
        print(json ? jsonLine({ ledger: command.to }) : `${command.from} is ${command.to} now`);
        break;
      case "forget": {
        const forgotten = await forgetLedger(store, command.ledger);
        if (forgotten === undefined) throw await unknownLedger("forget", command.ledger, store);
        print(json ? jsonLine({ forgotten: command.ledger }) : `${command.ledger} is forgotten`);
        const kept = printable(folder.ledgerFolder(forgotten.ledger));
        say(`its identities stay in ${kept}, and its receipts in ${printable(store.file)}`);
      }
    }
    return exitCodes.ok;
  } finally {
    store.close();
  }
}

async function rename(
  { from, to }: { readonly from: string; readonly to: string },
  store: SqliteWalletStore,
): Promise<void> {
  const outcome = await renameLedger(store, { from, to });
  if (outcome === "unknown") throw await unknownLedger("rename", from, store);
  if (outcome === "taken") {
    throw new UsageError(`rename ${from} to ${to}: another ledger has this name; choose another`);
  }
}

async function unknownLedger(
  attempt: string,
  name: string,
  store: SqliteWalletStore,
): Promise<UsageError> {
  const names = (await joinedLedgers(store)).map((one) => one.name);
  const found = names.length === 0 ? "none" : `only ${names.join(", ")}`;
  return new UsageError(`${attempt} ${name}: no ledger of this name was joined, ${found}`);
}

function fieldsOf({ name, account, servers, ledger }: JoinedLedger) {
  const { host, port } = servers[0]!;
  return { name, account, host, port, ledger, servers: servers.map(endpointText) };
}

function textOf(joined: JoinedLedger, isLast: boolean): string {
  // Another program may have written anything into the wallet's file.
  const [name, address] = [joined.name, serversText(joined)].map(printable);
  const mark = isLast ? "  used without --ledger" : "";
  return `${name}  ${joined.account}  ${address}  ${joined.ledger.slice(0, 16)}…${mark}`;
}
