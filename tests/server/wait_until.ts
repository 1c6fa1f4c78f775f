/**
 * Waits for a condition that nothing reports, such as a finished signature.
 */
import { assert } from "@std/assert";

/**
 * Lets everything else run until the condition holds.
 *
 * @throws when it does not within 60 s, which is far longer than any step takes
 */
export async function waitUntil(
  condition: () => boolean | Promise<boolean>,
  what = String(condition),
): Promise<void> {
  const endMs = performance.now() + 60_000;
  while (!await condition()) {
    assert(performance.now() < endMs, `waited in vain for ${what}`);
    await new Promise<void>((resolve) => setTimeout(resolve, 0));
  }
}
