/**
 * A real terminal that a benchmark follows as it changes. One `tmux` in control mode takes the keys
 * and tells of the output, so no process is started between a key and its effect.
 */
import { Terminal, type TerminalOptions } from "../end_to_end/terminal.ts";
import { deadlineMs } from "../end_to_end/output_lines.ts";
import { readLines } from "../read_lines.ts";

export class WatchedTerminal implements AsyncDisposable {
  readonly #terminal: Terminal;
  readonly #control: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #ended: Promise<void>;
  /** Take the replies to commands, in order. */
  readonly #replies: ((lines: string[]) => void)[] = [];
  /** Told of each output of the program. */
  #onOutput = () => {};

  private constructor(terminal: Terminal, control: Deno.ChildProcess) {
    this.#terminal = terminal;
    this.#control = control;
    this.#input = control.stdin.getWriter();
    this.#ended = this.#follow();
  }

  /**
   * Opens a terminal and follows it. The command starts at {@link start}.
   *
   * @param socket a path that no other `tmux` uses
   */
  static async open(socket: string, options: TerminalOptions): Promise<WatchedTerminal> {
    const command = `/bin/sh -c 'read line; ${options.command}; cat'`;
    const terminal = await Terminal.open(socket, { ...options, command });
    const control = new Deno.Command("tmux", {
      args: ["-u", "-S", socket, "-C", "attach-session", "-f", "ignore-size"],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    return new WatchedTerminal(terminal, control);
  }

  /** Starts the command. */
  async start(): Promise<void> {
    await this.press("Enter");
  }

  /** Presses keys, as `tmux` names them. Returns when the terminal has them. */
  async press(...keys: readonly string[]): Promise<void> {
    await this.#command(`send-keys ${keys.join(" ")}`);
  }

  /**
   * Waits until the screen matches all patterns. It looks after each output of the program.
   *
   * @returns what is on the screen then
   */
  async shows(...patterns: readonly RegExp[]): Promise<string> {
    let isLate = false;
    let screen = "";
    const timer = setTimeout(() => {
      isLate = true;
      this.#onOutput();
    }, deadlineMs);
    try {
      for (;;) {
        const changed = new Promise<void>((resolve) => this.#onOutput = resolve);
        screen = (await this.#command("capture-pane -p -J")).join("\n");
        if (patterns.every((pattern) => pattern.test(screen))) return screen;
        if (isLate) throw new Error(`waited in vain for ${patterns.join(" ")} on\n${screen}`);
        await changed;
      }
    } finally {
      clearTimeout(timer);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#terminal[Symbol.asyncDispose]();
    await this.#ended;
    await this.#input.close().catch(() => {});
    await this.#control.status;
  }

  async #command(command: string): Promise<string[]> {
    const { promise, resolve } = Promise.withResolvers<string[]>();
    this.#replies.push(resolve);
    await this.#input.write(new TextEncoder().encode(`${command}\n`));
    return await promise;
  }

  async #follow(): Promise<void> {
    let reply: string[] | undefined;
    for await (const line of readLines(this.#control.stdout)) {
      // The reply to the attachment itself ends with 0.
      if (/^%begin .* 1$/.test(line)) reply = [];
      else if (/^%error .* 1$/.test(line)) throw new Error(`tmux: ${reply?.join(" ")}`);
      else if (/^%end .* 1$/.test(line)) {
        this.#replies.shift()!(reply!);
        reply = undefined;
      } else if (reply) reply.push(line);
      else if (line.startsWith("%output ")) this.#onOutput();
    }
  }
}
