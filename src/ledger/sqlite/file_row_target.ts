/**
 * Writes copied rows into a new ledger's file. The file has all rules of the schema from the start,
 * so a row that breaks them fails. `VACUUM INTO` would copy a file faster. It needs to attach a
 * database, which Deno 2.4 forbids.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { messageOf } from "../../errors.ts";
import { sqliteCondition } from "../../sqlite/sqlite_error.ts";
import {
  brokenRow,
  type CopiedRow,
  copyRows,
  type LedgerTable,
  type RowSource,
} from "../row_copy.ts";
import { tableColumns } from "./table_columns.ts";

/**
 * Copies all rows into a new file.
 *
 * @param target a new ledger, in a transaction
 * @throws as {@link copyRows}
 */
export async function copyIntoFile(
  source: RowSource,
  target: DatabaseSync,
  onRows?: (rows: number) => void,
): Promise<void> {
  // The source has its own row for the issuing account.
  target.prepare("DELETE FROM client").run();
  const writers = new Map<LedgerTable, TableWriter>();
  await copyRows(source, {
    columnsOf: (table) => {
      const columns = tableColumns(target, table).map(({ name }) => name);
      if (columns.length > 0) writers.set(table, new TableWriter(target, { table, columns }));
      return columns;
    },
    add: (table, rows) => {
      try {
        for (const row of rows) writers.get(table)!.add(row);
      } catch (error) {
        if (sqliteCondition(error) !== "refused") throw error;
        throw brokenRow(source.name, { table, reason: messageOf(error), cause: error });
      }
    },
  }, onRows);
}

class TableWriter {
  readonly #columns: readonly string[];
  readonly #insert: StatementSync;

  constructor(
    target: DatabaseSync,
    { table, columns }: { readonly table: LedgerTable; readonly columns: readonly string[] },
  ) {
    this.#columns = columns;
    const places = columns.map(() => "?").join(", ");
    this.#insert = target.prepare(
      `INSERT INTO ${table} (${columns.join(", ")}) VALUES (${places})`,
    );
  }

  add(row: CopiedRow): void {
    this.#insert.run(...this.#columns.map((column) => row[column]!));
  }
}
