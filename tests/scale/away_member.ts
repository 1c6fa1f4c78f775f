/**
 * Makes the data folder of a member who was away for the second half of a large ledger: it holds
 * its receipts from before, and the checkpoint of its last audit.
 */
import { dirname, join } from "node:path";
import type { AccountName } from "../../src/account_name.ts";
import { encodeBase64 } from "../../src/base64.ts";
import { SqliteWalletStore } from "../../src/client/sqlite/sqlite_wallet_store.ts";
import { DataFolder } from "../../src/client/wallet/data_folder.ts";
import { openSqliteLedger } from "../../src/ledger/sqlite/open_sqlite_ledger.ts";
import type { TrustAnchor } from "../../src/pki/trust_anchor.ts";
import { signCheckpoint } from "../../src/protocol/checkpoint.ts";
import { orderText, verifyOrder } from "../../src/protocol/order.ts";
import { signReceipt } from "../../src/protocol/receipt.ts";
import { readLargeLedgerFolder } from "./large_ledger.ts";
import { plannedId } from "./planned_entries.ts";
import type { MemberKeys } from "./signing_pool.ts";

/** Most receipts that the member has. */
export const receiptsMax = 20;

export interface AwayMember {
  readonly name: AccountName;
  /** The id of a payment that it has the receipt of. */
  readonly payment: string;
  /** The tree of its last audit, as `ledger audit --since` reads it. */
  readonly since: string;
}

/** Writes a member's identity into its data folder, and returns the folder. */
export async function writeIdentity(
  home: string,
  { member: { name, certificatePem, privateKeyPem }, anchor }: {
    readonly member: MemberKeys;
    readonly anchor: TrustAnchor;
  },
): Promise<DataFolder> {
  const data = new DataFolder(home);
  const account = data.accountFolder(anchor.fingerprint, name);
  await Deno.mkdir(account, { recursive: true, mode: 0o700 });
  await Deno.writeTextFile(data.caFile(anchor.fingerprint), anchor.pem);
  await Deno.writeTextFile(join(account, "key.pem"), privateKeyPem, { mode: 0o600 });
  await Deno.writeTextFile(join(account, "certificate.pem"), certificatePem);
  return data;
}

/**
 * Fills the member's folder. No server may run on the ledger.
 *
 * @param options.entries the length of the ledger
 */
export async function makeAwayMember(
  home: string,
  { folder, entries, place }: {
    readonly folder: string;
    readonly entries: number;
    readonly place: number;
  },
): Promise<AwayMember> {
  const { plan, members, certificates } = await readLargeLedgerFolder(folder);
  const { anchor, identity } = certificates;
  const { name } = members[place]!;
  const ledgerId = anchor.fingerprint;
  const data = await writeIdentity(home, { member: members[place]!, anchor });
  await Deno.mkdir(dirname(data.walletFile()), { recursive: true });
  const store = new SqliteWalletStore(data.walletFile());
  const ledger = await openSqliteLedger({ file: join(folder, "server.db"), ledgerId });
  try {
    const { receipts, audits } = store.account(ledgerId, name);
    const half = (await ledger.entry(plannedId(Math.floor(entries / 2), plan)))!;
    const own = await ledger.history(name, { limit: receiptsMax, before: half.number });
    for (const entry of own) {
      const order = verifyOrder(orderText(entry, { ledgerId }), { anchor });
      await receipts.add(signReceipt(entry, certificates), order);
    }
    const tree = { size: half.number, head: half.head };
    const at = Math.floor(half.atMs / 1000);
    const { text: checkpoint } = signCheckpoint({ ...tree, at }, certificates);
    const certificate = encodeBase64(identity.certificate.der);
    const known = { entry: half.number, head: half.head, checkpoint, certificate };
    await audits.keep(known, own.map(({ id }) => id));
    return { name, payment: own[0]!.id, since: `${tree.size}:${tree.head}` };
  } finally {
    store.close();
    await ledger.close();
  }
}
