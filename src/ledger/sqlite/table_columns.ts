import type { DatabaseSync } from "node:sqlite";

/** Returns the columns of a table, none when the database does not have it. */
export function tableColumns(
  database: DatabaseSync,
  table: string,
): { readonly name: string; readonly type: string }[] {
  const rows = database.prepare("SELECT name, type FROM pragma_table_info(?)").all(table);
  return rows.map(({ name, type }) => ({ name: String(name), type: String(type) }));
}
