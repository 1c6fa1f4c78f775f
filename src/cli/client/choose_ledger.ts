/**
 * Finds the servers that a client's command line means. Their addresses stand on the command line,
 * in the join line, or with a joined ledger.
 */
import {
  type JoinedLedger,
  joinedLedgers,
  serversText,
} from "../../client/sqlite/joined_ledgers.ts";
import type { WalletTransactions } from "../../client/sqlite/wallet_statements.ts";
import { UsageError } from "../../errors.ts";
import { type JoinUri, type PayUri, writeMicropayUri } from "../../protocol/micropay_uri.ts";
import type { Endpoint } from "../../transport/byte_stream.ts";
import type { ClientRequest } from "../command_line/command_line.ts";
import { serversOf } from "../command_line/option_values.ts";

/** A client's command line whose servers are known. */
export type AddressedRequest = ClientRequest & {
  /** At least one. */
  readonly servers: readonly Endpoint[];
  /** The join line, if the command is `join`. */
  readonly joining?: JoinUri | undefined;
  /** The joined ledger that was chosen, if the line gives no address. */
  readonly joined?: ChosenLedger | undefined;
};

export interface ChosenLedger extends JoinedLedger {
  /** Whether a command without `--ledger` chooses it too. */
  readonly isLast: boolean;
}

/**
 * Adds the servers to a client's command line.
 *
 * @param readJoinLine reads the join line from the standard input
 * @throws {UsageError} when the line names no server, or two
 * @throws {FileError} when the wallet cannot be read
 */
export async function chooseLedger(
  request: ClientRequest,
  store: WalletTransactions,
  readJoinLine: () => Promise<JoinUri>,
): Promise<AddressedRequest> {
  const { command, ledger, serverHost, serverPort } = request;
  if (command.name === "join") {
    const joining = command.uri === "-" ? await readJoinLine() : command.uri;
    return { ...request, joining, servers: joining.servers };
  }
  if (serverHost !== undefined && serverPort !== undefined) {
    const servers = serversOf(serverHost, serverPort);
    if (ledger === undefined) return { ...request, servers };
    const address = serversText({ servers });
    throw new UsageError(
      `use ${address} and the ledger ${ledger}: give the address or --ledger (MICROPAY_LEDGER), not both`,
    );
  }
  const all = await joinedLedgers(store);
  const wanted = command.name === "pay_request" ? command.uri : undefined;
  const joined = ledger !== undefined
    ? all.find(({ name }) => name === ledger)
    : wanted
    ? all.find((one) => one.ledger === wanted.fingerprint)
    : all[0];
  if (joined === undefined && ledger === undefined && wanted) {
    throw new UsageError(
      "pay a request: its ledger was not joined here; if you trust its operator, join it with " +
        `micropay client join '${writeMicropayUri(joinUriOf(wanted))}'`,
    );
  }
  if (joined === undefined) throw new UsageError(notJoinedText(command.name, ledger, all));
  return {
    ...request,
    servers: joined.servers,
    joined: { ...joined, isLast: joined === all[0] },
  };
}

function joinUriOf({ servers, fingerprint }: PayUri): JoinUri {
  return { kind: "join", servers, fingerprint };
}

function notJoinedText(
  command: string,
  ledger: string | undefined,
  all: readonly JoinedLedger[],
): string {
  if (all.length === 0) {
    const words = command === "menu" ? "" : ` ${command}`;
    return `use a ledger: none was joined yet; join one with micropay client join URI, or give ` +
      `the server's address: micropay client HOST PORT${words}`;
  }
  const names = all.map(({ name }) => name).join(", ");
  return `use the ledger ${ledger}: no ledger of this name was joined, only ${names}`;
}
