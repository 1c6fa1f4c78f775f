/** An audit on several threads finds what an audit on one thread finds. */
import { assertEquals, assertRejects } from "@std/assert";
import { OtherThreads } from "../../../src/cli/ledger/audit_threads.ts";
import { InterruptedError, LedgerError } from "../../../src/errors.ts";
import type { AuditThreads } from "../../../src/operator/audit.ts";
import { type Books, openSampleBooks } from "../../operator/books.ts";
import { change, withoutTriggers } from "../../operator/tampering.ts";

async function auditOnThreads(books: Books) {
  const { anchor, file } = books;
  using threads = new OtherThreads({ db: file, anchor, count: 2 });
  return await books.audit({ threads });
}

Deno.test("an audit on two threads accepts what an audit on one thread accepts", async () => {
  await using books = await openSampleBooks();
  assertEquals(await auditOnThreads(books), await books.audit());
});

Deno.test("an audit on two threads finds the fault that an audit on one thread finds", async () => {
  await using books = await openSampleBooks();
  change(books.file, withoutTriggers(books.file, "UPDATE entry SET amount = 51 WHERE number = 5"));
  const found = await auditOnThreads(books);
  assertEquals("entry" in found && [found.entry, found.entries], [5, 4]);
  assertEquals(found, await books.audit());
});

Deno.test("an audit on two threads is of one moment while the server continues", async () => {
  await using books = await openSampleBooks();
  const before = await books.audit();
  const { anchor, file } = books;
  using others = new OtherThreads({ db: file, anchor, count: 2 });
  const threads: AuditThreads = {
    count: 2,
    async perform(task, onProgress) {
      await books.move(["alice", "bob"], 1);
      return await others.perform(task, onProgress);
    },
  };
  assertEquals(await books.audit({ threads }), before);
});

Deno.test("tasks that run or wait when the threads are stopped end with the reason", async () => {
  await using books = await openSampleBooks();
  const { anchor, file } = books;
  using threads = new OtherThreads({ db: file, anchor, count: 1 });
  const tasks = [1, 2].map(() => threads.perform({ kind: "file" }, () => {}));
  const ends = tasks.map((task) => assertRejects(() => task, InterruptedError, "enough"));
  threads.stop(new InterruptedError("enough"));
  await Promise.all(ends);
  await assertRejects(() => threads.perform({ kind: "file" }, () => {}), InterruptedError);
});

Deno.test("a thread that cannot read the ledger says why", async () => {
  await using books = await openSampleBooks();
  const { anchor, folder } = books;
  const file = `${folder}/certs/CA.pem`;
  using threads = new OtherThreads({ db: file, anchor, count: 1 });
  await assertRejects(
    () => threads.perform({ kind: "file" }, () => {}),
    LedgerError,
    "is not a database",
  );
});
