import { postgresContract } from "./postgres_contract.ts";

postgresContract("PostgreSQL ledger");
