/**
 * Looks for the files that `micropay ledger` needs. That comes first, because people often type the
 * command in the wrong folder.
 */
import { resolve } from "node:path";
import { FileError } from "../../errors.ts";
import { isDatabaseUrl } from "../../ledger/postgres/database_url.ts";
import type { LedgerRequest } from "../command_line/command_line.ts";

/**
 * @throws {FileError} when the ledger or the CA's certificate is missing, with the folder and the
 * option to give
 */
export function requireLedgerFiles({ db, certs, command }: LedgerRequest): void {
  const files = [
    ...neededLedger({ db, command }),
    ...commandsWithCa.has(command.name)
      ? [{ what: "CA certificate", path: resolve(certs, "CA.pem"), give: "--certs DIR" }]
      : [],
  ];
  const isElsewhere = isDatabaseUrl(db);
  const missing = files.filter(({ what, path }) =>
    !(what === "ledger" && isElsewhere) && !isThere(path)
  );
  if (missing.length === 0) return;
  const none = missing.map(({ what, path }) => `no ${what} ${path}`).join(" and ");
  const give = missing.map(({ give }) => give).join(" and ");
  throw new FileError(
    `cannot run ledger ${command.name}: there is ${none}; this folder is ${resolve(".")}: go to ` +
      `the server's folder, or give ${give}`,
  );
}

/** Returns the ledger that a command needs, or its backup. To create a ledger it needs none. */
function neededLedger({ db, command }: Pick<LedgerRequest, "db" | "command">) {
  switch (command.name) {
    case "create":
      return [];
    case "restore":
      return [{ what: "backup", path: resolve(command.file), give: "its path" }];
    case "copy":
      return [{ what: "ledger", path: resolve(db), give: "--from FILE" }];
    default:
      return [{ what: "ledger", path: resolve(db), give: "--db FILE" }];
  }
}

/** Commands that need the CA's certificate. The others only read or copy the file. */
const commandsWithCa: ReadonlySet<LedgerRequest["command"]["name"]> = new Set(
  [
    "create",
    "audit",
    "deposit",
    "withdraw",
    "copy",
    "restore",
    "reissue",
    "close",
    "join_line",
    "invite",
    "invitations",
    "revoke_invitation",
  ],
);

/**
 * Returns whether something has this name. For a path that cannot be read it returns true, because
 * opening it says why.
 */
function isThere(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    return !(error instanceof Deno.errors.NotFound);
  }
}
