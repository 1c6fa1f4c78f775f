/**
 * The tables, indexes, triggers and functions of a ledger in PostgreSQL, as its catalog tells them.
 */
import type { Session } from "./session.ts";

/** Returns one line for each part of the schema, by its name. */
export async function readCatalog(session: Session): Promise<Map<string, string>> {
  const rows = await session.query(catalogSql);
  return new Map(rows.map(({ part, says }) => [String(part), String(says)]));
}

/**
 * Only parts of our own tables. A foreign trigger or rule on one of them could change a booking.
 * PostgreSQL 18 also has a constraint for each column that is not null, which the column tells.
 */
const catalogSql = `WITH ours AS (
    SELECT oid, relname FROM pg_catalog.pg_class
    WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f')
      AND relname IN ('ledger', 'head', 'client', 'certificate', 'account_change', 'entry',
        'voided_order', 'void_floor', 'invitation')
  )
  SELECT 'table ' || relname AS part, concat_ws(' ', relkind, relrowsecurity) AS says
    FROM pg_catalog.pg_class WHERE oid IN (SELECT oid FROM ours)
  UNION ALL
  SELECT 'column ' || relname || '.' || attname,
      concat_ws(' ', format_type(atttypid, atttypmod), attnotnull, collname,
        pg_get_expr(adbin, adrelid))
    FROM ours JOIN pg_catalog.pg_attribute ON attrelid = ours.oid
    LEFT JOIN pg_catalog.pg_attrdef ON adrelid = attrelid AND adnum = attnum
    LEFT JOIN pg_catalog.pg_collation ON pg_collation.oid = attcollation
    WHERE attnum > 0 AND NOT attisdropped
  UNION ALL
  SELECT 'constraint ' || conname,
      concat_ws(' ', relname, pg_get_constraintdef(pg_constraint.oid), convalidated)
    FROM ours JOIN pg_catalog.pg_constraint ON conrelid = ours.oid 
    WHERE contype IN ('c', 'f', 'p', 'u')
  UNION ALL
  SELECT 'index ' || indexes.relname,
      concat_ws(' ', ours.relname, indisvalid,
        regexp_replace(pg_get_indexdef(indexrelid), ' ON \\S+ ', ' '))
    FROM ours JOIN pg_catalog.pg_index ON indrelid = ours.oid
    JOIN pg_catalog.pg_class indexes ON indexes.oid = indexrelid
  UNION ALL
  SELECT 'trigger ' || tgname,
      concat_ws(' ', relname, tgtype, tgenabled, tgnargs, tgattr, tgqual IS NULL, proname, lanname,
        md5(prosrc))
    FROM ours JOIN pg_catalog.pg_trigger ON tgrelid = ours.oid
    JOIN pg_catalog.pg_proc ON pg_proc.oid = tgfoid
    JOIN pg_catalog.pg_language ON pg_language.oid = prolang
    WHERE NOT tgisinternal
  UNION ALL
  SELECT 'disabled trigger of ' || conname, concat_ws(' ', relname, tgenabled)
    FROM ours JOIN pg_catalog.pg_trigger ON tgrelid = ours.oid
    JOIN pg_catalog.pg_constraint ON pg_constraint.oid = tgconstraint
    WHERE tgisinternal AND tgenabled <> 'O'
  UNION ALL
  SELECT 'rule ' || rulename, concat_ws(' ', relname, pg_get_ruledef(pg_rewrite.oid))
    FROM ours JOIN pg_catalog.pg_rewrite ON ev_class = ours.oid
  ORDER BY part`;
