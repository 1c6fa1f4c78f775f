/**
 * The files that `micropay ledger` needs: looked for before anything else, because commands are often typed in the wrong folder.
 */
import { resolve } from "node:path";
import { FileError } from "../../errors.ts";
import type { LedgerRequest } from "../command_line/command_line.ts";

/** @throws {FileError} when the ledger or the CA's certificate is not there, with the folder and what to give */
export function requireLedgerFiles({ db, certs, command }: LedgerRequest): void {
  const files = [
    // A restore makes the ledger where there is none, and needs the backup.
    command.name === "restore"
      ? { what: "backup", path: resolve(command.file), give: "its path" }
      : { what: "ledger", path: resolve(db), give: "--db FILE" },
    ...commandsWithCa.has(command.name)
      ? [{ what: "CA certificate", path: resolve(certs, "CA.pem"), give: "--certs DIR" }]
      : [],
  ];
  const missing = files.filter(({ path }) => !isThere(path));
  if (missing.length === 0) return;
  const none = missing.map(({ what, path }) => `no ${what} ${path}`).join(" and ");
  const give = missing.map(({ give }) => give).join(" and ");
  throw new FileError(
    `cannot run ledger ${command.name}: there is ${none}; this folder is ${resolve(".")}: go to ` +
      `the server's folder, or give ${give}`,
  );
}

/** The others read or copy what the file holds. */
const commandsWithCa: ReadonlySet<LedgerRequest["command"]["name"]> = new Set(
  ["audit", "deposit", "withdraw", "restore", "reissue", "close"],
);

/** Of what cannot be looked at, whoever opens it says why. */
function isThere(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    return !(error instanceof Deno.errors.NotFound);
  }
}
