/**
 * The contract as CockroachDB and YugabyteDB may run it: every transaction is serializable, and a
 * part of them fails with 40001 and has to run again. `deno task serializable` runs the whole
 * contract, which takes half a minute. Without `--whole` only a part of it runs.
 */
import { postgresContract } from "./postgres_contract.ts";

const conflicts = (database: string) => [
  `ALTER DATABASE ${database} SET default_transaction_isolation = serializable`,
  `CREATE FUNCTION fail_at_times() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF random() < 0.2 THEN
        RAISE EXCEPTION 'another transaction came first' USING ERRCODE = '40001';
      END IF;
      RETURN NEW;
    END
  $$`,
  `CREATE TRIGGER fail_at_times BEFORE UPDATE ON head
    FOR EACH ROW EXECUTE FUNCTION fail_at_times()`,
];

postgresContract("PostgreSQL ledger, serializable, with conflicts", conflicts, {
  isShort: !Deno.args.includes("--whole"),
});
