/**
 * The ledgers that a person joined. Each has a name of the person's choice, the addresses of its
 * servers, and the account that joined. A client without an address uses the one joined last.
 */
import { type AccountName, isAccountName } from "../../account_name.ts";
import { FileError } from "../../errors.ts";
import { type Endpoint, endpointText, parseEndpoint } from "../../transport/byte_stream.ts";
import { ledgerNameCharactersMax } from "../wallet/ledger_name.ts";
import { textIn, type WalletStatements, type WalletTransactions } from "./wallet_statements.ts";

export interface JoinedLedger {
  readonly name: string;
  /** The SHA-256 fingerprint of its CA, 64 hexadecimal digits. */
  readonly ledger: string;
  /** At least one. */
  readonly servers: readonly Endpoint[];
  readonly account: AccountName;
}

/** Returns the ledgers that were joined, the last one first. */
export function joinedLedgers(store: WalletTransactions): Promise<JoinedLedger[]> {
  return store.read<JoinedLedger[]>((sql) => allIn(sql, store), []);
}

/**
 * Remembers a ledger as the one joined last. A ledger that was joined before keeps its name, and
 * gets these servers and this account.
 *
 * @param name the name for a ledger that was not joined before. A number follows it if another
 * ledger has it
 */
export function joinLedger(
  store: WalletTransactions,
  { name, ledger, servers, account }: JoinedLedger,
): Promise<JoinedLedger> {
  return store.write((sql) => {
    const known = allIn(sql, store);
    const before = known.find((one) => one.ledger === ledger)?.name;
    const free = before ?? freeName(name, known.map((one) => one.name));
    sql.joinLedger.run(free, ledger, serversText({ servers }), account);
    return { name: free, ledger, servers, account };
  });
}

/** Returns the servers of a ledger as `HOST:PORT,HOST:PORT`. */
export function serversText({ servers }: Pick<JoinedLedger, "servers">): string {
  return servers.map(endpointText).join(",");
}

/** Gives a joined ledger another name, and says why it could not. */
export function renameLedger(
  store: WalletTransactions,
  { from, to }: { readonly from: string; readonly to: string },
): Promise<"renamed" | "unknown" | "taken"> {
  return store.write((sql) => {
    const names = allIn(sql, store).map(({ name }) => name);
    if (!names.includes(from)) return "unknown";
    if (from !== to && names.includes(to)) return "taken";
    sql.renameLedger.run(to, from);
    return "renamed";
  });
}

/**
 * Forgets a joined ledger, and the pins of its servers. Its identities and receipts stay.
 *
 * @returns what was forgotten, or `undefined` when no ledger has this name
 */
export function forgetLedger(
  store: WalletTransactions,
  name: string,
): Promise<JoinedLedger | undefined> {
  return store.write((sql) => {
    const found = allIn(sql, store).find((one) => one.name === name);
    if (found === undefined) return undefined;
    sql.forgetLedger.run(name);
    for (const server of found.servers) sql.forgetPin.run(endpointText(server), found.ledger);
    return found;
  });
}

function allIn(sql: WalletStatements, store: WalletTransactions): JoinedLedger[] {
  return sql.joinedLedgers.all().map((row) => {
    const account = textIn(row, "account", store);
    // Another program may have written anything into the file.
    if (!isAccountName(account)) {
      throw new FileError(`read ${store.file}: a joined ledger's account is not a name`);
    }
    const servers = textIn(row, "servers", store).split(",").map((text) => {
      const server = parseEndpoint(text);
      if (server) return server;
      throw new FileError(`read ${store.file}: a joined ledger's servers are not addresses`);
    });
    const [name, ledger] = [textIn(row, "name", store), textIn(row, "ledger", store)];
    return { name, ledger, servers, account };
  });
}

function freeName(wanted: string, taken: readonly string[]): string {
  const name = wanted.slice(0, ledgerNameCharactersMax - 4);
  let free = name;
  for (let count = 2; taken.includes(free); count++) free = `${name}-${count}`;
  return free;
}
