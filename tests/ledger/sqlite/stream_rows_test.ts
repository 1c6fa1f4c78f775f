import { assert, assertEquals } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { streamRows } from "../../../src/ledger/sqlite/stream_rows.ts";

Deno.test("half a million rows are streamed without loss, with bounded memory, and without a crash", async () => {
  const script = new URL("streaming_child.ts", import.meta.url).pathname;
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--allow-all", script, "500000"],
  }).output();
  assert(success);
  const { count, sum, grownBytes } = JSON.parse(new TextDecoder().decode(stdout));
  assertEquals([count, sum], [500_000, 500_000 * 500_001 / 2]);
  // The rows are 200 MB and more in total. Memory before garbage collection is less.
  assert(grownBytes < 180_000_000, `grown by ${grownBytes} bytes`);
});

Deno.test("an integer is exact, past 2^53 as bigint", () => {
  const database = new DatabaseSync(":memory:");
  const sql = "SELECT 9007199254740991 AS a, 9007199254740992 AS b, -9223372036854775808 AS c, " +
    "1.5 AS d, NULL AS e, 'x' AS f, 0 AS g";
  assertEquals([...streamRows(database, sql)].map((row) => ({ ...row })), [{
    a: 9007199254740991,
    b: 9007199254740992n,
    c: -9223372036854775808n,
    d: 1.5,
    e: null,
    f: "x",
    g: 0,
  }]);
  database.close();
});

Deno.test("a reader that stops early releases the rows", () => {
  const database = new DatabaseSync(":memory:");
  database.exec("CREATE TABLE t (n); INSERT INTO t VALUES (1), (2), (3)");
  for (let round = 0; round < 5; round++) {
    const [first] = streamRows(database, "SELECT n FROM t ORDER BY n");
    assertEquals(first?.n, 1);
  }
  database.exec("DROP TABLE t"); // refused while somebody reads it
  database.close();
});
