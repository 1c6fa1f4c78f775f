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
  return isWanted && canMoveCursor({ environment }) && isTerminal() && outputSize() !== undefined;
}

/** Returns whether the terminal knows control sequences. */
export function canMoveCursor({ environment }: Pick<ProcessIo, "environment">): boolean {
  return !["", "dumb"].includes(environment("TERM") ?? "");
}
