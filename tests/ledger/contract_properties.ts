/**
 * Part of the contract: any sequence of commands has the outcomes of a plain model, and all
 * balances add up to zero. The model is independent of the implementations. It knows orders by
 * their digest, and who may act for whom.
 */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { AccountName } from "../../src/account_name.ts";
import { type Booking, type Entry, entryLeaf, isSignedByPayer } from "../../src/ledger/entry.ts";
import { changeLeaf, type RecordedChange } from "../../src/ledger/account_change.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import type { OpenLedger } from "./ledger_contract.ts";
import {
  certificateOf,
  closeAccount,
  noonMs,
  payment,
  presenceOf,
  refund,
  registration,
  reissueOf,
  revoke,
} from "./ledger_samples.ts";
import { plainRoot } from "./plain_tree.ts";

const names = ["ann", "ben", "cat", "dan"] as AccountName[];
const codes = fc.constantFrom("c1".repeat(32), "c2".repeat(32));
let fresh = 0;

interface Model {
  readonly balances: Map<string, number>;
  /** The account's current key, none while it is revoked. */
  readonly keys: Map<string, string>;
  readonly revokedKeys: Set<string>;
  /** Fingerprints of all certificates of each account, the newest last. */
  readonly certificates: Map<string, string[]>;
  /** The one-time code of a revoked account. */
  readonly codes: Map<string, string>;
  readonly closed: Set<string>;
  readonly online: Set<string>;
  /** Booked orders by id. */
  readonly orders: Map<string, Booking>;
  /** The texts of void orders, with their payers. */
  readonly voided: Map<string, string>;
}

interface Command {
  /** `before` is the model before the commands of the same wave. */
  readonly run: (ledger: Ledger, before: Model) => Promise<string>;
  readonly expect: (model: Model) => string;
  readonly toString: () => string;
}

/** Few names, ids and amounts, so that commands collide: repeated, in conflict, bankrupt. */
const commands: fc.Arbitrary<Command> = fc.oneof(
  { weight: 3, arbitrary: registerCommands() },
  { weight: 6, arbitrary: bookCommands() },
  { weight: 4, arbitrary: refundCommands() },
  { weight: 1, arbitrary: correctionCommands() },
  { weight: 1, arbitrary: presenceCommands() },
);

/** Each names the previous change, so one of two concurrent ones is outdated. */
const changeCommands: fc.Arbitrary<Command> = fc.oneof(
  { weight: 2, arbitrary: revokeCommands() },
  { weight: 2, arbitrary: reissueCommands() },
  { weight: 1, arbitrary: closeCommands() },
);

/** Without it most commands would concern unknown accounts. Only dan stays unknown. */
const firstWave = names.slice(0, 3).map((name) => registering({ name, key: "1", amount: 30 }));

export function ledgerProperties(
  name: string,
  open: OpenLedger,
  { runs }: { readonly runs: number },
): void {
  Deno.test(`${name}: any commands, some concurrent, have the model's outcomes, and the balances add up to zero`, async () => {
    const wave = fc.oneof(
      { weight: 3, arbitrary: fc.array(commands, { minLength: 1, maxLength: 6 }) },
      { weight: 1, arbitrary: changeCommands.map((command) => [command]) },
    );
    const waves = fc.array(wave, { maxLength: 16 });
    await fc.assert(
      fc.asyncProperty(waves, async (waves) => {
        const { ledger, dispose } = await open();
        try {
          const model = emptyModel();
          for (const wave of [firstWave, ...waves]) {
            const outcomes = await Promise.all(wave.map((command) => command.run(ledger, model)));
            assertEquals(outcomes, wave.map((command) => command.expect(model)));
          }
          await requireBooksInOrder(ledger, model);
        } finally {
          await dispose();
        }
      }),
      { numRuns: runs },
    );
  });
}

async function requireBooksInOrder(ledger: Ledger, model: Model): Promise<void> {
  const entries = new Map<number, Entry>();
  const changes = new Map<number, RecordedChange>();
  for (const change of await ledger.changes({ after: 0, limit: 10_000 })) {
    changes.set(change.number, change);
  }
  const sums = new Map<string, number>();
  for (const name of names) {
    const { balance, isClosed, certificate } = (await ledger.account(name)) ?? {};
    assertEquals(balance, model.balances.get(name));
    assertEquals(isClosed ?? false, model.closed.has(name));
    const isCertified = model.keys.has(name) && !model.closed.has(name);
    const expected = isCertified ? model.certificates.get(name)?.at(-1) : undefined;
    assertEquals(certificate?.fingerprint, expected);
    assert(balance === undefined || balance >= 0);
    for (const entry of await ledger.history(name, { limit: 10_000 })) {
      entries.set(entry.number, entry);
    }
  }
  const leaves: string[] = [];
  for (let number = 1; number <= entries.size + changes.size; number++) {
    const change = changes.get(number);
    if (change !== undefined) {
      leaves.push(changeLeaf(change));
      assertEquals(change.leaf, leaves.at(-1));
      continue;
    }
    const entry = entries.get(number)!;
    sums.set(entry.payer, (sums.get(entry.payer) ?? 0) - entry.amount);
    sums.set(entry.payee, (sums.get(entry.payee) ?? 0) + entry.amount);
    assertEquals([entry.payerBalance, entry.payeeBalance], [
      sums.get(entry.payer)!,
      sums.get(entry.payee)!,
    ]);
    leaves.push(entryLeaf(entry));
    assertEquals([entry.leaf, entry.head], [leaves.at(-1)!, plainRoot(leaves)]);
  }
  for (const name of names) assertEquals(model.balances.get(name) ?? 0, sums.get(name) ?? 0);
  const accounts = model.balances.size;
  const head = plainRoot(leaves);
  const totals = { accounts, entries: model.orders.size, balanceSum: 0, head };
  assertEquals(await ledger.totals(), totals);
  assertEquals(
    (await ledger.online({ limit: 100 })).map(({ name }) => name as string),
    [
      ...model.online,
    ].sort(),
  );
}

function emptyModel(): Model {
  return {
    balances: new Map(),
    keys: new Map(),
    revokedKeys: new Set(),
    certificates: new Map(),
    codes: new Map(),
    closed: new Set(),
    online: new Set(),
    orders: new Map(),
    voided: new Map(),
  };
}

function registerCommands(): fc.Arbitrary<Command> {
  return fc.record({
    name: fc.constantFrom(...names),
    key: fc.constantFrom("1", "2", "3"),
    amount: fc.nat(20),
  }).map(registering);
}

function reissueCommands(): fc.Arbitrary<Command> {
  return fc.record({
    name: fc.constantFrom(...names),
    key: fc.constantFrom("1", "2", "3"),
    amount: fc.nat(20),
    codeDigest: codes,
  }).map(registering);
}

interface RegisterParts {
  readonly name: AccountName;
  readonly key: string;
  readonly amount: number;
  readonly codeDigest?: string | undefined;
}

function registering(parts: RegisterParts): Command {
  const { name, key, amount, codeDigest } = parts;
  // The caller must use new ids for openings, and new certificates.
  let opening: Booking | undefined;
  let fingerprint = "";
  return {
    run: async (ledger) => {
      opening = registration(name, amount, { id: 2_000_000 + fresh++ }).opening;
      fingerprint = String(fresh).padStart(64, "0");
      const row = {
        name,
        certificate: { ...certificateOf(name, { key }), fingerprint },
        ...(opening && { opening }),
      };
      const whole = codeDigest === undefined ? row : await reissueOf(ledger, row, codeDigest);
      return (await ledger.register(whole)).outcome;
    },
    expect: (model) => {
      const outcome = expectRegistered(model, { ...parts, opening });
      if (outcome === "registered" || outcome === "reissued") {
        model.certificates.set(name, [...model.certificates.get(name) ?? [], fingerprint]);
      }
      return outcome;
    },
    toString: () => `register ${name} key ${key} with ${amount} code ${codeDigest?.slice(0, 2)}`,
  };
}

function expectRegistered(
  model: Model,
  { name, key, amount, codeDigest, opening }: RegisterParts & { opening: Booking | undefined },
): string {
  if (!model.balances.has(name)) {
    model.keys.set(name, key);
    model.balances.set(name, amount);
    if (opening) model.orders.set(opening.id, opening);
    return "registered";
  }
  if (model.closed.has(name)) return "name_taken";
  const known = model.keys.get(name);
  if (known !== undefined) return known === key ? "repeated" : "name_taken";
  const isRight = codeDigest !== undefined && model.codes.get(name) === codeDigest;
  if (!isRight || model.revokedKeys.has(`${name} ${key}`)) return "name_taken";
  model.codes.delete(name);
  model.keys.set(name, key);
  return "reissued";
}

function bookCommands(): fc.Arbitrary<Command> {
  const parts = fc.record({
    sides: fc.shuffledSubarray(names, { minLength: 2, maxLength: 2 }),
    amount: fc.integer({ min: 1, max: 15 }),
    id: fc.nat(40),
    memo: fc.option(fc.constantFrom(" ", "lunch", "'; DROP TABLE entry; --", "𝄞 ✓"), {
      nil: undefined,
    }),
    atMs: fc.integer({ min: -8e15, max: 8e15 }),
    isVoided: fc.nat(5).map((one) => one === 0),
    isOld: fc.nat(9).map((one) => one === 0),
  });
  return parts.map(({ sides: [payer, payee], amount, id, memo, atMs, isVoided, isOld }) => {
    const options = memo === undefined ? { id, atMs } : { id, atMs, memo };
    const row = payment([payer!, payee!], amount, options);
    return isVoided ? voiding(row, { payer: payer!, isOld }) : booking(row, { isOld });
  });
}

function refundCommands(): fc.Arbitrary<Command> {
  const parts = fc.record({
    sides: fc.shuffledSubarray(names, { minLength: 2, maxLength: 2 }),
    amount: fc.integer({ min: 1, max: 8 }),
    id: fc.nat({ max: 80 }),
    of: fc.nat(40),
    // Most refunds are of an existing payment, by its payee.
    isFitting: fc.boolean(),
  });
  return parts.map(({ sides: [payer, payee], amount, id, of, isFitting }) => {
    const wild = refund([payer!, payee!], amount, { id, of });
    if (!isFitting) return booking(wild);
    let fitting = wild;
    return {
      run: async (ledger, before) => {
        const payments = [...before.orders.values()].filter(({ kind }) => kind === "payment");
        const paid = payments[of % payments.length];
        if (paid !== undefined) {
          fitting = { ...refund([paid.payee, paid.payer], amount, { id, of }), refunds: paid.id };
        }
        fitting = signedIn(before, fitting);
        return (await ledger.book(fitting)).outcome;
      },
      expect: (model) => expectBooked(model, fitting),
      toString: () =>
        `book ${id}: give back ${amount} of the payment at ${of}, from the start again`,
    };
  });
}

function correctionCommands(): fc.Arbitrary<Command> {
  const parts = fc.tuple(fc.constantFrom(...names), fc.boolean(), fc.integer({ min: 1, max: 9 }));
  return parts.map(([name, comesIn, amount]) => {
    const id = 3_000_000 + fresh++;
    return booking(
      comesIn
        ? payment(["@issuer", name], amount, { id, kind: "deposit" })
        : payment([name, "@issuer"], amount, { id, kind: "withdrawal" }),
    );
  });
}

/** Signed under the payer's current certificate, or an old one. */
function signedIn(
  { certificates }: Model,
  row: Booking,
  { isOld = false }: { readonly isOld?: boolean } = {},
): Booking {
  if (!isSignedByPayer(row.kind)) return row;
  const all = certificates.get(row.payer) ?? [];
  const fingerprint = (isOld ? all[0] : all.at(-1)) ?? "f".repeat(64);
  return { ...row, certificate: { ...row.certificate, fingerprint } };
}

function booking(row: Booking, options: { readonly isOld?: boolean } = {}): Command {
  let signed = row;
  return {
    run: async (ledger, before) => {
      signed = signedIn(before, row, options);
      return (await ledger.book(signed)).outcome;
    },
    expect: (model) => expectBooked(model, signed),
    toString: () => `book ${row.id}: ${row.orderDigest} ${row.refunds} at ${row.atMs}`,
  };
}

function voiding(
  order: Booking,
  { payer, isOld }: { readonly payer: AccountName; readonly isOld: boolean },
): Command {
  const { id, orderDigest: digest, atMs } = order;
  const row = { id, digest, payer, code: 265, atMs, expiresAtMs: noonMs };
  let certificate = "";
  return {
    run: async (ledger, before) => {
      certificate = signedIn(before, order, { isOld }).certificate.fingerprint;
      return (await ledger.voidOrder({ ...row, certificate })).outcome;
    },
    expect: (model) => {
      const { orders, voided, closed } = model;
      if (orders.get(id)?.orderDigest === digest) return "booked";
      if (voided.has(digest)) return "repeated";
      if (closed.has(payer) || certificate !== currentCertificate(model, payer)) {
        return "unbookable";
      }
      voided.set(digest, payer);
      return "voided";
    },
    toString: () => `void ${id}: ${digest}`,
  };
}

function expectBooked(model: Model, row: Booking): string {
  const { balances, closed, orders, voided } = model;
  const { id, kind, payer, payee, amount } = row;
  const same = ({ orderDigest, kind, refunds }: Booking) =>
    JSON.stringify([orderDigest, kind, refunds]);
  const known = orders.get(id);
  if (known !== undefined) return same(known) === same(row) ? "repeated" : "id_conflict";
  if (voided.has(row.orderDigest)) return "voided";
  const [from, to] = [payer, payee].map((party) => party === "@issuer" ? 1e9 : balances.get(party));
  if (from === undefined) return "payer_unknown";
  if (to === undefined) return "payee_unknown";
  if (closed.has(payee) || (closed.has(payer) && kind !== "withdrawal")) return "account_closed";
  const isCurrent = row.certificate.fingerprint === currentCertificate(model, payer);
  if (isSignedByPayer(kind) && !isCurrent) {
    return "certificate_not_current";
  }
  if (kind === "refund") {
    const paid = orders.get(row.refunds!);
    if (paid?.kind !== "payment" || paid.payer !== payee || paid.payee !== payer) {
      return "payment_unknown";
    }
    const back = [...orders.values()].filter(({ refunds }) => refunds === row.refunds);
    const total = back.reduce<number>((sum, { amount }) => sum + amount, amount);
    if (total > paid.amount) return "refund_exceeds";
  }
  if (from < amount) return "bankrupt";
  if (payer !== "@issuer") balances.set(payer, from - amount);
  if (payee !== "@issuer") balances.set(payee, to + amount);
  orders.set(id, row);
  return "booked";
}

function currentCertificate(model: Model, name: string): string | undefined {
  return model.keys.has(name) ? model.certificates.get(name)?.at(-1) : undefined;
}

function revokeCommands(): fc.Arbitrary<Command> {
  return fc.tuple(fc.constantFrom(...names), codes).map(([name, codeDigest]) => ({
    run: async (ledger) => await revoke(ledger, name, codeDigest),
    expect: (model) => {
      if (!model.balances.has(name)) return "account_unknown";
      if (model.closed.has(name)) return "account_closed";
      if (model.keys.has(name)) model.revokedKeys.add(`${name} ${model.keys.get(name)}`);
      model.keys.delete(name);
      model.codes.set(name, codeDigest);
      model.online.delete(name);
      for (const [order, payer] of model.voided) if (payer === name) model.voided.delete(order);
      return "changed";
    },
    toString: () => `revoke ${name} code ${codeDigest.slice(0, 2)}`,
  }));
}

function closeCommands(): fc.Arbitrary<Command> {
  return fc.constantFrom(...names).map((name) => ({
    run: async (ledger) => await closeAccount(ledger, name),
    expect: ({ balances, closed, online }) => {
      if (!balances.has(name)) return "account_unknown";
      if (closed.has(name)) return "account_closed";
      closed.add(name);
      online.delete(name);
      return "changed";
    },
    toString: () => `close ${name}`,
  }));
}

function presenceCommands(): fc.Arbitrary<Command> {
  return fc.tuple(fc.constantFrom(...names), fc.boolean()).map(([name, up]) => ({
    run: async (ledger) =>
      up
        ? (await ledger.bringOnline(presenceOf(name))).outcome
        : await ledger.takeOffline(name) ?? "",
    expect: ({ keys, closed, online }) => {
      if (!up) return online.delete(name) ? "" : "";
      if (!keys.has(name) || closed.has(name)) return "account_unknown";
      return online.has(name) ? "already_online" : (online.add(name), "online");
    },
    toString: () => `${name} ${up ? "comes" : "goes"}`,
  }));
}
