/**
 * Sets the environment variables that ink reads as it is loaded.
 */

/** Ink takes a terminal with one of these for a log that nobody looks at. */
const robots = ["CI", "CONTINUOUS_INTEGRATION", "TF_BUILD", "TEAMCITY_VERSION"];

/** Makes ink draw wherever it runs, and React take its version for users, which is faster. */
export function prepareForInk(): void {
  for (const name of robots) Deno.env.delete(name);
  Deno.env.set("NODE_ENV", "production");
}
