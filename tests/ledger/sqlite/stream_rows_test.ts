import { assert, assertEquals } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { streamRows } from "../../../src/ledger/sqlite/stream_rows.ts";

const counting = (rows: number) =>
  `WITH RECURSIVE counted (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < ${rows})
    SELECT n, printf('%0200d', n) AS text FROM counted`;

Deno.test("half a million rows stream through: none is lost, no memory is kept, nothing in use is collected", () => {
  const database = new DatabaseSync(":memory:");
  const residentBefore = Deno.memoryUsage().rss;
  let [count, sum, residentMax] = [0, 0, 0];
  for (const { n } of streamRows(database, counting(500_000))) {
    sum += n as number;
    if (++count % 50_000 === 0) residentMax = Math.max(residentMax, Deno.memoryUsage().rss);
  }
  database.close();
  assertEquals([count, sum], [500_000, 500_000 * 500_001 / 2]);
  // The rows together are 200 MB and more; what is there before garbage is collected is not.
  assert(residentMax - residentBefore < 180_000_000);
});

Deno.test("a number comes as it is, past 2^53 as bigint", () => {
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

Deno.test("who stops early lets go of the rows", () => {
  const database = new DatabaseSync(":memory:");
  database.exec("CREATE TABLE t (n); INSERT INTO t VALUES (1), (2), (3)");
  for (let round = 0; round < 5; round++) {
    const [first] = streamRows(database, "SELECT n FROM t ORDER BY n");
    assertEquals(first?.n, 1);
  }
  database.exec("DROP TABLE t"); // refused while somebody reads it
  database.close();
});
