/** A path as SQLite must be given it: `:memory:`, `file:x?mode=ro` and the empty name mean something else to it. */
export function sqlitePath(file: string): string {
  return file.startsWith("/") ? file : `./${file}`;
}
