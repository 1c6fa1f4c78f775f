/** Waits for the answers to statements that were sent together. */

/** Waits for all, and throws the first error only then, so that none is left unhandled. */
export async function allAnswers<T>(answers: readonly Promise<T>[]): Promise<T[]> {
  const settled = await Promise.allSettled(answers);
  return settled.map((one) => {
    if (one.status === "rejected") throw one.reason;
    return one.value;
  });
}

/** Waits for all, as {@link allAnswers}, and returns them by the names of the statements. */
export async function namedAnswers<Name extends string, T>(
  answers: Readonly<Record<Name, Promise<T>>>,
): Promise<Record<Name, T>> {
  const names = Object.keys(answers) as Name[];
  const all = await allAnswers(names.map((name) => answers[name]));
  return Object.fromEntries(names.map((name, at) => [name, all[at]!])) as Record<Name, T>;
}
