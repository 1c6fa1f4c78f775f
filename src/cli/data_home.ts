/**
 * Where a person's home folder is, and where a person's data is kept when nothing else was said.
 */
import { join } from "node:path";
import { UsageError } from "../errors.ts";
import type { Environment } from "./process_io.ts";

/**
 * The platform's data folder: macOS's Application Support, elsewhere the XDG base directory specification's XDG_DATA_HOME.
 *
 * @throws {UsageError} when the environment does not even say where the user's home is
 */
export function platformDataHome(
  { os, environment }: { os: string; environment: Environment },
): string {
  const xdg = expandHome(environment("XDG_DATA_HOME") ?? "", environment);
  // The specification says to ignore a relative path.
  if (os !== "darwin" && xdg?.startsWith("/")) return join(xdg, "micropay");
  const home = environment("HOME");
  if (!home) throw new UsageError("find the data folder: HOME is not set; give --home");
  return os === "darwin"
    ? join(home, "Library", "Application Support", "micropay")
    : join(home, ".local", "share", "micropay");
}

/**
 * Puts HOME in the place of a leading `~`, which a shell leaves alone in `--home=~/x` and in a quoted variable.
 *
 * @returns `undefined` for `~` without HOME, and for `~name/`, whose folder is not known here; anything else as it is
 */
export function expandHome(path: string, environment: Environment): string | undefined {
  const [start, ...rest] = path.split("/");
  if (start !== "~") return start?.startsWith("~") && rest.length > 0 ? undefined : path;
  const home = environment("HOME");
  return home ? [home.replace(/\/+$/, ""), ...rest].join("/") : undefined;
}
