/**
 * The export of an identity: all that another machine needs to act as the account. It is a text of
 * JSON lines:
 *
 *     {"micropay":"identity","version":1,"account":…,"ledger":…,"ca":…,"certificate":…,"key":…,
 *      "servers":[…]}                  in one line
 *     {"order":…,"state":…}            for each open order
 *     {"receipt":…,"order":…}          for each receipt, as `micropay verify` reads it
 *     {"checkpoint":…,"serverCertificate":…}    of the last good audit, if there was one
 *     {"orders":…,"receipts":…}        the counts; without this line the text was cut off
 */
import * as v from "valibot";
import type { AccountName } from "../../account_name.ts";
import {
  CertificateError,
  FileError,
  isDocumentError,
  messageOf,
  ProtocolError,
} from "../../errors.ts";
import { exportRecordsMax, importBatchRecords } from "../../limits.ts";
import { pemCharactersMax, pemToDer } from "../../pki/pem.ts";
import { SigningKey } from "../../pki/signing_key.ts";
import { readTrustAnchorOfAnyDate, type TrustAnchor } from "../../pki/trust_anchor.ts";
import { type SignedOrder, verifyOrder } from "../../protocol/order.ts";
import { check } from "../../protocol/request_type.ts";
import type { SignedReceipt } from "../../protocol/receipt.ts";
import {
  type SeenCheckpoint,
  seenCheckpointShape,
  verifySeenCheckpoint,
} from "../../protocol/seen_checkpoint.ts";
import {
  accountNameShape,
  compactJwsShape,
  countShape,
  digestShape,
} from "../../protocol/shapes.ts";
import { parseJsonObject } from "../../strict_json.ts";
import { checkReceipt } from "../receipt_check.ts";
import type { DataFolder } from "./data_folder.ts";
import { IdentityStore } from "./identity_store.ts";
import { type KeptIdentity, verifyMember } from "./kept_identities.ts";
import type { KeyOpener } from "./key_opener.ts";
import type { AccountStore, AuditedHead, WalletStore } from "./wallet_store.ts";

const pemShape = v.pipe(v.string(), v.maxLength(pemCharactersMax));

const headShape = v.strictObject({
  micropay: v.literal("identity"),
  version: v.literal(1),
  account: accountNameShape,
  ledger: digestShape,
  ca: pemShape,
  certificate: pemShape,
  /** PKCS#8; a passphrase may protect it. */
  key: pemShape,
  /** The addresses that the ledger is pinned for, `host:port`. */
  servers: v.array(v.pipe(v.string(), v.regex(/^[^\s\p{C}]{1,300}:\d{1,5}$/u))),
});

type Head = v.InferOutput<typeof headShape>;

const orderShape = v.strictObject({
  order: compactJwsShape,
  state: v.picklist(["recorded", "refused"]),
});

const receiptShape = v.strictObject({ receipt: compactJwsShape, order: compactJwsShape });

const endShape = v.strictObject({ orders: countShape, receipts: countShape });

/** How many records an export has. */
export type RecordCounts = v.InferOutput<typeof endShape>;

/** What an import brought. */
export interface ImportedIdentity extends RecordCounts {
  readonly account: AccountName;
  readonly ledger: string;
  /** The addresses that the ledger is pinned for now. */
  readonly servers: readonly string[];
  /** The addresses that stay pinned to another ledger. */
  readonly serversOfOthers: readonly string[];
}

/**
 * Yields the lines of an export. Every record is verified, so that a damaged one is found while the
 * original is there. An order that is settled meanwhile is exported as open, and the next payment
 * from there settles it again.
 *
 * @returns how many records there are
 * @throws {FileError} when a record is damaged, or there are too many
 */
export async function* exportLines(
  { account, anchor, files }: KeptIdentity,
  store: WalletStore,
): AsyncGenerator<string, RecordCounts> {
  const { fingerprint: ledger, pem: ca } = anchor;
  const { certificatePem: certificate, keyPem: key } = files;
  const servers = await store.serversOf(ledger);
  yield line({ micropay: "identity", version: 1, account, ledger, ca, certificate, key, servers });
  const { outbox, receipts, audits } = store.account(ledger, account);
  const counts = { orders: 0, receipts: 0 };
  const verified = <Record extends object>(record: Record, what: string, verify: () => unknown) => {
    requireFew(counts, `export ${account}`);
    attemptingRecord(`export ${account}: ${what} in ${store.file} is damaged`, verify);
    return line(record);
  };
  for (const id of await outbox.ids()) {
    const stored = await outbox.get(id);
    if (!stored) continue;
    const { text: order, state } = stored;
    counts.orders++;
    yield verified({ order, state }, `the open order ${id}`, () => {
      readOrder(order, { account, anchor });
    });
  }
  for await (const { id, receipt, order } of receipts.all()) {
    counts.receipts++;
    yield verified({ receipt, order }, `the receipt of ${id}`, () => {
      readReceipt({ receipt, order }, { account, anchor });
    });
  }
  const last = await audits.last();
  if (last) {
    const audit = { checkpoint: last.checkpoint, serverCertificate: last.certificate };
    yield verified(audit, "the last audit", () => readAudit(audit, anchor));
  }
  yield line(counts);
  return counts;
}

interface ImportOptions {
  readonly folder: DataFolder;
  readonly store: WalletStore;
  readonly keys: KeyOpener;
  /** Begins the errors' texts, as in "import alice.age". */
  readonly attempt: string;
}

/**
 * Imports an identity. Verified: key, certificate and CA belong together, the server and the payers
 * signed the records, each is about the account, and none is missing. The certificate may have
 * expired, because registering again renews it.
 *
 * The account is there after the last line only. An import that failed leaves verified records in
 * the wallet, and the same one again completes it.
 *
 * @param lines without their ends
 * @throws {FileError} when a line is not valid, or the account is here already
 * @throws {PassphraseError} when the passphrase of the key is wrong
 */
export async function importIdentity(
  lines: AsyncIterable<string>,
  options: ImportOptions,
): Promise<ImportedIdentity> {
  let number = 0;
  let identity: Importing | undefined;
  let counts: RecordCounts | undefined;
  try {
    for await (const text of lines) {
      number++;
      if (counts) throw new ProtocolError("a line after the last one");
      const record = parseJsonObject(text);
      if (!record) throw new ProtocolError("not a JSON object");
      if (!identity) identity = await Importing.begin(record, options);
      else counts = await identity.take(record);
    }
    if (!identity || !counts) throw new ProtocolError("the export is cut off");
    return await identity.end(counts);
  } catch (cause) {
    if (!isDocumentError(cause)) throw cause;
    throw new FileError(`${options.attempt}: line ${number}: ${cause.message}`, { cause });
  }
}

class Importing {
  readonly #head: Head;
  readonly #anchor: TrustAnchor;
  readonly #identities: IdentityStore;
  readonly #wallet: WalletStore;
  readonly #store: AccountStore;
  #counts = { orders: 0, receipts: 0 };
  readonly #attempt: string;
  #writing: Promise<unknown>[] = [];

  private constructor(head: Head, anchor: TrustAnchor, options: ImportOptions) {
    const { folder, store, keys, attempt } = options;
    this.#attempt = attempt;
    this.#head = head;
    this.#anchor = anchor;
    this.#identities = new IdentityStore(folder, anchor, keys);
    this.#wallet = store;
    this.#store = store.account(head.ledger, head.account);
  }

  static async begin(record: unknown, options: ImportOptions): Promise<Importing> {
    const head = check(headShape, record, "read an identity");
    const { account, ledger, ca, certificate, key } = head;
    const anchor = readTrustAnchorOfAnyDate(pemToDer(ca, "CERTIFICATE"));
    if (anchor.fingerprint !== ledger) {
      throw new CertificateError(`the CA is ${anchor.fingerprint}, and the ledger is ${ledger}`);
    }
    const { publicKey } = verifyMember(certificate, { anchor, account });
    const importing = new Importing(head, anchor, options);
    await importing.#identities.requireFree(account, importing.#files);
    const { pem } = await options.keys.open(key, { path: `of ${account}`, account });
    if (SigningKey.read(pem).publicKey.fingerprint !== publicKey.fingerprint) {
      throw new CertificateError("the key is not the certificate's");
    }
    return importing;
  }

  get #files() {
    return { certificatePem: this.#head.certificate, keyPem: this.#head.key };
  }

  /** @returns the counts when this was the last line */
  async take(record: object): Promise<RecordCounts | undefined> {
    const { account } = this.#head;
    const anchor = this.#anchor;
    const { outbox, receipts, audits } = this.#store;
    if ("receipts" in record) return check(endShape, record, "read the last line");
    if ("checkpoint" in record) {
      const audit = check(seenCheckpointShape, record, "read an audit");
      await audits.keep(readAudit(audit, anchor), []);
      return undefined;
    }
    if ("receipt" in record) {
      const texts = check(receiptShape, record, "read a receipt");
      const { receipt, order } = readReceipt(texts, { account, anchor });
      this.#counts.receipts++;
      await this.#write(receipts.add(receipt, order));
    } else {
      const { order: text, state } = check(orderShape, record, "read an open order");
      const order = readOrder(text, { account, anchor });
      this.#counts.orders++;
      // One that the same export brought before may be settled by now.
      if (await receipts.has(order.payload.id)) return undefined;
      await outbox.add(order, { ignoresLimits: true });
      if (state === "refused") await outbox.markRefused(order);
    }
    requireFew(this.#counts, this.#attempt);
    return undefined;
  }

  async end(counts: RecordCounts): Promise<ImportedIdentity> {
    await this.#written();
    const { orders, receipts } = this.#counts;
    if (counts.orders !== orders || counts.receipts !== receipts) {
      throw new ProtocolError(
        `${orders} orders and ${receipts} receipts where ${counts.orders} and ` +
          `${counts.receipts} are expected`,
      );
    }
    const { account, ledger } = this.#head;
    await this.#identities.adopt(account, this.#files);
    const [servers, serversOfOthers]: [string[], string[]] = [[], []];
    for (const server of this.#head.servers) {
      const pinned = await this.#wallet.pin(server, ledger, { replace: false });
      (pinned === ledger ? servers : serversOfOthers).push(server);
    }
    return { account, ledger, ...counts, servers, serversOfOthers };
  }

  /** Lets receipts share a commit. */
  async #write(writing: Promise<unknown>): Promise<void> {
    // A failure is thrown when all of them are awaited.
    writing.catch(() => {});
    this.#writing.push(writing);
    if (this.#writing.length >= importBatchRecords) await this.#written();
  }

  async #written(): Promise<void> {
    await Promise.all(this.#writing.splice(0));
  }
}

interface Owner {
  readonly account: AccountName;
  readonly anchor: TrustAnchor;
}

function readOrder(text: string, { account, anchor }: Owner): SignedOrder {
  const order = verifyOrder(text, { anchor });
  if (order.payload.payer === account) return order;
  throw new ProtocolError(`the order is by ${order.payload.payer}, not by ${account}`);
}

function readReceipt(
  { receipt: receiptText, order: orderText }: v.InferOutput<typeof receiptShape>,
  { account, anchor }: Owner,
): { readonly receipt: SignedReceipt; readonly order: SignedOrder } {
  const { receipt, order } = checkReceipt(receiptText, orderText, { anchor });
  const { payer, payee } = receipt.payload;
  if (order && (payer === account || payee === account)) return { receipt, order };
  throw new ProtocolError(`the receipt is of ${payer} and ${payee}, not of ${account}`);
}

function readAudit(audit: SeenCheckpoint, anchor: TrustAnchor): AuditedHead {
  const { size, head, text: checkpoint } = verifySeenCheckpoint(audit, { anchor });
  return { entry: size, head, checkpoint, certificate: audit.serverCertificate };
}

function requireFew({ orders, receipts }: RecordCounts, attempt: string): void {
  if (orders + receipts <= exportRecordsMax) return;
  throw new FileError(`${attempt}: more than ${exportRecordsMax} receipts and open orders`);
}

function attemptingRecord(attempt: string, action: () => unknown): void {
  try {
    action();
  } catch (cause) {
    if (!isDocumentError(cause)) throw cause;
    throw new FileError(
      `${attempt}: ${messageOf(cause)}; delete its row with sqlite3, and export again`,
      { cause },
    );
  }
}

function line(record: object): string {
  return JSON.stringify(record);
}
