/**
 * Questions whose answers come in pages.
 */
import { ProtocolError } from "../errors.ts";

/** An empty page with more behind it would be asked for again for ever. */
export function requireProgress(
  { more }: { readonly more: boolean },
  rows: readonly unknown[],
): void {
  if (more && rows.length === 0) {
    throw new ProtocolError("read a page: it is empty, with more to come");
  }
}
