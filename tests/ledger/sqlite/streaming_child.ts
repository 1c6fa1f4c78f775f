/**
 * Reads rows of 200 characters and prints, as JSON, what they were and how many bytes the process
 * grew. It is a separate process, because tests that run at the same time share memory. Argument:
 * rows.
 */
import { DatabaseSync } from "node:sqlite";
import { streamRows } from "../../../src/ledger/sqlite/stream_rows.ts";

const rows = Number(Deno.args[0]);
const sql =
  `WITH RECURSIVE counted (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < ${rows})
    SELECT n, printf('%0200d', n) AS text FROM counted`;
const database = new DatabaseSync(":memory:");
const residentBefore = Deno.memoryUsage().rss;
let [count, sum, residentMax] = [0, 0, 0];
for (const { n } of streamRows(database, sql)) {
  sum += n as number;
  if (++count % 50_000 === 0) residentMax = Math.max(residentMax, Deno.memoryUsage().rss);
}
database.close();
console.log(JSON.stringify({ count, sum, grownBytes: residentMax - residentBefore }));
