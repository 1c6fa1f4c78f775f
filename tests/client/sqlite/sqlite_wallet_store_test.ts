/**
 * A wallet in an SQLite file: what people see of it, how other programs change it, and how it
 * behaves on a failing disk.
 */
import { DatabaseSync } from "node:sqlite";
import { assert, assertEquals, assertGreaterOrEqual, assertRejects } from "@std/assert";
import { SqliteWalletStore } from "../../../src/client/sqlite/sqlite_wallet_store.ts";
import type { AccountStore, WalletStore } from "../../../src/client/wallet/wallet_store.ts";
import { FileError } from "../../../src/errors.ts";
import { commitsIn } from "../../ledger/sqlite/commits_in.ts";
import { mountSmallDisk, type SmallDisk } from "../../ledger/sqlite/small_disk.ts";
import { inFolder } from "../../pki/temporary_folder.ts";
import { named } from "../../server/test_server.ts";
import { modeOf } from "../wallet/file_mode.ts";
import {
  ledger,
  orderId,
  orderOf,
  otherLedger,
  receiptOf,
  unverified,
} from "../wallet/wallet_rows.ts";
import { testWalletStore } from "../wallet/wallet_store_contract.ts";

const address = "127.0.0.1:1";
const keep = { replace: false };
const accountOf = (store: WalletStore): AccountStore => store.account(ledger, named("alice"));

/** @param use is given a path where nothing is, in a folder that is not there either */
async function withFile(use: (file: string) => Promise<void>): Promise<void> {
  await inFolder((folder) => use(`${folder}/a home/wallet.db`));
}

testWalletStore("a wallet in SQLite", (use) =>
  withFile(async (file) => {
    const opened: WalletStore[] = [];
    await use(() => {
      const store = new SqliteWalletStore(file);
      opened.push(store);
      return store;
    });
    for (const store of opened) store.close();
  }));

Deno.test("a wallet of which nothing is kept makes no file, and what is asked of it is not there", async () => {
  await withFile(async (file) => {
    const store = new SqliteWalletStore(file);
    const { audits, outbox, receipts } = accountOf(store);
    assertEquals(await store.pinOf(address), undefined);
    assertEquals([await outbox.ids(), await outbox.get(orderId(1))], [[], undefined]);
    await outbox.remove(orderOf(orderId(1)));
    assertEquals(await receipts.find({ entry: 1 }), []);
    assertEquals([await Array.fromAsync(receipts.all()), await audits.last()], [[], undefined]);
    store.close();
    await assertRejects(() => Deno.stat(file), Deno.errors.NotFound);
  });
});

Deno.test("a wallet and the files beside it are their owner's alone, and its folder, too", async () => {
  await withFile(async (file) => {
    const store = new SqliteWalletStore(file);
    await store.pin(address, ledger, keep);
    const modes = [file, `${file}-wal`, `${file}-shm`].map(modeOf);
    assertEquals(await Promise.all(modes), [0o600, 0o600, 0o600]);
    assertEquals(await modeOf(file.slice(0, file.lastIndexOf("/"))), 0o700);
    store.close();
  });
});

Deno.test("people who look into a wallet see who paid whom how much, and what is open", async () => {
  await withFile(async (file) => {
    const store = new SqliteWalletStore(file);
    const { outbox, receipts } = accountOf(store);
    const order = orderOf(orderId(2));
    await outbox.add(order);
    await outbox.markRefused(order);
    await receipts.add(...receiptOf(1));
    const database = new DatabaseSync(file, { readOnly: true });
    const rows = (table: string, columns: string) =>
      database.prepare(`SELECT ${columns} FROM ${table}`).all().map((row) => Object.values(row));
    assertEquals(rows("receipt", "account, entry, kind, payer, payee, amount, memo, booked_at"), [
      ["alice", 1, "payment", "alice", "bob", 5, "lunch", "2026-11-26T12:00:00.000Z"],
    ]);
    assertEquals(rows("open_order", "id, payer, payee, amount, memo, state"), [
      [orderId(2), "alice", "bob", 5, "lunch", "refused"],
    ]);
    database.close();
    store.close();
  });
});

Deno.test("what payments keep at one time shares a commit, and what is asked one after the other does not", async () => {
  await withFile(async (file) => {
    const store = new SqliteWalletStore(file);
    await store.pin(address, ledger, keep);
    const { outbox, receipts } = accountOf(store);
    const numbers = Array.from({ length: 50 }, (_, at) => at + 1);
    const orders = numbers.map((number) => orderOf(orderId(number)));
    let before = commitsIn(`${file}-wal`);
    const commits = () => {
      const now = commitsIn(`${file}-wal`);
      return [now - before, before = now][0];
    };
    await Promise.all(orders.map((order) => outbox.add(order)));
    assertEquals(commits(), 1);
    await Promise.all(numbers.map((number) => receipts.add(...receiptOf(number))));
    assertEquals(commits(), 1);
    for (const order of orders.slice(0, 3)) await outbox.remove(order);
    assertEquals(commits(), 3);
    // What is there already, or is not there, costs none.
    await receipts.add(...receiptOf(1));
    await outbox.remove(orders[0]!);
    assertEquals(commits(), 0);
    store.close();
  });
});

const strange: readonly { title: string; make: (file: string) => void; says: string }[] = [
  {
    title: "another program's database",
    make: (file) => change(file, "CREATE TABLE a (b)"),
    says: "it is a database of another program",
  },
  {
    title: "a newer micropay's wallet",
    make: (file) => change(file, "PRAGMA application_id = 1836087137", "PRAGMA user_version = 99"),
    says: "another version of micropay wrote it (schema 99, ",
  },
  {
    title: "no database",
    make: (file) => Deno.writeTextFileSync(file, "no database ".repeat(100)),
    says: "put a backup in its place",
  },
  { title: "a folder", make: (file) => Deno.mkdirSync(file), says: "has to be a file" },
];

for (const { title, make, says } of strange) {
  Deno.test(`where ${title} has a wallet's name, that is said, and it is left as it is`, async () => {
    await withFile(async (file) => {
      Deno.mkdirSync(file.slice(0, file.lastIndexOf("/")));
      make(file);
      const bytes = () => Deno.statSync(file).isFile ? Deno.readFileSync(file) : undefined;
      const before = bytes();
      const store = new SqliteWalletStore(file);
      for (
        const act of [
          () => store.pinOf(address),
          () => store.pin(address, ledger, keep),
          () => accountOf(store).outbox.ids(),
        ]
      ) {
        const error = await assertRejects(act, FileError, says);
        assert(error.message.includes(file), error.message);
      }
      store.close();
      assertEquals(bytes(), before);
    });
  });
}

function change(file: string, ...statements: string[]): void {
  const database = new DatabaseSync(file);
  try {
    for (const statement of statements) database.prepare(statement).run();
  } finally {
    database.close();
  }
}

Deno.test("a pin that is no fingerprint cannot be written", async () => {
  await withFile(async (file) => {
    const store = new SqliteWalletStore(file);
    await store.pin(address, ledger, keep);
    for (const ledger of ["short", "A".repeat(64)]) {
      const pin = `INSERT INTO pin (server, ledger) VALUES ('a:1', '${ledger}')`;
      let refusal: unknown;
      try {
        change(file, pin);
      } catch (error) {
        refusal = error;
      }
      assert(refusal instanceof Error, "a pin that is no fingerprint cannot be written");
    }
    store.close();
  });
});

const withNul = [
  { table: "pin", column: "ledger" },
  { table: "open_order", column: "order_jws" },
  { table: "receipt", column: "order_jws" },
  { table: "receipt", column: "receipt_jws" },
  { table: "audit", column: "head" },
] as const;

for (const { table, column } of withNul) {
  Deno.test(`a NUL in ${table}.${column} is found, so nobody hides a text behind one`, async () => {
    await withFile(async (file) => {
      const store = new SqliteWalletStore(file);
      const { audits, outbox, receipts } = accountOf(store);
      const id = orderId(1);
      await store.pin(address, ledger, keep);
      await outbox.add(orderOf(id));
      await receipts.add(...receiptOf(1));
      await audits.keep({ entry: 1, head: ledger, checkpoint: "one", certificate: "one" }, []);
      change(file, `UPDATE ${table} SET ${column} = ${column} || char(0) || 'more'`);
      const reads = {
        pin: () => store.pinOf(address),
        open_order: () => outbox.get(id),
        receipt: () => receipts.find({ id }),
        audit: () => audits.last(),
      };
      for (const [read, ask] of Object.entries<() => Promise<unknown>>(reads)) {
        if (read === table) await assertRejects(ask, FileError, `read ${file}: `);
        else await ask();
      }
      store.close();
    });
  });
}

Deno.test("the receipt of a payment and the end of its record take one commit", async () => {
  await withFile(async (file) => {
    const store = new SqliteWalletStore(file);
    await store.pin(address, ledger, keep);
    const { outbox, receipts } = accountOf(store);
    const [id, order] = [orderId(1), orderOf(orderId(1))];
    const before = commitsIn(`${file}-wal`);
    await outbox.add(order);
    await receipts.add(...receiptOf(1, { order }));
    assertEquals(commitsIn(`${file}-wal`) - before, 2);
    assertEquals([await outbox.ids(), await receipts.has(id)], [[], true]);
    store.close();
  });
});

Deno.test("a wallet that is locked says so in time, misses no receipt that it holds already, and goes on afterwards", async () => {
  await withFile(async (file) => {
    const store = new SqliteWalletStore(file);
    const { receipts } = accountOf(store);
    await store.pin(address, ledger, keep);
    assertEquals(await receipts.add(...receiptOf(1)), true);
    const person = new DatabaseSync(file);
    person.prepare("BEGIN IMMEDIATE").run();
    // Together they wait once.
    await Promise.all([
      store.pin(address, otherLedger, { replace: true }),
      receipts.add(...receiptOf(2)),
    ].map((writing) =>
      assertRejects(() => writing, FileError, `write ${file}: another program holds it locked`)
    ));
    // Readers wait for nobody.
    assertEquals(await store.pinOf(address), ledger);
    assertEquals(await receipts.add(...receiptOf(1)), false);
    person.prepare("ROLLBACK").run();
    person.close();
    assertEquals(await store.pin(address, otherLedger, { replace: true }), otherLedger);
    store.close();
  });
});

Deno.test("a wallet that was deleted or moved away while in use is made anew, and nothing is kept in the lost one", async () => {
  await withFile(async (file) => {
    const store = new SqliteWalletStore(file);
    await store.pin(address, ledger, keep);
    Deno.renameSync(file, `${file}.away`);
    assertEquals(await store.pinOf(address), undefined);
    await store.pin(address, otherLedger, keep);
    const other = new SqliteWalletStore(file);
    assertEquals(await other.pinOf(address), otherLedger);
    // In the moment between the asking and the writing.
    const pinning = other.pin("localhost:1", ledger, keep);
    await Promise.resolve();
    Deno.renameSync(file, `${file}.away`);
    await assertRejects(() => pinning, FileError, "it was moved or deleted while in use");
    await other.pin("localhost:1", ledger, keep);
    assertEquals(await other.pinOf("localhost:1"), ledger);
    store.close();
    other.close();
  });
});

/** As kill -9 leaves a wallet while it is made: nothing in it, or the mode of its journal alone. */
const halfMade: Readonly<Record<string, (file: string) => void>> = {
  "has nothing in it": (file) => Deno.writeFileSync(file, new Uint8Array()),
  "has no tables": (file) => change(file, "PRAGMA journal_mode = WAL"),
};

for (const [title, make] of Object.entries(halfMade)) {
  Deno.test(`a wallet that ${title} is none, and is made whole`, async () => {
    await inFolder(async (folder) => {
      const file = `${folder}/wallet.db`;
      make(file);
      const store = new SqliteWalletStore(file);
      assertEquals(await store.pinOf(address), undefined);
      await store.pin(address, ledger, keep);
      assertEquals(await store.pinOf(address), ledger);
      store.close();
    });
  });
}

/**
 * Acknowledgements before each child is killed: none, so that the kill can come while the wallet is
 * made; a few; or several logs full.
 */
const acknowledgedBeforeKill = [0, 0, 0, 1, 100, 600];

Deno.test("kill -9 at any time loses nothing acknowledged, and leaves an unfinished write whole or absent", async () => {
  await withFile(async (file) => {
    const acknowledged: number[] = [];
    for (const [round, count] of acknowledgedBeforeKill.entries()) {
      acknowledged.push(...await keepUntilKilled(file, { first: round * 100_000 + 1, count }));
      const store = new SqliteWalletStore(file);
      const { outbox, receipts } = accountOf(store);
      for (const number of acknowledged) {
        assertEquals(await receipts.has(orderId(number)), true, `${number} is gone`);
      }
      for (const id of await outbox.ids()) {
        const order = unverified((await outbox.get(id))!.text);
        assertEquals(order.payload.id, id);
        await outbox.remove(order);
      }
      store.close();
    }
  });
});

async function keepUntilKilled(
  file: string,
  { first, count }: { first: number; count: number },
): Promise<number[]> {
  const child = spawn("keeping_child.ts", file, String(first));
  let printed = "";
  let isKilled = false;
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    printed += text;
    // Before the first number it prints that it begins.
    if (!isKilled && printed.split("\n").length - 2 >= count) {
      isKilled = true;
      child.kill("SIGKILL");
    }
  }
  assertEquals((await child.status).signal, "SIGKILL");
  // The last piece is empty, or half a line: not an acknowledgement anybody could have read.
  return printed.split("\n").slice(1, -1).map(Number);
}

Deno.test("when two processes store the same receipts, each receipt is new for one of them", async () => {
  await withFile(async (file) => {
    const children = [1, 2].map(() => spawn("bringing_child.ts", file, "200"));
    const outputs = await Promise.all(children.map((child) => child.output()));
    assertEquals(outputs.map(({ code }) => code), [0, 0]);
    const told = outputs.flatMap(({ stdout }) =>
      new TextDecoder().decode(stdout).trim().split("\n").filter((line) => line !== "").map(Number)
    );
    const numbers = Array.from({ length: 200 }, (_, at) => at + 1);
    assertEquals(told.toSorted((one, other) => one - other), numbers);
    assertGreaterOrEqual(outputs.length, 2);
  });
});

function spawn(script: string, ...args: string[]): Deno.ChildProcess {
  const path = new URL(script, import.meta.url).pathname;
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--allow-all", path, ...args],
    stdout: "piped",
  }).spawn();
}

const probe = await mountSmallDisk("64k");
await probe?.[Symbol.asyncDispose]();
const ignore = probe === undefined;

async function onSmallDisk(
  use: (disk: SmallDisk, file: string) => Promise<void>,
): Promise<void> {
  const disk = await mountSmallDisk("700k");
  assert(disk);
  try {
    // Every sign that a URI has a use for.
    await use(disk, `${disk.folder}/a home?%41#/wallet.db`);
  } finally {
    await disk[Symbol.asyncDispose]();
  }
}

/** Takes all the room there is, until it is disposed of. */
function ballast({ folder }: SmallDisk): Disposable {
  const path = `${folder}/ballast`;
  using file = Deno.openSync(path, { write: true, create: true });
  try {
    for (const piece = new Uint8Array(4096);;) file.writeSync(piece);
  } catch {
    // It is full.
  }
  return { [Symbol.dispose]: () => Deno.removeSync(path) };
}

Deno.test({
  name:
    "on a full disk nothing is kept by halves, everything can be read, and it goes on when there is room",
  ignore,
}, () =>
  onSmallDisk(async (disk, file) => {
    const store = new SqliteWalletStore(file);
    await store.pin(address, ledger, keep);
    {
      using _ = ballast(disk);
      const { receipts } = accountOf(store);
      let kept = 0;
      const full = await (async () => {
        for (;; kept++) await receipts.add(...receiptOf(kept + 1));
      })().catch((error) => error);
      assert(full instanceof FileError, full);
      assertEquals(
        full.message,
        `write ${file}: there is no room left on its disk; make room, then try again`,
      );
      assertEquals((await Array.fromAsync(receipts.all())).length, kept);
      // A command that starts now has no room for SQLite's own files either.
      store.close();
      const next = new SqliteWalletStore(file);
      assertEquals(await next.pinOf(address), ledger);
      assertEquals((await Array.fromAsync(accountOf(next).receipts.all())).length, kept);
      await assertRejects(() => next.pin("localhost:1", ledger, keep), FileError, "no room left");
      next.close();
    }
    await accountOf(store).receipts.add(...receiptOf(1000));
    assertEquals(await accountOf(store).receipts.has(orderId(1000)), true);
    store.close();
  }));

Deno.test({
  name: "a wallet on a disk without room for it is one clear error, and is made when there is room",
  ignore,
}, () =>
  onSmallDisk(async (disk, file) => {
    const store = new SqliteWalletStore(file);
    {
      using _ = ballast(disk);
      assertEquals(await store.pinOf(address), undefined);
      await assertRejects(() => store.pin(address, ledger, keep), FileError);
    }
    await store.pin(address, ledger, keep);
    assertEquals(await store.pinOf(address), ledger);
    store.close();
  }));

for (const isClosed of [true, false]) {
  const state = isClosed ? "closed in good order" : "left by a program that was killed";
  Deno.test({
    name:
      `in a read-only folder a wallet that was ${state} can be read, and what cannot be kept is said`,
    ignore,
  }, () =>
    onSmallDisk(async (disk, file) => {
      const store = new SqliteWalletStore(file);
      await store.pin(address, ledger, keep);
      const sideFiles = [`${file}-wal`, `${file}-shm`];
      if (!isClosed) { for (const one of sideFiles) Deno.copyFileSync(one, `${one}.kept`); }
      store.close();
      if (!isClosed) { for (const one of sideFiles) Deno.renameSync(`${one}.kept`, one); }
      await disk.setReadOnly(true);
      const next = new SqliteWalletStore(file);
      assertEquals(await next.pinOf(address), ledger);
      assertEquals(await accountOf(next).outbox.ids(), []);
      await assertRejects(
        () => next.pin(address, otherLedger, { replace: true }),
        FileError,
        `write ${file}: it, the files beside it or their folder cannot be opened or written`,
      );
      assertEquals(await next.pinOf(address), ledger);
      next.close();
      await disk.setReadOnly(false);
      await next.pin(address, otherLedger, { replace: true });
      next.close();
    }));
}
