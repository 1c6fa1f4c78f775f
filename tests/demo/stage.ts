/**
 * The demo's stage: a folder of its own and the programs started there. Both are gone afterwards.
 */
import { Program } from "./program.ts";

export class Stage {
  readonly folder: string;
  readonly #programs: Program[] = [];
  #cleared: Promise<void> | undefined;

  constructor() {
    this.folder = Deno.makeTempDirSync({ prefix: "micropay-demo-" });
  }

  /** Starts `micropay` with these arguments in the stage's folder, for the named person. */
  start(args: readonly string[], person = "operator"): Program {
    if (this.#cleared) throw new Error("start a program: the stage was cleared");
    const program = new Program(args, { folder: this.folder, home: this.homeOf(person) });
    this.#programs.push(program);
    return program;
  }

  /** Starts it and waits until it ends, with exit code 0. */
  async run(args: readonly string[], person?: string): Promise<Program> {
    const program = this.start(args, person);
    await program.end();
    return program;
  }

  /** Where a person's identities and receipts are. */
  homeOf(person: string): string {
    return `${this.folder}/home-of-${person}`;
  }

  /** Ends what still runs and removes the folder. */
  clear(): Promise<void> {
    return this.#cleared ??= this.#clear();
  }

  async #clear(): Promise<void> {
    await Promise.all(this.#programs.map((program) => program.kill()));
    await Deno.remove(this.folder, { recursive: true });
  }
}
