/** What the locale says about the terminal (POSIX, Environment Variables, section 8.2). */

/** Returns whether the characters are those of UTF-8, so that the terminal shows Unicode. */
export function isUtf8Locale(environment: (name: string) => string | undefined): boolean {
  const locale = environment("LC_ALL") || environment("LC_CTYPE") || environment("LANG") || "";
  return /utf(?:-)?8/i.test(locale);
}
