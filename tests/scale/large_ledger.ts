/**
 * Makes a large ledger, to measure on:
 *
 *     deno task large-ledger FOLDER --entries 1000000 --accounts 10000
 *     micropay ledger audit --db FOLDER/server.db --certs FOLDER/certs
 *
 * Every order is really signed by its payer's own key. The accounts are opened as a server opens
 * them, and `bulk_book.ts` books the rest. Memory does not grow with the entries. FOLDER gets
 * `server.db`, `certs/`, `plan.json`, and `members.jsonl` with each member's certificate and key.
 * When the folder has a ledger already, the entries that it lacks are appended.
 */
import { join } from "node:path";
import { isThere } from "../../src/durable_files.ts";
import { type Booking, issuingAccount } from "../../src/ledger/entry.ts";
import { openSqliteLedger } from "../../src/ledger/sqlite/open_sqlite_ledger.ts";
import type { SqliteLedger } from "../../src/ledger/sqlite/sqlite_ledger.ts";
import type { Amount } from "../../src/money.ts";
import type { CertificateAuthority } from "../../src/pki/certificate_authority.ts";
import {
  openAuthority,
  openCertificates,
  type OpenedCertificates,
} from "../../src/pki/certificate_folder.ts";
import { type VerifiedCertificate, verifyChain } from "../../src/pki/certificate_profile.ts";
import { makeCertificates } from "../../src/pki/make_certificates.ts";
import { derToPem, pemToDers } from "../../src/pki/pem.ts";
import { sha256Hex, SigningKey } from "../../src/pki/signing_key.ts";
import type { TrustAnchor } from "../../src/pki/trust_anchor.ts";
import { bookingOf, signOrder } from "../../src/protocol/order.ts";
import { orderLifetimeMs } from "../../src/limits.ts";
import { systemRandom } from "../../src/random.ts";
import { ManualClock } from "../manual_clock.ts";
import { numberOption } from "../number_option.ts";
import { BulkBook } from "./bulk_book.ts";
import {
  accountAt,
  openingAmount,
  type Plan,
  plannedAtMs,
  plannedEntry,
  plannedId,
} from "./planned_entries.ts";
import { type MemberKeys, signAhead, type SignedParts, type SigningJob } from "./signing_pool.ts";

export interface LargeLedgerOptions {
  readonly entries: number;
  /** The first entries are their openings. */
  readonly accounts: number;
  /** Threads that sign. */
  readonly threads: number;
  readonly onProgress?: (entries: number) => void;
}

/** What the folder of a large ledger holds, besides the ledger. */
export interface LargeLedgerFolder {
  readonly plan: Plan;
  /** By place. */
  readonly members: readonly MemberKeys[];
  readonly certificates: OpenedCertificates;
}

/** Makes the ledger in an empty folder, or appends the missing entries to one made before. */
export async function makeLargeLedger(
  folder: string,
  { entries, accounts, threads, onProgress = () => {} }: LargeLedgerOptions,
): Promise<void> {
  if (!isThere(join(folder, "plan.json"))) await prepare(folder, accounts);
  const { plan, members, certificates } = await readLargeLedgerFolder(folder);
  const { anchor } = certificates;
  const [file, ledgerId] = [join(folder, "server.db"), anchor.fingerprint];
  using book = new BulkBook(file, ledgerId);
  const certificateOf = certificateReader({ members, anchor });
  const start = { plan, anchorPem: anchor.pem, members };
  const jobs = jobsBetween(book.size + 1, entries);
  for await (const { job, signed } of signAhead(jobs, { start, threads })) {
    book.book(bookingsOf(job, signed, { plan, certificateOf, ledgerId }));
    onProgress(job.first + job.count - 1);
  }
}

export async function readLargeLedgerFolder(folder: string): Promise<LargeLedgerFolder> {
  const plan: Plan = JSON.parse(await Deno.readTextFile(join(folder, "plan.json")));
  const lines = (await Deno.readTextFile(join(folder, "members.jsonl"))).trimEnd().split("\n");
  const clock = new ManualClock(plan.startMs);
  const certs = join(folder, "certs");
  const certificates = openCertificates({ folder: certs, clock });
  return { plan, members: lines.map((line) => JSON.parse(line)), certificates };
}

/** Makes everything up to the openings. */
async function prepare(folder: string, accounts: number): Promise<void> {
  const plan = { accounts, startMs: Date.now() - ageMs };
  const [clock, certs] = [new ManualClock(plan.startMs), join(folder, "certs")];
  const hosts = ["localhost"];
  await makeCertificates({ folder: certs, hosts, days: 3650, clock, random: systemRandom });
  const certificates = openCertificates({ folder: certs, clock });
  const [file, ledgerId] = [join(folder, "server.db"), certificates.anchor.fingerprint];
  const ledger = await openSqliteLedger({ file, ledgerId });
  try {
    const authority = openAuthority(certs, clock.nowMs());
    const members = await openAccounts(ledger, { plan, certificates, authority });
    const lines = members.map((member) => `${JSON.stringify(member)}\n`).join("");
    await Deno.writeTextFile(join(folder, "members.jsonl"), lines, { mode: 0o600 });
    await Deno.writeTextFile(join(folder, "plan.json"), JSON.stringify(plan));
  } finally {
    await ledger.close();
  }
}

/** How long ago the first entry was booked. */
const ageMs = 30 * 86_400_000;

/** Rows that are signed and booked together. */
const jobRows = 8192;

function* jobsBetween(from: number, last: number): Generator<SigningJob> {
  for (let first = from; first <= last; first += jobRows) {
    yield { first, count: Math.min(jobRows, last - first + 1) };
  }
}

interface Opening {
  readonly plan: Plan;
  readonly certificates: OpenedCertificates;
  readonly authority: CertificateAuthority;
}

/** Opens all accounts as a server does, and returns what their members keep. */
async function openAccounts(ledger: SqliteLedger, opening: Opening): Promise<MemberKeys[]> {
  const members: MemberKeys[] = [];
  while (members.length < opening.plan.accounts) {
    const count = Math.min(jobRows, opening.plan.accounts - members.length);
    const places = Array.from({ length: count }, (_, index) => members.length + index);
    members.push(...await Promise.all(places.map((place) => openAccount(ledger, place, opening))));
  }
  return members;
}

async function openAccount(
  ledger: SqliteLedger,
  place: number,
  { plan, certificates, authority }: Opening,
): Promise<MemberKeys> {
  const [name, atMs] = [accountAt(place), plannedAtMs(place + 1, plan)];
  const { signingKey: { publicKey }, pem: privateKeyPem } = SigningKey.generate();
  const certificate = { name, publicKey, atMs, random: systemRandom };
  const der = authority.issueMember(certificate);
  const [id, amount] = [plannedId(place + 1, plan), openingAmount as Amount];
  const clock = { nowMs: () => atMs };
  const terms = { id, payer: issuingAccount, payee: name, amount } as const;
  const order = signOrder(terms, { ...certificates, clock });
  const { fingerprint: keyFingerprint } = publicKey;
  const { outcome } = await ledger.register({
    name,
    certificate: { fingerprint: sha256Hex(der), keyFingerprint, der, issuedAtMs: atMs },
    opening: bookingOf(order, { kind: "opening", atMs }),
  });
  if (outcome !== "registered") throw new Error(`register ${name}: ${outcome}`);
  return { name, certificatePem: derToPem(der, "CERTIFICATE"), privateKeyPem };
}

/** Reads a member's certificate at its first use, because reading one takes a while. */
function certificateReader(
  { members, anchor }: { readonly members: readonly MemberKeys[]; readonly anchor: TrustAnchor },
): (place: number, atMs: number) => VerifiedCertificate {
  const known: VerifiedCertificate[] = [];
  const read = (place: number, atMs: number) => {
    const chain = pemToDers(members[place]!.certificatePem, "CERTIFICATE");
    return verifyChain(chain, { anchor, role: "member", atMs });
  };
  return (place, atMs) => known[place] ??= read(place, atMs);
}

/** Returns the bookings of a job's orders: the plan and the signatures together. */
function bookingsOf(
  { first }: SigningJob,
  signed: readonly SignedParts[],
  { plan, certificateOf, ledgerId: ledger }: {
    readonly plan: Plan;
    readonly certificateOf: ReturnType<typeof certificateReader>;
    readonly ledgerId: string;
  },
): Booking[] {
  return signed.map(({ signature, digest }, index) => {
    const { terms, kind, payer, atMs } = plannedEntry(first + index, plan);
    const iat = Math.floor(atMs / 1000);
    const payload = { ...terms, ledger, iat, exp: iat + orderLifetimeMs / 1000 };
    const signer = certificateOf(payer, atMs);
    return bookingOf({ digest, payload, signature, signer }, { kind, atMs });
  });
}

async function main(): Promise<void> {
  const [folder] = Deno.args;
  const [entries, accounts] = [numberOption("--entries"), numberOption("--accounts")];
  if (folder === undefined || folder.startsWith("-") || entries === undefined) {
    console.error("deno task large-ledger FOLDER --entries N [--accounts N] [--threads N]");
    Deno.exit(2);
  }
  await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  const beganMs = performance.now();
  let [toldMs, first] = [beganMs, 0];
  await makeLargeLedger(folder, {
    entries,
    accounts: Math.min(accounts ?? 10_000, Math.ceil(entries / 10)),
    threads: numberOption("--threads") ?? Math.max(1, navigator.hardwareConcurrency - 1),
    onProgress(done) {
      const nowMs = performance.now();
      if (nowMs - toldMs < 10_000 && done < entries) return;
      toldMs = nowMs;
      first ||= done;
      const perSecond = (done - first) / ((nowMs - beganMs) / 1000);
      console.log(`${done} of ${entries} entries, ${perSecond.toFixed(0)} a second`);
    },
  });
}

if (import.meta.main) await main();
