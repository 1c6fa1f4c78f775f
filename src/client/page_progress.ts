/**
 * Checks on answers that come in pages.
 */
import { ProtocolError } from "../errors.ts";

/**
 * Checks that a page holds rows when more pages follow. Its reader would ask for it again for ever.
 *
 * @throws {ProtocolError} when it holds none
 */
export function requireProgress(
  { more }: { readonly more: boolean },
  rows: readonly unknown[],
): void {
  if (more && rows.length === 0) {
    throw new ProtocolError("read a page: it is empty, with more to come");
  }
}
