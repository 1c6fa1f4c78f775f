/**
 * The home folder and the default data folder of a person.
 */
import { join } from "node:path";
import { UsageError } from "../errors.ts";
import type { Environment } from "./process_io.ts";

/**
 * Returns the default data folder: in Application Support on macOS, elsewhere by XDG_DATA_HOME of
 * the XDG base directory specification.
 *
 * @throws {UsageError} when the environment does not name the user's home
 */
export function platformDataHome(
  { os, environment }: { os: string; environment: Environment },
): string {
  const xdg = expandHome(environment("XDG_DATA_HOME") ?? "", environment);
  // The specification ignores a relative path.
  if (os !== "darwin" && xdg?.startsWith("/")) return join(xdg, "micropay");
  const home = environment("HOME");
  if (!home) throw new UsageError("find the data folder: HOME is not set; give --home");
  return os === "darwin"
    ? join(home, "Library", "Application Support", "micropay")
    : join(home, ".local", "share", "micropay");
}

/**
 * Replaces a leading `~` by HOME. A shell does not do that in `--home=~/x` and in a quoted
 * variable.
 *
 * @returns the path; `undefined` for `~` without HOME, and for `~name/`, whose folder is not known
 * here
 */
export function expandHome(path: string, environment: Environment): string | undefined {
  const [start, ...rest] = path.split("/");
  if (start !== "~") return start?.startsWith("~") && rest.length > 0 ? undefined : path;
  const home = environment("HOME");
  return home ? [home.replace(/\/+$/, ""), ...rest].join("/") : undefined;
}
