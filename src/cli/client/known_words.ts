/**
 * What completion suggests from the wallet: servers, accounts, peers and payments. It asks no
 * server and changes nothing.
 */
import { type AccountName, isAccountName } from "../../account_name.ts";
import { joinedLedgers } from "../../client/sqlite/joined_ledgers.ts";
import { type KnownPayment, knownPayments, knownServers } from "../../client/sqlite/known_names.ts";
import { SqliteWalletStore } from "../../client/sqlite/sqlite_wallet_store.ts";
import { DataFolder } from "../../client/wallet/data_folder.ts";
import { accountNames } from "../../client/wallet/identity_store.ts";
import { MicropayError } from "../../errors.ts";
import { isOrderId } from "../../random.ts";
import { endpointText, parseEndpoint } from "../../transport/byte_stream.ts";
import { absentWord } from "../command_line/value_rule.ts";
import {
  completionText,
  type KnownWordsRequest,
  type Suggestion,
} from "../command_line/completion.ts";
import { expandHome, platformDataHome } from "../data_home.ts";
import type { Environment } from "../process_io.ts";

interface Account {
  readonly ledger: string;
  readonly name: AccountName;
}

/**
 * Returns the lines for the shell. They are empty when there is no wallet, or it cannot be read:
 * completion says no errors.
 */
export async function completeKnownWords(
  request: KnownWordsRequest,
  environment: Environment,
): Promise<string> {
  try {
    return completionText(request, await suggest(request, environment));
  } catch (error) {
    if (!(error instanceof MicropayError)) throw error;
    return "";
  }
}

async function suggest(
  { known, host, port, ledger, as, home }: KnownWordsRequest,
  environment: Environment,
): Promise<Suggestion[]> {
  const given = home ?? environment("MICROPAY_HOME");
  const folder = new DataFolder(
    (given && expandHome(given, environment)) ||
      platformDataHome({ os: Deno.build.os, environment }),
  );
  const store = new SqliteWalletStore(folder.walletFile());
  try {
    const joined = await joinedLedgers(store);
    if (known === "ledgers") {
      return joined.map(({ name, account }) => ({ word: name, description: account }));
    }
    const servers = await knownServers(store);
    if (known === "hosts" || known === "ports") {
      const endpoints = servers.flatMap(({ server }) => parseEndpoint(server) ?? []);
      const words = known === "hosts"
        ? endpoints.map((endpoint) => endpoint.host)
        : endpoints.filter((endpoint) => endpoint.host === host).map(({ port }) => String(port));
      return [...new Set(words)].map((word) => ({ word, description: "" }));
    }
    const chosen = ledger ?? environment("MICROPAY_LEDGER") ?? joined[0]?.name;
    const hasAddress = host !== undefined && host !== absentWord && port !== undefined;
    const server = hasAddress && endpointText({ host, port: Number(port) });
    const pinned = hasAddress
      ? servers.filter((one) => one.server === server).map((one) => one.ledger)
      : joined.filter((one) => one.name === chosen).map((one) => one.ledger);
    // A server that is trusted by a CA's file is not pinned.
    const accounts = await accountsOn(pinned.length > 0 ? pinned : await folder.ledgers(), folder);
    if (known === "accounts") return accounts.map(({ name }) => ({ word: name, description: "" }));
    const name = as ?? environment("MICROPAY_AS");
    const found = new Map<string, Suggestion>();
    for (const account of accounts.filter((one) => !name || one.name === name)) {
      for (const payment of await knownPayments(store, account)) {
        const suggestions = known === "peers" ? peersIn(payment, account) : referencesTo(payment);
        for (const suggestion of suggestions) found.set(suggestion.word, suggestion);
      }
    }
    return [...found.values()];
  } finally {
    store.close();
  }
}

async function accountsOn(ledgers: readonly string[], folder: DataFolder): Promise<Account[]> {
  const accounts: Account[] = [];
  for (const ledger of ledgers) {
    for (const name of await accountNames(folder, ledger)) accounts.push({ ledger, name });
  }
  return accounts;
}

function peersIn({ payer, payee }: KnownPayment, { name }: Account): Suggestion[] {
  // Another program may have written anything into the file.
  return [payer, payee].filter((side) => isAccountName(side) && side !== name)
    .map((word) => ({ word, description: "" }));
}

/** Returns the other sides of the payments that the wallet knows of an account. */
export async function peersOf(
  store: SqliteWalletStore,
  account: { readonly ledger: string; readonly name: AccountName },
): Promise<string[]> {
  const payments = await knownPayments(store, account);
  const peers = payments.flatMap((payment) => peersIn(payment, account));
  return [...new Set(peers.map(({ word }) => word))];
}

function referencesTo({ entry, id, payer, payee, amount }: KnownPayment): Suggestion[] {
  if (!isOrderId(id) || !isAccountName(payer) || !isAccountName(payee)) return [];
  const description = `${payer} paid ${payee} ${amount}`;
  return [...(entry === undefined ? [] : [String(entry)]), id]
    .map((word) => ({ word, description }));
}
