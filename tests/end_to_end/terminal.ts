/**
 * A real terminal, by `tmux`: a test types into it and reads its screen.
 */
import { deadlineMs } from "./output_lines.ts";

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

  private constructor(socket: string) {
    this.#socket = socket;
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
    const terminal = new Terminal(socket);
    const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    const size = ["-x", String(columns), "-y", String(rows)];
    const line = ["env", "-i", "TERM=screen", ...variables.map(quote), command].join(" ");
    await terminal.#tmux("new-session", "-d", ...size, "-c", folder, line);
    return terminal;
  }

  /** Types a line. */
  async type(line: string): Promise<void> {
    await this.#tmux("send-keys", "-l", line);
    await this.press("Enter");
  }

  /** Presses a key, as `tmux` names it. */
  async press(key: string): Promise<void> {
    await this.#tmux("send-keys", key);
  }

  async resize(size: { readonly columns: number; readonly rows: number }): Promise<void> {
    const { columns, rows } = size;
    await this.#tmux("resize-window", "-x", String(columns), "-y", String(rows));
  }

  /** @returns the lines on the screen; one that was too long for a row is one line */
  async screen(): Promise<string> {
    return await this.#tmux("capture-pane", "-p", "-J");
  }

  /** @returns the rows on the screen, with the escape codes of their looks */
  async capture(): Promise<string> {
    return await this.#tmux("capture-pane", "-p", "-e");
  }

  /**
   * Waits until the screen shows the text. A terminal reports no change, so this looks again and
   * again. Each look takes a process of its own.
   *
   * @param text what to wait for, or a pattern for the whole screen
   * @returns what is on the screen then
   */
  async shows(text: string | RegExp): Promise<string> {
    const startMs = performance.now();
    for (;;) {
      const screen = await this.screen();
      if (typeof text === "string" ? screen.includes(text) : text.test(screen)) return screen;
      if (performance.now() - startMs > deadlineMs) {
        throw new Error(`waited in vain for "${text}"; the terminal shows\n${screen}`);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tmux("kill-server").catch(() => {});
  }

  async #tmux(...args: readonly string[]): Promise<string> {
    const { success, stdout, stderr } = await new Deno.Command("tmux", {
      args: ["-u", "-S", this.#socket, "-f", "/dev/null", ...args],
    }).output();
    if (!success) throw new Error(`tmux ${args[0]}: ${new TextDecoder().decode(stderr)}`);
    return new TextDecoder().decode(stdout);
  }
}

/** @returns the word as `sh` reads it back unchanged */
export function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
