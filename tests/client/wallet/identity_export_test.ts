/**
 * The export of an identity, and what an import refuses.
 */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { Encrypter } from "age-encryption";
import fc from "fast-check";
import { SqliteWalletStore } from "../../../src/client/sqlite/sqlite_wallet_store.ts";
import { DataFolder } from "../../../src/client/wallet/data_folder.ts";
import { decryptExport, encryptExport } from "../../../src/client/wallet/encrypted_export.ts";
import { exportLines, importIdentity } from "../../../src/client/wallet/identity_export.ts";
import { IdentityStore } from "../../../src/client/wallet/identity_store.ts";
import { keptIdentities, keptIdentity } from "../../../src/client/wallet/kept_identities.ts";
import { KeyOpener } from "../../../src/client/wallet/key_opener.ts";
import type { WalletStore } from "../../../src/client/wallet/wallet_store.ts";
import { encodeBase64 } from "../../../src/base64.ts";
import { FileError, PassphraseError } from "../../../src/errors.ts";
import { entryLeaf } from "../../../src/ledger/entry.ts";
import { signCheckpoint } from "../../../src/protocol/checkpoint.ts";
import { signReceipt } from "../../../src/protocol/receipt.ts";
import { bookingOf, verifyOrder } from "../../../src/protocol/order.ts";
import type { JsonObject } from "../../../src/strict_json.ts";
import { alice, anchor, atMs, bob, identities, server } from "../../envelope/vector_parties.ts";
import { deriveQuickly } from "../../pki/quick_derivation.ts";
import { inFolder } from "../../pki/temporary_folder.ts";
import { orderPayload, signPayload } from "../../server/order_maker.ts";
import { named } from "../../server/test_server.ts";
import { CutOffDisk } from "./cut_off_disk.ts";
import { MemoryWalletStore } from "./memory_wallet_store.ts";
import { orderId } from "./wallet_rows.ts";

const name = named("alice");
const ledger = anchor.fingerprint;
const address = "127.0.0.1:8888";
const attempt = "import alice.jsonl";
const encoder = new TextEncoder();
const head = "a".repeat(64);
const checkpoint = signCheckpoint({ size: 9, head, at: atMs / 1000 }, { identity: server, anchor });

interface RecordTerms {
  readonly amount: number;
  readonly memo?: string | undefined;
  /** Whether it has a receipt; otherwise it is open. */
  readonly isPaid: boolean;
}

Deno.test("an export has key, certificate, pins, orders, receipts and the last audit, and an import restores them", async () => {
  await inFolder(async (folder) => {
    const source = await sourceIn(`${folder}/a`, [
      { amount: 5, memo: "lunch", isPaid: true },
      { amount: 6, isPaid: true },
      { amount: 7, isPaid: false },
    ]);
    const lines = await linesOf(source);
    assertEquals(lines.map((line) => Object.keys(JSON.parse(line))[0]), [
      ...["micropay", "order", "receipt", "receipt", "checkpoint", "orders"],
    ]);
    const target = targetIn(`${folder}/b`);
    const imported = await importInto(target, lines);
    const counts = { orders: 1, receipts: 2 };
    const servers = { servers: [address], serversOfOthers: [] };
    assertEquals(imported, { account: name, ledger, ...counts, ...servers });
    assertEquals(await contentsOf(target), await contentsOf(source));
    assertEquals(await linesOf(target), lines);
    const identity = await new IdentityStore(target.folder, anchor).load(name, { atMs });
    assertEquals(identity?.party, { role: "member", name });
  });
});

Deno.test("property: an import brings back whatever was exported", async () => {
  const terms = fc.record({
    amount: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    memo: fc.option(fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 60 }), {
      nil: undefined,
    }),
    isPaid: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(terms, { maxLength: 12 }), async (records) => {
      await inFolder(async (folder) => {
        const source = await sourceIn(`${folder}/a`, records);
        const target = targetIn(`${folder}/b`);
        await importInto(target, await linesOf(source));
        assertEquals(await contentsOf(target), await contentsOf(source));
      });
    }),
    { numRuns: 20 },
  );
});

/** Changes to the lines of an export, and what the refusal says. */
const defects: Readonly<Record<string, [change: (lines: Line[]) => Line[], text: string]>> = {
  "of another program": [(lines) => [{ a: 1 }, ...lines.slice(1)], "line 1: read an identity"],
  "of a later version": [onHead({ version: 2 }), "line 1: read an identity"],
  "without its last line": [(lines) => lines.slice(0, -1), "the export is cut off"],
  "that is empty": [() => [], "the export is cut off"],
  "with a line left out": [
    (lines) => lines.filter((_, at) => at !== 2),
    "1 orders and 1 receipts where 1 and 2 are expected",
  ],
  "with a line after the last one": [(lines) => [...lines, lines[2]!], "after the last one"],
  "with an unknown line": [(lines) => lines.toSpliced(1, 0, { what: 1 }), "line 2: read an open"],
  "with the name of another account": [onHead({ account: "bob" }), "not that of bob"],
  "with the certificate of another account": [
    onHead({ certificate: identities.bob.certificate }),
    "not that of alice",
  ],
  "with the server's certificate": [
    onHead({ certificate: identities.server.certificate }),
    "it is a server's",
  ],
  "with another key": [onHead({ key: identities.bob.privateKey }), "not the certificate's"],
  "with another CA": [onHead({ ca: identities.alice.certificate }), "line 1: "],
  "with the name of another ledger": [onHead({ ledger: head }), `the ledger is ${head}`],
  "with an address that no server has": [onHead({ servers: ["a b:1"] }), "line 1: "],
  "with an altered receipt": [onLine(2, (line) => alter(line, "receipt")), "line 3: "],
  "with an altered order": [onLine(2, (line) => alter(line, "order")), "line 3: "],
  "with the receipt of another order": [
    (lines) => lines.with(2, { ...lines[2], order: lines[3]!.order }),
    "line 3: ",
  ],
  "with an order of somebody else": [
    onLine(1, (line) => ({ ...line, order: orderBy("bob") })),
    "the order is by bob, not by alice",
  ],
  "with an altered checkpoint": [
    onLine(4, (line) => ({ ...line, checkpoint: `${line.checkpoint}`.replace("\n9\n", "\n8\n") })),
    "line 5: check a checkpoint: the server did not sign it",
  ],
};

for (const [what, [change, text]] of Object.entries(defects)) {
  Deno.test(`an export ${what} is refused, and brings no account`, async () => {
    await inFolder(async (folder) => {
      const lines = (await linesOf(await sourceIn(`${folder}/a`, someRecords)))
        .map((line) => JSON.parse(line));
      const changed = change(lines).map((line) => JSON.stringify(line));
      const target = targetIn(`${folder}/b`);
      const error = await assertRejects(() => importInto(target, changed), FileError);
      assertStringIncludes(error.message, text);
      assert(error.message.startsWith(`${attempt}: line `), error.message);
      assertEquals(await keptIdentities(target.folder), []);
      assertEquals(await target.store.serversOf(ledger), []);
    });
  });
}

Deno.test("an import overwrites no account, and keeps the pins of other ledgers", async () => {
  await inFolder(async (folder) => {
    const lines = await linesOf(await sourceIn(`${folder}/a`, someRecords));
    const target = targetIn(`${folder}/b`);
    await target.store.pin(address, head, { replace: false });
    const { serversOfOthers } = await importInto(target, lines);
    assertEquals(serversOfOthers, [address]);
    assertEquals(await target.store.pinOf(address), head);
    await assertRejects(() => importInto(target, lines), FileError, "nothing is overwritten");

    const other = targetIn(`${folder}/c`);
    await new IdentityStore(other.folder, anchor).apply(name);
    const key = other.folder.accountFolder(ledger, name) + "/key.pem";
    const before = await Deno.readTextFile(key);
    await assertRejects(() => importInto(other, lines), FileError, "nothing is overwritten");
    assertEquals(await Deno.readTextFile(key), before);
  });
});

Deno.test("an import brings an open order also where it is beyond the limits that a wallet kept", async () => {
  await inFolder(async (folder) => {
    const source = await sourceIn(`${folder}/a`, someRecords);
    const target = targetIn(`${folder}/b`);
    await target.store.account(ledger, name).limits.set({ perPayment: 1 }, { mayRaise: true });
    await importInto(target, await linesOf(source));
    assertEquals(await contentsOf(target), await contentsOf(source));
  });
});

Deno.test("cut off: an import that is run again is complete", async () => {
  await inFolder(async (folder) => {
    const source = await sourceIn(`${folder}/a`, someRecords);
    const lines = await linesOf(source);
    for (const isDone of [false, true]) {
      for (let last = 1;; last++) {
        const path = `${folder}/${isDone}-${last}`;
        const cutOff = new CutOffDisk(last, { isDone });
        const { store } = targetIn(path);
        const target = { folder: new DataFolder(path, cutOff.disk), store: cutOff.storeOn(store) };
        const first = await importInto(target, lines).then(() => undefined, (error) => error);
        if (first) assert(first instanceof FileError, String(first));
        const again = { folder: new DataFolder(path), store };
        const isThere = (await keptIdentities(again.folder)).length === 1;
        if (!isThere) await importInto(again, lines);
        const { servers: _, ...kept } = await contentsOf(again);
        const { servers: __, ...expected } = await contentsOf(source);
        assertEquals(kept, expected);
        if (!first) break;
      }
    }
  });
});

Deno.test("a key with a passphrase stays protected in an export, and an import asks for it", async () => {
  using _quick = deriveQuickly();
  await inFolder(async (folder) => {
    const source = await sourceIn(`${folder}/a`, []);
    await new IdentityStore(source.folder, anchor).protect(name, "correct horse");
    const lines = await linesOf(source);
    assertStringIncludes(lines[0]!, "BEGIN ENCRYPTED PRIVATE KEY");
    const target = targetIn(`${folder}/b`);
    await assertRejects(() => importInto(target, lines, "battery staple"), PassphraseError);
    assertEquals(await keptIdentities(target.folder), []);
    await importInto(target, lines, "correct horse");
    assertEquals((await keptIdentity(target.folder, {})).isProtected, true);
  });
});

Deno.test("an encrypted export is read with its passphrase, and with no other", async () => {
  const encrypted = await bytesOf(
    await encryptExport(ReadableStream.from([encoder.encode("text")]), "correct horse"),
  );
  assertEquals(await decrypt(encrypted, "correct horse"), encoder.encode("text"));
  const cheap = await encryptCheaply(encoder.encode("text"));
  const error = await assertRejects(() => decrypt(cheap, "battery staple"), PassphraseError);
  assertStringIncludes(error.message, "micropay ledger reissue");
});

Deno.test("an encrypted export that was changed or cut off anywhere is not read to its end", async () => {
  const text = encoder.encode("one\ntwo\n".repeat(20_000));
  const encrypted = await encryptCheaply(text);
  assertEquals(await decrypt(encrypted, "correct horse"), text);
  const places = Array.from({ length: 40 }, (_, at) => Math.floor(at * encrypted.length / 40));
  for (const at of [...places, encrypted.length - 1]) {
    const changed = encrypted.slice();
    changed[at]! ^= 1;
    await assertRejects(() => decrypt(changed, "correct horse"));
    await assertRejects(() => decrypt(encrypted.slice(0, at), "correct horse"));
  }
});

/** Encrypts as an export does, with little work. The file says how much its passphrase takes. */
async function encryptCheaply(text: Uint8Array): Promise<Uint8Array> {
  const encrypter = new Encrypter();
  encrypter.setPassphrase("correct horse");
  encrypter.setScryptWorkFactor(2);
  return await encrypter.encrypt(text);
}

async function decrypt(bytes: Uint8Array, passphrase: string): Promise<Uint8Array> {
  return await bytesOf(
    await decryptExport(ReadableStream.from([bytes]), { passphrase, attempt }),
  );
}

type Line = Record<string, unknown>;

function onHead(changes: Line): (lines: Line[]) => Line[] {
  return onLine(0, (line) => ({ ...line, ...changes }));
}

function onLine(at: number, change: (line: Line) => Line): (lines: Line[]) => Line[] {
  return (lines) => lines.with(at, change(lines[at]!));
}

/** Changes the last character of a signature. */
function alter(line: Line, member: string): Line {
  const text = String(line[member]);
  return { ...line, [member]: `${text.slice(0, -1)}${text.endsWith("A") ? "Q" : "A"}` };
}

const someRecords: readonly RecordTerms[] = [
  { amount: 5, isPaid: true },
  { amount: 6, isPaid: true },
  { amount: 7, isPaid: false },
];

interface Place {
  readonly folder: DataFolder;
  readonly store: WalletStore;
}

/** A folder with the identity of alice, and with records that she and the server signed. */
async function sourceIn(path: string, records: readonly RecordTerms[]): Promise<Place> {
  const folder = new DataFolder(path);
  const store = new MemoryWalletStore();
  await new IdentityStore(folder, anchor).adopt(name, {
    certificatePem: identities.alice.certificate,
    keyPem: identities.alice.privateKey,
  });
  await store.pin(address, ledger, { replace: false });
  const { outbox, receipts, audits } = store.account(ledger, name);
  for (const [number, { amount, memo, isPaid }] of records.entries()) {
    const id = orderId(number);
    const order = verifyOrder(orderBy("alice", { id, amount, memo }), { anchor });
    if (isPaid) await receipts.add(receiptOf(order.text, number + 1), order);
    else {
      await outbox.add(order);
      if (amount % 2 === 1) await outbox.markRefused(order);
    }
  }
  const certificate = encodeBase64(server.certificate.der);
  await audits.keep({ entry: 9, head, checkpoint: checkpoint.text, certificate }, []);
  return { folder, store };
}

function targetIn(path: string): Place {
  const folder = new DataFolder(path);
  return { folder, store: new SqliteWalletStore(folder.walletFile()) };
}

function orderBy(payer: "alice" | "bob", changes: JsonObject = {}): string {
  const seconds = atMs / 1000;
  const signer = payer === "alice" ? alice : bob;
  const payee = payer === "alice" ? "bob" : "alice";
  const times = { iat: seconds, exp: seconds + 120 };
  return signPayload(orderPayload(signer, anchor, { payee, ...times, ...changes }), signer);
}

function receiptOf(text: string, number: number) {
  const order = verifyOrder(text, { anchor });
  const contents = { ...bookingOf(order, { kind: "payment", atMs: atMs + 1000 }), number };
  const entry = { ...contents, payerBalance: 0, payeeBalance: 0, leaf: entryLeaf(contents), head };
  return signReceipt(entry, { identity: server, anchor });
}

async function linesOf({ folder, store }: Place): Promise<string[]> {
  return await Array.fromAsync(exportLines(await keptIdentity(folder, {}), store));
}

async function importInto(
  { folder, store }: Place,
  lines: readonly string[],
  passphrase?: string,
) {
  const ask = passphrase === undefined ? undefined : () => Promise.resolve(passphrase);
  async function* given() {
    yield* lines;
  }
  return await importIdentity(given(), { folder, store, keys: new KeyOpener(ask), attempt });
}

async function contentsOf({ folder, store }: Place) {
  const { outbox, receipts, audits } = store.account(ledger, name);
  return {
    files: await new IdentityStore(folder, anchor).files(name),
    servers: await store.serversOf(ledger),
    orders: await Promise.all((await outbox.ids()).map((id) => outbox.get(id))),
    receipts: await Array.fromAsync(receipts.all()),
    audit: await audits.last(),
  };
}

async function bytesOf(parts: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  return new Uint8Array(await new Response(parts as BodyInit).arrayBuffer());
}
