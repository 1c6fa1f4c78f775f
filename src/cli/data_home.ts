/**
 * Where a person's data is kept when nothing else was said.
 */
import { join } from "node:path";
import { UsageError } from "../errors.ts";

/**
 * The platform's data folder: macOS's Application Support, elsewhere the XDG base directory specification's XDG_DATA_HOME.
 *
 * @throws {UsageError} when the environment does not even say where the user's home is
 */
export function platformDataHome(
  { os, environment }: { os: string; environment: (name: string) => string | undefined },
): string {
  const xdg = environment("XDG_DATA_HOME");
  // The specification says to ignore a relative path.
  if (os !== "darwin" && xdg?.startsWith("/")) return join(xdg, "micropay");
  const home = environment("HOME");
  if (!home) throw new UsageError("find the data folder: HOME is not set; give --home");
  return os === "darwin"
    ? join(home, "Library", "Application Support", "micropay")
    : join(home, ".local", "share", "micropay");
}
