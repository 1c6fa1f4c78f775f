/** Waits for the answers to statements that were sent together. */
import type { Row } from "./session.ts";

/** Waits for all, and throws the first error only then, so that none is left unhandled. */
export async function allAnswers<T>(answers: readonly Promise<T>[]): Promise<T[]> {
  const settled = await Promise.allSettled(answers);
  return settled.map((one) => {
    if (one.status === "rejected") throw one.reason;
    return one.value;
  });
}

/** Waits for all, as {@link allAnswers}, and returns the rows by the names of the statements. */
export async function namedAnswers<Name extends string>(
  answers: Readonly<Record<Name, Promise<Row[]>>>,
): Promise<Record<Name, Row[]>> {
  const names = Object.keys(answers) as Name[];
  const rows = await allAnswers(names.map((name) => answers[name]));
  return Object.fromEntries(names.map((name, at) => [name, rows[at]!])) as Record<Name, Row[]>;
}
