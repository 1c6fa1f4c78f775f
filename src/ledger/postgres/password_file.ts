/** The password of a database, from a file that only its owner can read. */
import { attempting, unlessMissing } from "../../durable_files.ts";
import { FileError } from "../../errors.ts";
import type { DatabaseHost, DatabaseUrl } from "./database_url.ts";

/** Returns the value of an environment variable. */
export type Environment = (name: string) => string | undefined;

/** Finds the password for one host of a database, anew for each connection. */
export type PasswordFinder = (database: DatabaseUrl, host: DatabaseHost) => string | undefined;

/**
 * Returns the finder for an environment. `MICROPAY_DB_PASSWORD_FILE` names a file with the password
 * alone. Without it, `PGPASSFILE` or `~/.pgpass` has a line `host:port:database:user:password` for
 * each, as for `psql`.
 */
export function passwordFinder(environment: Environment): PasswordFinder {
  return (database, host) => {
    const file = environment("MICROPAY_DB_PASSWORD_FILE");
    if (file) return readPassword(file).replace(/\r?\n$/, "");
    const named = environment("PGPASSFILE");
    const home = environment("HOME");
    if (named) return passwordIn(readOwned(named), database, host);
    const usual = home && unlessMissing(() => Deno.statSync(`${home}/.pgpass`));
    return usual ? passwordIn(readOwned(`${home}/.pgpass`), database, host) : undefined;
  };
}

/**
 * Returns the password of the first line that fits, in the format of PostgreSQL's password file. A
 * `*` fits everything, and a backslash takes the next character as it is. What follows a fifth
 * colon is ignored, as `psql` does.
 */
export function passwordIn(
  text: string,
  { database, user }: Pick<DatabaseUrl, "database" | "user">,
  { host, port }: DatabaseHost,
): string | undefined {
  const wanted = [host, String(port), database, user];
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith("#")) continue;
    const fields = line.split(unescapedColon);
    if (fields.length < 5) continue;
    const fits = wanted.every((value, at) => fields[at] === "*" || plain(fields[at]!) === value);
    if (fits) return plain(fields[4]!);
  }
  return undefined;
}

/** A colon after an even number of backslashes. */
const unescapedColon = /(?<=(?<!\\)(?:\\\\)*):/;

function plain(field: string): string {
  return field.replace(/\\(.)/g, "$1");
}

function readOwned(file: string): string {
  const attempt = `cannot read the password file ${file}`;
  const { mode } = attempting(attempt, () => Deno.statSync(file));
  if (mode !== null && (mode & 0o077) !== 0) {
    throw new FileError(`${attempt}: other users can read it; run chmod 600 on it`);
  }
  return readPassword(file);
}

function readPassword(file: string): string {
  return attempting(`cannot read the password file ${file}`, () => Deno.readTextFileSync(file));
}
