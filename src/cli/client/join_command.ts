/**
 * `join`: pins the ledger of a join line, registers an account on it, and remembers both for the
 * commands that follow.
 */
import { type AccountName, accountNameRule, parseAccountName } from "../../account_name.ts";
import { joinedLedgers, joinLedger } from "../../client/sqlite/joined_ledgers.ts";
import type { SqliteWalletStore } from "../../client/sqlite/sqlite_wallet_store.ts";
import type { Wallet } from "../../client/wallet.ts";
import { InterruptedError, UntrustedError, UsageError } from "../../errors.ts";
import type { JoinUri } from "../../protocol/micropay_uri.ts";
import { endpointText } from "../../transport/byte_stream.ts";
import { joinLineFault, parseJoinLine } from "../command_line/option_values.ts";
import { type ExitCode, exitCodes } from "../exit_code.ts";
import type { LineInput } from "../line_input.ts";
import type { ProcessIo } from "../process_io.ts";
import { commandSteps, registeredText } from "./advice.ts";
import type { AddressedRequest } from "./choose_ledger.ts";
import { commandTyper } from "./command_typer.ts";
import type { ClientOutput } from "./output.ts";
import { printRefusal } from "./print_outcome.ts";

interface JoinContext extends Pick<ProcessIo, "isTerminal" | "say"> {
  readonly request: AddressedRequest;
  readonly wallet: Wallet;
  readonly store: SqliteWalletStore;
  readonly input: LineInput;
  readonly output: ClientOutput;
}

/**
 * Reads a join line from the standard input. `ps` shows the words of a command to every user, and
 * another user could join with the token before its owner does.
 *
 * @throws {UsageError} when the first line is no join line
 */
export async function readJoinLine(
  { input, isTerminal, say }: Pick<JoinContext, "input" | "isTerminal" | "say">,
): Promise<JoinUri> {
  if (isTerminal()) say("Join line:");
  const line = await input.next();
  const text = line.kind === "line" ? line.text.trim() : "";
  const uri = parseJoinLine(text);
  if (uri !== undefined) return uri;
  // The text is not repeated, because it may hold a token.
  throw new UsageError(`read the join line from the standard input: ${joinLineFault(text)}`);
}

/**
 * Joins a ledger. With a name that this wallet's key has already, it joins again: the servers and
 * the account are remembered anew, and nothing is registered.
 *
 * @throws {UsageError} when there is neither a name nor a person to ask for one
 * @throws {UntrustedError} when an address belongs to another ledger
 */
export async function join(uri: JoinUri, context: JoinContext): Promise<ExitCode> {
  const { request, wallet, store, output } = context;
  const known = await joinedLedgers(store);
  const before = known.find(({ ledger }) => ledger === uri.fingerprint);
  await requireSameLedger(uri, store);
  const account = request.as ?? await askName(before?.account, context);
  const connection = await wallet.connect();
  const outcome = await wallet.register(connection, account, { token: uri.token });
  if (outcome.outcome === "refused") {
    const attempt = { kind: "register", account, hasCode: false } as const;
    return printRefusal(outcome, attempt, { output, steps: commandSteps });
  }
  await wallet.pin(connection);
  const { servers, fingerprint: ledger } = uri;
  const joined = await joinLedger(store, { name: servers[0]!.host, ledger, servers, account });
  const typed = commandTyper({ ...request, joined: { ...joined, isLast: true } });
  const about = { typed: account, hasCode: false, next: typed("") };
  const text = `joined ${joined.name}\n${registeredText(outcome.answer, about)}`;
  output.printRegistration(outcome.answer, text, joined.name);
  return exitCodes.ok;
}

async function requireSameLedger(uri: JoinUri, store: SqliteWalletStore): Promise<void> {
  for (const server of uri.servers) {
    const address = endpointText(server);
    const pinned = await store.pinOf(address);
    if (pinned === undefined || pinned === uri.fingerprint) continue;
    const other = (await joinedLedgers(store)).find(({ ledger }) => ledger === pinned);
    const advice = other
      ? `micropay client ledgers forget ${other.name} forgets the old one`
      : `micropay client ${server.host} ${server.port} register NAME --fingerprint ${uri.fingerprint} pins the new one`;
    throw new UntrustedError(
      `join ${address}: the line says that its CA is ${uri.fingerprint}, and this wallet knows ` +
        `${pinned} there. Ask the operator which is right; if it is the line, ${advice}`,
    );
  }
}

async function askName(
  before: AccountName | undefined,
  { input, isTerminal, say }: JoinContext,
): Promise<AccountName> {
  if (!isTerminal()) {
    throw new UsageError("join: give the name that you want with --as; there is nobody to ask");
  }
  for (;;) {
    say(`Which name do you want on this ledger?${before === undefined ? "" : ` [${before}]`}`);
    const line = await input.next();
    if (line.kind === "end") throw new InterruptedError("join: no name was given");
    const text = line.kind === "line" ? line.text.trim() : "";
    const name = text === "" ? before : parseAccountName(text);
    if (name !== undefined) return name;
    say(`${accountNameRule}.`);
  }
}
