/**
 * The menu in a real terminal: what a person sees who meets a ledger for the first time.
 */
import { testWith } from "../installed_tool.ts";
import { assertEquals } from "@std/assert";
import { openSceneWith, type Scene } from "./driver.ts";
import { deadlineMs } from "./output_lines.ts";
import { programCommand, runtimeEnvironment } from "./program.ts";

testWith(
  ["tmux"],
  "in a terminal the fingerprint is asked for, then the menu works, and Ctrl-C leaves it cleanly",
  async () => {
    await using scene = await openSceneWith([]);
    await using terminal = await Terminal.open(scene);
    await terminal.shows("The SHA-256 fingerprint of its CA is");
    await terminal.shows("Is it the one the operator told you? [y/N]");
    await terminal.type("y");
    await terminal.shows("1 REGISTER   2 LOGIN   3 LIST   4 TRANSACTION   5 EXIT");
    await terminal.type("1");
    await terminal.shows("Name:");
    await terminal.type("alice");
    await terminal.shows("100 OK");
    await terminal.type("2");
    await terminal.type("alice");
    await terminal.shows("Port for payments, 0 for any:");
    await terminal.type("0");
    await terminal.shows("Account balance: 10000");
    await terminal.press("C-c");
    await terminal.shows("Bye");
    await terminal.shows("Time spent:");
    await terminal.shows("ended with 0");
    assertEquals(scene.query("SELECT sum(online_status) FROM client"), "0\n");
  },
);

testWith(["tmux"], "in a terminal, any answer but yes trusts nobody", async () => {
  await using scene = await openSceneWith([]);
  await using terminal = await Terminal.open(scene);
  await terminal.shows("[y/N]");
  await terminal.type("no");
  await terminal.shows("which nobody has confirmed.");
  await terminal.shows("ended with 4");
});

testWith(
  ["tmux"],
  "in a terminal, Ctrl-C ends the menu while it asks whom to trust, and while it waits for a place",
  async () => {
    await using scene = await openSceneWith(["bob"], { args: ["1"] });
    {
      await using terminal = await Terminal.open(scene);
      await terminal.shows("[y/N]");
      await terminal.press("C-c");
      await terminal.shows("connect to the server: it was interrupted");
      await terminal.shows("ended with 1");
    }
    // Her ledger is known from then on.
    await scene.register("alice");
    await scene.receiver("bob");
    await using terminal = await Terminal.open(scene);
    await terminal.shows("Your choice:");
    await terminal.type("2");
    await terminal.type("alice");
    await terminal.type("0");
    await terminal.shows("waiting, place 1: the server is full");
    await terminal.press("C-c");
    await terminal.shows("Bye");
    await terminal.shows("ended with 0");
  },
);

/** A terminal of 200 columns with a client in it, by `tmux`, on a server of its own. */
class Terminal implements AsyncDisposable {
  readonly #socket: string;

  constructor(socket: string) {
    this.#socket = socket;
  }

  static async open(scene: Scene): Promise<Terminal> {
    const folder = scene.path("somewhere");
    await Deno.mkdir(folder, { recursive: true });
    const terminal = new Terminal(scene.path("tmux"));
    const env = { ...runtimeEnvironment(), MICROPAY_HOME: scene.home("alice") };
    const words = [
      ...["env", "-i", "TERM=screen"],
      ...Object.entries(env).map(([name, value]) => `${name}=${value}`),
      ...[...programCommand(), "client", "127.0.0.1", String(scene.server.port)],
    ];
    const command = `${words.map(quoted).join(" ")}; echo "ended with $?"; cat`;
    await terminal.#tmux("new-session", "-d", "-x", "200", "-y", "50", "-c", folder, command);
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

  /**
   * Waits until the text can be seen. A terminal tells nobody when it has changed, so it is looked at again and again; each
   * look takes a process of its own.
   */
  async shows(text: string): Promise<void> {
    const startMs = performance.now();
    for (;;) {
      const screen = await this.#tmux("capture-pane", "-p");
      if (screen.includes(text)) return;
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
      args: ["-S", this.#socket, "-f", "/dev/null", ...args],
    }).output();
    if (!success) throw new Error(`tmux ${args[0]}: ${new TextDecoder().decode(stderr)}`);
    return new TextDecoder().decode(stdout);
  }
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
