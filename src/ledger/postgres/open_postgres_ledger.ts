/** Opens a ledger in a PostgreSQL database. */
import { LedgerError } from "../../errors.ts";
import { databaseAnswerMsMax, databaseIdleMsMax, databaseLockMsMax } from "../../limits.ts";
import { makeNonce, type Random } from "../../random.ts";
import type { DatabaseEvent } from "./database_health.ts";
import {
  createSchema,
  identifyDatabase,
  openingError,
  openSession,
  requireLedgerId,
  requireWritable,
} from "./identify_database.ts";
import { PostgresLedger } from "./postgres_ledger.ts";
import type { DatabaseAccess, Session, SessionOptions } from "./session.ts";
import { type Place, placeIn } from "./shared_decisions.ts";
import { sql } from "./statements.ts";

/** Which ledger to open, and how. */
export interface PostgresLedgerOptions {
  readonly access: DatabaseAccess;
  /** The CA's fingerprint, 64 hex digits. A database of another CA is refused. */
  readonly ledgerId: string;
  readonly random: Random;
  /** Whether the caller is a server, which makes the tables in an empty database. */
  readonly serve?: boolean;
  /** Longest wait for a lock in PostgreSQL. It is {@link databaseLockMsMax} when absent. */
  readonly lockMsMax?: number | undefined;
  /** Is told when the database is lost and back, and at first when it has no standby. */
  readonly report?: (event: DatabaseEvent) => void;
}

/**
 * Opens a ledger.
 *
 * @throws {LedgerError} when the database is not a ledger, is of a newer version, belongs to
 * another CA or another program, is older than PostgreSQL 13, does not keep its commits, or may
 * only be read by this user
 * @throws {FileError} when it cannot be reached or refuses the user
 */
export async function openPostgresLedger(options: PostgresLedgerOptions): Promise<PostgresLedger> {
  const {
    access,
    ledgerId,
    random,
    serve = true,
    lockMsMax = databaseLockMsMax,
    report = () => {},
  } = options;
  const attempt = `cannot open the ledger ${access.url.text}`;
  const sessionOptions: SessionOptions = {
    answerMsMax: databaseAnswerMsMax,
    settings: {
      idle_in_transaction_session_timeout: String(databaseIdleMsMax),
      lock_timeout: String(lockMsMax),
      // All rows are looked up by keys. While a ledger is new, PostgreSQL would plan to read whole
      // tables, and keep that plan when they have grown.
      enable_seqscan: "off",
      // PostgreSQL then takes each read of a whole table for immensely expensive, and would compile
      // its statement to machine code. That takes longer than the read.
      jit: "off",
    },
  };
  try {
    const session = await openSession(access, sessionOptions);
    let start: Place;
    try {
      const found = await identifyDatabase(session, attempt) ??
        (serve ? await createSchema(session, ledgerId, attempt) : undefined);
      if (found === undefined) {
        throw new LedgerError(`${attempt}: it has no tables; micropay ledger create makes them`);
      }
      requireLedgerId(found, ledgerId, attempt);
      await requireWritable(session, attempt);
      if (access.url.hosts.length > 1 && !await hasSynchronousStandby(session)) {
        report({ kind: "unprotected" });
      }
      start = placeIn((await session.query(sql.place))[0]);
    } finally {
      await session.close();
    }
    const processId = makeNonce(random);
    return new PostgresLedger({ access, ledgerId, processId, sessionOptions, start, report });
  } catch (error) {
    throw openingError(access, error);
  }
}

/** Returns whether commits wait for a standby. */
async function hasSynchronousStandby(session: Session): Promise<boolean> {
  const setting = "SELECT current_setting('synchronous_standby_names', true) AS standbys";
  const [row] = await session.query(setting);
  // Null means an engine that replicates in its own way.
  return row!.standbys !== "";
}
