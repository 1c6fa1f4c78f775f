/**
 * Returns the titles of the tests in a source file. A value from a table row is `…`.
 */
export function titlesIn(source: string): string[] {
  const declared =
    /(?:\btest\(\s*(?:\{\s*name:\s*)?|testWith\(\s*\[[^\]]*\],\s*)(["`])((?:\\.|(?!\1)[^\\])*)\1/g;
  const found = source.matchAll(declared);
  return [...found].map(([, , title]) => title!.replace(/\$\{[^}]*\}/g, "…"));
}
