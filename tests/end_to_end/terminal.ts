/**
 * A real terminal, by `tmux`: a test types into it and reads its screen.
 */
import { readLines } from "../read_lines.ts";
import { within } from "./output_lines.ts";

export interface TerminalOptions {
  /** What runs in it, a line for the user's shell. Its first program gets the environment. */
  readonly command: string;
  /** Where it runs. */
  readonly folder: string;
  /** The program's whole environment, beside `TERM`. */
  readonly env: Readonly<Record<string, string>>;
  readonly columns: number;
  readonly rows: number;
}

export class Terminal implements AsyncDisposable {
  readonly #socket: string;
  /** A `tmux` that takes commands, and tells of each change. */
  readonly #control: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #ended: Promise<void>;
  /** Take the replies to commands, in order. */
  readonly #replies: PromiseWithResolvers<readonly string[]>[] = [];
  #isEnded = false;
  #changed = Promise.withResolvers<void>();

  private constructor(socket: string) {
    this.#socket = socket;
    this.#control = new Deno.Command("tmux", {
      args: ["-u", "-S", socket, "-C", "attach-session", "-f", "ignore-size"],
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#input = this.#control.stdin.getWriter();
    this.#ended = this.#follow();
  }

  /**
   * Starts a `tmux` with one terminal in it.
   *
   * @param socket a path that no other `tmux` uses
   */
  static async open(
    socket: string,
    { command, folder, env, columns, rows }: TerminalOptions,
  ): Promise<Terminal> {
    const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    const size = ["-x", String(columns), "-y", String(rows)];
    const line = ["env", "-i", "TERM=screen", ...variables.map(quote), command].join(" ");
    await runTmux(socket, "new-session", "-d", ...size, "-c", folder, line);
    return new Terminal(socket);
  }

  /** Types a line. */
  async type(line: string): Promise<void> {
    await this.#command("send-keys", "-l", line);
    await this.press("Enter");
  }

  /** Presses keys, as `tmux` names them. Returns when the terminal has them. */
  async press(...keys: readonly string[]): Promise<void> {
    await this.#command("send-keys", ...keys);
  }

  async resize(size: { readonly columns: number; readonly rows: number }): Promise<void> {
    const { columns, rows } = size;
    await this.#command("resize-window", "-x", String(columns), "-y", String(rows));
  }

  /** @returns the lines on the screen; one that was too long for a row is one line */
  async screen(): Promise<string> {
    return await this.#command("capture-pane", "-p", "-J");
  }

  /** @returns the rows on the screen, with the escape codes of their looks */
  async capture(): Promise<string> {
    return await this.#command("capture-pane", "-p", "-e");
  }

  /**
   * Waits until the screen shows all texts. It looks after each output of the program.
   *
   * @param texts what to wait for, or patterns for the whole screen
   * @returns what is on the screen then
   */
  async shows(...texts: readonly (string | RegExp)[]): Promise<string> {
    let screen = "";
    const isShown = (text: string | RegExp) =>
      typeof text === "string" ? screen.includes(text) : text.test(screen);
    return await within(`"${texts.join(" ")}" on the screen`, () => screen, async () => {
      for (;;) {
        const { promise: changed } = this.#changed;
        screen = await this.screen();
        if (texts.every(isShown)) return screen;
        await changed;
      }
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await runTmux(this.#socket, "kill-server").catch(() => {});
    await this.#ended;
    await this.#input.close().catch(() => {});
    await this.#control.status;
  }

  /** Runs a command of `tmux`, and returns what it prints. */
  async #command(...words: readonly string[]): Promise<string> {
    if (this.#isEnded) throw new Error(`tmux ${words.join(" ")}: its terminal has ended`);
    const reply = Promise.withResolvers<readonly string[]>();
    this.#replies.push(reply);
    await this.#input.write(new TextEncoder().encode(`${words.map(quote).join(" ")}\n`));
    return (await reply.promise).map((line) => `${line}\n`).join("");
  }

  async #follow(): Promise<void> {
    let lines: string[] | undefined;
    for await (const line of readLines(this.#control.stdout)) {
      // The reply to the attachment itself ends with 0.
      const [, mark] = /^%(begin|end|error) .* 1$/.exec(line) ?? [];
      if (mark === "begin") {
        lines = [];
      } else if (mark === undefined) {
        if (lines === undefined) this.#wake();
        else lines.push(line);
      } else {
        const reply = this.#replies.shift()!;
        if (mark === "end") reply.resolve(lines!);
        else reply.reject(new Error(`tmux: ${lines!.join(" ")}`));
        lines = undefined;
      }
    }
    this.#isEnded = true;
    for (const reply of this.#replies) reply.reject(new Error("tmux: the terminal has ended"));
    this.#wake();
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

async function runTmux(socket: string, ...args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("tmux", {
    args: ["-u", "-S", socket, "-f", "/dev/null", ...args],
  }).output();
  if (!success) throw new Error(`tmux ${args[0]}: ${new TextDecoder().decode(stderr)}`);
}

/** @returns the word as `sh` reads it back unchanged */
export function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
