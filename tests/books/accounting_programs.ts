/**
 * The programs that check journals: hledger and Beancount.
 */

export interface ProgramResult {
  readonly success: boolean;
  /** What it wrote to stdout, then to stderr. */
  readonly text: string;
}

export async function hledger(
  journal: string,
  ...args: readonly string[]
): Promise<ProgramResult> {
  return await withFile("books.journal", journal, (file) => ["hledger", "-f", file, ...args]);
}

export async function beanCheck(journal: string): Promise<ProgramResult> {
  return await withFile("books.beancount", journal, (file) => ["bean-check", "--no-cache", file]);
}

/** Runs a command on a file that holds a text. */
export async function withFile(
  name: string,
  text: string,
  command: (file: string) => readonly string[],
): Promise<ProgramResult> {
  const folder = await Deno.makeTempDir({ prefix: "micropay-export-" });
  try {
    await Deno.writeTextFile(`${folder}/${name}`, text);
    const [program, ...args] = command(`${folder}/${name}`);
    const env = { LANG: "C.UTF-8", LC_ALL: "C.UTF-8" };
    const { success, stdout, stderr } = await new Deno.Command(program!, { args, env }).output();
    const decoder = new TextDecoder();
    return { success, text: decoder.decode(stdout) + decoder.decode(stderr) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
