/** Checks the accounts of a ledger against what its entries and certificates say. */
import { isAccountName } from "../account_name.ts";
import { issuingAccount } from "../ledger/entry.ts";
import {
  type IssuedCertificate,
  type LedgerSnapshot,
  type StoredAccount,
  storedText,
} from "../ledger/snapshot.ts";

/** What an audit of the accounts found. */
export interface AccountsReport {
  /** A sentence about the first row that cannot be an account. */
  readonly fault: string | undefined;
  /** A sentence about the first balance that does not follow from the entries. */
  readonly balanceFault: string | undefined;
  /** Members' accounts. */
  readonly checked: number;
}

/**
 * Checks the accounts against all rows. The balances are those of one moment, so this is no task of
 * another thread.
 *
 * @param last the number of the last row of that moment
 */
export async function auditAccounts(
  snapshot: LedgerSnapshot,
  last: number,
): Promise<AccountsReport> {
  let fault: string | undefined;
  let balanceFault: string | undefined;
  let [checked, sum] = [0, 0];
  for await (const accounts of snapshot.accounts()) {
    const names = accounts.map(({ username }) => storedText(username));
    const states = await snapshot.statesBefore(last + 1, names);
    const certificates = await snapshot.certificatesOf(names);
    for (const [index, account] of accounts.entries()) {
      const name = names[index]!;
      fault ??= accountFault(account, certificates.get(name) ?? []);
      const made = Number(states.get(name)?.balance ?? 0);
      if (account.balance !== made) {
        balanceFault ??= `${name} has ${account.balance} and its entries make ${made}: ` +
          "the balance was changed, or entries after the last one are missing";
      }
      sum += made;
      if (name !== issuingAccount) checked++;
    }
  }
  if (sum !== 0) balanceFault ??= `all balances together are ${sum}, not 0`;
  return { fault, balanceFault, checked };
}

function accountFault(
  { username }: StoredAccount,
  certificates: readonly IssuedCertificate[],
): string | undefined {
  if (username === issuingAccount) return undefined;
  if (!isAccountName(username)) {
    return `an account cannot be named ${JSON.stringify(storedText(username).slice(0, 80))}`;
  }
  return certificates.some((row) => row.is_reissued !== 1)
    ? undefined
    : `the account ${username} has no certificate that it was registered with`;
}
