/**
 * Chooses between the full-screen client and the numbered menu.
 */
import type { ProcessIo } from "../process_io.ts";

/** Returns whether a person sits at a terminal that can show the screen, and wants it. */
export function showsScreen(
  { menu }: { readonly menu: boolean },
  { environment, isTerminal, outputSize }: Pick<
    ProcessIo,
    "environment" | "isTerminal" | "outputSize"
  >,
): boolean {
  const isWanted = !menu && !["1", "true"].includes(environment("MICROPAY_ACCESSIBLE") ?? "");
  const isCapable = !["", "dumb"].includes(environment("TERM") ?? "");
  return isWanted && isCapable && isTerminal() && outputSize() !== undefined;
}
