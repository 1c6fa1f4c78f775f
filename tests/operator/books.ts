/** A ledger file with real certificates and signatures, for tests of the operator's commands. */
import { DatabaseSync } from "node:sqlite";
import { type AccountName, parseAccountName } from "../../src/account_name.ts";
import type { Clock } from "../../src/clock.ts";
import { type Booking, type Entry, issuingAccount } from "../../src/ledger/entry.ts";
import { openSqliteLedger } from "../../src/ledger/sqlite/open_sqlite_ledger.ts";
import type { SqliteLedger } from "../../src/ledger/sqlite/sqlite_ledger.ts";
import { openSqliteSnapshot } from "../../src/ledger/sqlite/sqlite_snapshot.ts";
import { isAmount } from "../../src/money.ts";
import { auditLedger, type AuditOptions } from "../../src/operator/audit.ts";
import { thisThread } from "../../src/cli/ledger/audit_threads.ts";
import { endAccount, type Ending } from "../../src/operator/ending.ts";
import type { CertificateAuthority } from "../../src/pki/certificate_authority.ts";
import {
  certificateFileNames,
  openAuthority,
  openCertificates,
  type OpenedCertificates,
} from "../../src/pki/certificate_folder.ts";
import { makeCertificates } from "../../src/pki/make_certificates.ts";
import { type Identity, openIdentity } from "../../src/pki/identity.ts";
import { derToPem } from "../../src/pki/pem.ts";
import { SigningKey } from "../../src/pki/signing_key.ts";
import { signAccountChange } from "../../src/protocol/account_change.ts";
import { bookingOf, type OrderTerms, signOrder } from "../../src/protocol/order.ts";
import { makeOrderId, systemRandom } from "../../src/random.ts";
import { ManualClock } from "../manual_clock.ts";

export function named(text: string): AccountName {
  return parseAccountName(text)!;
}

export interface MoveOptions {
  readonly memo?: string;
  readonly refunds?: string;
  /** The signer. By default the payer, or the server for issues. */
  readonly signer?: Identity;
  readonly kind?: Booking["kind"];
}

export class Books implements AsyncDisposable {
  readonly folder: string;
  readonly clock: Clock & { jump(ms: number): void; advance(ms: number): void };
  readonly certificates: OpenedCertificates & { readonly authority: CertificateAuthority };
  readonly ledger: SqliteLedger;
  readonly members = new Map<string, Identity>();

  constructor(
    folder: string,
    parts: Pick<Books, "clock" | "certificates" | "ledger">,
  ) {
    this.folder = folder;
    this.clock = parts.clock;
    this.certificates = parts.certificates;
    this.ledger = parts.ledger;
  }

  get file(): string {
    return `${this.folder}/server.db`;
  }

  get anchor() {
    return this.certificates.anchor;
  }

  /** Opens an account as the server does. */
  async register(text: string, opening = 1000): Promise<Identity> {
    return await this.#register(text, { opening });
  }

  /** Gives a revoked account another certificate, as the server does. */
  async reissue(text: string, codeDigest: string): Promise<Identity> {
    return await this.#register(text, { opening: 0, codeDigest });
  }

  /** Revokes the certificate of an account, as the operator does. */
  async revoke(text: string, codeDigest: string): Promise<void> {
    await this.#end({ kind: "revocation", name: named(text), codeDigest });
  }

  /** Closes an account, as the operator does. */
  async closeAccount(text: string): Promise<void> {
    await this.#end({ kind: "closure", name: named(text) });
  }

  async #end(ending: Ending): Promise<void> {
    const { outcome } = await endAccount(ending, { ...this.certificates, ...this });
    if (outcome !== "changed") throw new Error(`${ending.kind} of ${ending.name}: ${outcome}`);
  }

  async #register(
    text: string,
    { opening, codeDigest }: { readonly opening: number; readonly codeDigest?: string },
  ): Promise<Identity> {
    const { authority, anchor, identity: server } = this.certificates;
    const [name, atMs] = [named(text), this.clock.nowMs()];
    const { signingKey: { publicKey }, pem: privateKeyPem } = SigningKey.generate();
    const der = authority.issueMember({ name, publicKey, atMs, random: systemRandom });
    const identity = openIdentity({
      certificatePem: derToPem(der, "CERTIFICATE"),
      privateKeyPem,
      anchor,
      role: "member",
      atMs,
    });
    const { fingerprint, publicKey: { fingerprint: keyFingerprint } } = identity.certificate;
    const booking = isAmount(opening)
      ? this.#booking({ payer: issuingAccount, payee: name }, opening, {
        kind: "opening",
        signer: server,
      })
      : undefined;
    const previous = await this.ledger.lastStatement();
    const terms = { kind: "reissue", name, certificate: fingerprint, previous, atMs } as const;
    const outcome = await this.ledger.register({
      name,
      certificate: { fingerprint, keyFingerprint, der, issuedAtMs: atMs },
      ...(booking && { opening: booking }),
      ...(codeDigest !== undefined && {
        reissue: { codeDigest, change: signAccountChange(terms, this.certificates) },
      }),
    });
    if (!("account" in outcome)) throw new Error(`register ${text}: ${outcome.outcome}`);
    this.members.set(text, identity);
    return identity;
  }

  /** Books a payment, or an entry of another `kind`, exactly as asked. */
  async move(
    [payer, payee]: readonly [string, string],
    amount: number,
    options: MoveOptions = {},
  ): Promise<Entry> {
    const sides = { payer: payer as AccountName, payee: payee as AccountName };
    const outcome = await this.ledger.book(this.#booking(sides, amount, options));
    if (outcome.outcome !== "booked") throw new Error(`book: ${outcome.outcome}`);
    return outcome.entry;
  }

  async audit(options: Partial<AuditOptions> = {}) {
    const { anchor } = this;
    await using snapshot = openSqliteSnapshot({ file: this.file });
    const threads = thisThread(snapshot, anchor);
    return await auditLedger(snapshot, { anchor, threads, ...options });
  }

  /** Changes the file behind the program's back. */
  tamper(...statements: readonly string[]): void {
    const database = new DatabaseSync(this.file);
    for (const statement of statements) database.prepare(statement).run();
    database.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.ledger.close();
    await Deno.remove(this.folder, { recursive: true });
  }

  #booking(
    sides: Pick<OrderTerms, "payer" | "payee">,
    amount: number,
    { memo, refunds, signer, kind }: MoveOptions,
  ): Booking {
    if (!isAmount(amount)) throw new TypeError(`${amount} is no amount`);
    const { clock, anchor } = this;
    const { payer, payee } = sides;
    const isIssuing = payer === issuingAccount || payee === issuingAccount;
    const identity = signer ??
      (isIssuing ? this.certificates.identity : this.members.get(payer)!);
    const id = makeOrderId(clock, systemRandom);
    const terms = { id, payer, payee, amount, memo, refunds };
    const order = signOrder(terms, { identity, anchor, clock });
    const usualKind = refunds === undefined ? "payment" : "refund";
    return bookingOf(order, { kind: kind ?? usualKind, atMs: clock.nowMs() });
  }
}

/** @returns an empty ledger, opened as by a server */
export async function openBooks(
  { folder, clock = new ManualClock() }: { folder?: string; clock?: ManualClock } = {},
): Promise<Books> {
  const at = folder ?? await Deno.makeTempDir({ prefix: "micropay-books-" });
  const certs = `${at}/certs`;
  await makeCertificates({
    folder: certs,
    hosts: ["localhost"],
    days: 365,
    clock,
    random: systemRandom,
  });
  const authority = openAuthority(certs, clock.nowMs());
  const certificates = { ...openCertificates({ folder: certs, clock }), authority };
  const ledgerId = certificates.anchor.fingerprint;
  const ledger = await openSqliteLedger({ file: `${at}/server.db`, ledgerId });
  return new Books(at, { clock, certificates, ledger });
}

interface FilledBooks {
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly certificates: Books["certificates"];
  readonly members: ReadonlyMap<string, Identity>;
  readonly atMs: number;
}

/**
 * Returns a function that opens a copy of filled books. They are filled at its first call only,
 * because that takes longer than what most tests do with them. All copies have the same keys.
 */
export function copiesOf(fill: (books: Books) => Promise<void>): () => Promise<Books> {
  let filled: Promise<FilledBooks> | undefined;
  return async () => await openCopy(await (filled ??= fillBooks(fill)));
}

async function fillBooks(fill: (books: Books) => Promise<void>): Promise<FilledBooks> {
  await using books = await openBooks();
  await fill(books);
  // So that all of it is in its file, and nothing in its log.
  await books.ledger.close();
  const names = ["server.db", ...certificateFileNames.map((name) => `certs/${name}`)];
  const read = async (name: string) =>
    [name, await Deno.readFile(`${books.folder}/${name}`)] as const;
  const { certificates, members, clock } = books;
  const files = new Map(await Promise.all(names.map(read)));
  return { files, certificates, members, atMs: clock.nowMs() };
}

async function openCopy({ files, certificates, members, atMs }: FilledBooks): Promise<Books> {
  const folder = await Deno.makeTempDir({ prefix: "micropay-books-" });
  await Deno.mkdir(`${folder}/certs`, { mode: 0o700 });
  for (const [name, bytes] of files) {
    await Deno.writeFile(`${folder}/${name}`, bytes, { mode: 0o600 });
  }
  const ledgerId = certificates.anchor.fingerprint;
  const ledger = await openSqliteLedger({ file: `${folder}/server.db`, ledgerId });
  const books = new Books(folder, { clock: new ManualClock(atMs), certificates, ledger });
  for (const [name, identity] of members) books.members.set(name, identity);
  return books;
}

/**
 * Opens a copy of the sample books. They have three members and one entry of every kind:
 * 1, 2, 3 openings of alice, bob, carol · 4 alice pays bob 300 "lunch" · 5 bob pays carol 50 ·
 * 6 bob refunds alice 100 of 4 · 7 a deposit of 500 to carol · 8 a withdrawal of 20 from alice ·
 * 9 carol pays alice 7
 */
export const openSampleBooks = copiesOf(fillSample);

export async function fillSample(books: Books): Promise<void> {
  for (const name of ["alice", "bob", "carol"]) await books.register(name);
  const { id } = await books.move(["alice", "bob"], 300, { memo: "lunch" });
  books.clock.advance(86_400_000);
  await books.move(["bob", "carol"], 50);
  await books.move(["bob", "alice"], 100, { refunds: id, memo: "too much" });
  await books.move([issuingAccount, "carol"], 500, { kind: "deposit" });
  books.clock.advance(86_400_000);
  await books.move(["alice", issuingAccount], 20, { kind: "withdrawal", memo: "cash" });
  await books.move(["carol", "alice"], 7);
}
