/**
 * Writes ledgers, one for each line of its standard input. It stops before one of the steps of each
 * until it reads another line.
 *
 * A step is a call that changes a folder, or a statement that takes, keeps or frees a lock. The
 * program under test does not notice, because the runtime's calls are replaced.
 *
 * A line is a JSON array of the action, the file, the backup and the number of the step. It prints
 * `paused AT_WHAT` when it stops, and `ended OUTCOME` at the end of the action.
 */
import { DatabaseSync, StatementSync } from "node:sqlite";
import { restoreFrom } from "./temporary_ledger.ts";
import { openRestorePlace } from "../../../src/ledger/sqlite/backup_ledger.ts";
import { deleteSqliteLedger } from "../../../src/ledger/sqlite/delete_sqlite_ledger.ts";
import { openSqliteLedger } from "../../../src/ledger/sqlite/open_sqlite_ledger.ts";
import { messageOf } from "../../../src/errors.ts";
import { alice, bob, ledgerId, noonMs, payment } from "../ledger_samples.ts";

/** How many steps of the action are left before the one at which it stops. */
let stepsLeft = 0;

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

function pauseBefore(what: string): void {
  if (stepsLeft-- !== 0) return;
  say(`paused ${what}`);
  readLine();
}

/** Blocks, and returns the next line of the standard input, or `undefined` at its end. */
function readLine(): string | undefined {
  const bytes: number[] = [];
  const byte = new Uint8Array(1);
  while (Deno.stdin.readSync(byte) !== null) {
    if (byte[0] === 0x0a) return new TextDecoder().decode(Uint8Array.from(bytes));
    bytes.push(byte[0]!);
  }
}

type Call = (...values: unknown[]) => unknown;

function pausing(owner: object, name: string, isStep: (values: unknown[]) => boolean = () => true) {
  const calls = owner as Record<string, Call>;
  const original = calls[name]!;
  calls[name] = function (this: unknown, ...values: unknown[]) {
    if (isStep(values)) pauseBefore(`${name} ${values.join(" ")}`);
    return original.apply(this, values);
  };
}

for (const name of ["linkSync", "renameSync", "removeSync", "makeTempFileSync"]) {
  pausing(Deno, name);
}
pausing(Deno, "openSync", ([path]) => String(path).endsWith("-lock"));
/** The statements that are steps, and their text. */
const marked = new WeakMap<object, string>();
const { prepare } = DatabaseSync.prototype;
DatabaseSync.prototype.prepare = function (this: DatabaseSync, sql: string) {
  const statement = prepare.call(this, sql);
  if (/^(BEGIN|COMMIT|PRAGMA journal_mode = (DELETE|WAL))/.test(sql)) {
    marked.set(statement, sql);
  }
  return statement;
} as typeof prepare;
for (const name of ["run", "get"] as const) {
  const original = StatementSync.prototype[name] as Call;
  (StatementSync.prototype as unknown as Record<string, Call>)[name] = function (
    this: StatementSync,
    ...values
  ) {
    const sql = marked.get(this);
    if (sql !== undefined) pauseBefore(sql);
    return original.apply(this, values);
  };
}
pausing(DatabaseSync.prototype, "close");

async function act(action: string, file: string, backup: string): Promise<string> {
  switch (action) {
    case "restore": {
      using place = openRestorePlace(file);
      return `kept ${await restoreFrom(backup, place, noonMs)}`;
    }
    case "reset":
      deleteSqliteLedger(file);
      return "deleted";
    default: {
      const ledger = await openSqliteLedger({ file, ledgerId, serve: action === "serve" });
      try {
        return (await ledger.book(payment([alice, bob], 1, { id: 777 }))).outcome;
      } finally {
        await ledger.close();
      }
    }
  }
}

for (let line = readLine(); line !== undefined; line = readLine()) {
  const [action, file, backup, step] = JSON.parse(line) as [string, string, string, number];
  stepsLeft = step;
  try {
    say(`ended ${await act(action, file, backup)}`);
  } catch (error) {
    say(`ended refused: ${messageOf(error)}`);
  }
}
