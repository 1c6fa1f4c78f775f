/** Checks what `docs/ledger.md` says about tables and the tree. */
import { assert, assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import { schemaStatements, schemaVersion } from "../../src/ledger/sqlite/schema.ts";
import { goldenChanges, goldenEntries } from "./golden_entries.ts";
import { ledgerId } from "./ledger_samples.ts";
import { plainRoot } from "./plain_tree.ts";

const page = Deno.readTextFileSync(new URL("../../docs/ledger.md", import.meta.url));

Deno.test("the page lists every table and column, and no other", () => {
  const database = new DatabaseSync(":memory:");
  for (const statement of schemaStatements(ledgerId)) database.prepare(statement).run();
  const tables = database.prepare(
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
  ).all();
  const described = [...page.matchAll(/^\*\*`(\w+)`\*\*: /gm)].map(([, name]) => name!);
  assertEquals(described.sort(), tables.map(({ name }) => String(name)).sort());
  for (const name of described) {
    const section = page.split(`**\`${name}\`**: `)[1]!.split(/^(?:\*\*`|Indexes: )/m)[0]!;
    const rows = [...section.matchAll(/^\| `(\w+)` +\|/gm)].map(([, column]) => column);
    const columns = database.prepare(`SELECT name FROM pragma_table_info('${name}')`).all();
    assertEquals(rows, columns.map((column) => String(column.name)), name);
  }
  for (const { name } of database.prepare("SELECT name FROM sqlite_schema").all()) {
    if (!String(name).startsWith("sqlite_")) assert(page.includes(`\`${name}\``), String(name));
  }
  database.close();
  assert(page.includes(`| ${schemaVersion}       | `), "the newest schema version");
});

Deno.test("the page's worked example is the golden one", () => {
  const blocks = [...page.matchAll(/^(\["micropay.*\])\nleaf ([0-9a-f]{64})\nhead (\w+)$/gm)];
  assertEquals(
    blocks.map(([, , leaf, head]) => [leaf!, head!]),
    [...goldenEntries, ...goldenChanges].map(([, leaf, head]) => [leaf, head]),
  );
  const leaves: string[] = [];
  for (const [, encoded, leaf, head] of blocks) {
    leaves.push(createHash("sha256").update(`\0${encoded}`).digest("hex"));
    assertEquals([leaves.at(-1), plainRoot(leaves)], [leaf!, head!]);
  }
});
