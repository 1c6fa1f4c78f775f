/**
 * The menu in a real terminal: what a person sees at the first connection to a ledger.
 */
import { testWith } from "../installed_tool.ts";
import { assertEquals } from "@std/assert";
import { openSceneInProcess, type Scene } from "./driver.ts";
import { programCommand, runtimeEnvironment } from "./program.ts";
import { quote, Terminal } from "./terminal.ts";

testWith(
  ["tmux"],
  "in a terminal the client asks about the fingerprint, the menu works, and Ctrl-C leaves it cleanly",
  async () => {
    await using scene = await openSceneInProcess([]);
    await using terminal = await openMenu(scene);
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

testWith(
  ["tmux"],
  "in a terminal a payment appears above the menu's question, and keys edit the answer",
  async () => {
    await using scene = await openSceneInProcess(["alice", "bob"]);
    await using terminal = await openMenu(scene);
    await terminal.shows("Your choice:");
    await terminal.type("2");
    await terminal.shows("Name:");
    await terminal.press("a");
    await terminal.press("Tab");
    await terminal.shows(/^Name: alice$/m);
    await terminal.press("Enter");
    await terminal.type("0");
    await terminal.shows("Account balance: 10000");
    await terminal.type("8");
    await terminal.shows("Payee:");
    for (const key of ["c", "a", "C-u", "o", "b", "x", "Left", "Left", "Left", "b", "Right"]) {
      await terminal.press(key);
    }
    await terminal.press("Right");
    await terminal.press("C-d");
    await terminal.shows(/^Payee: bob$/m);
    await scene.inProcess(["pay", "alice", "5"], { as: "bob" });
    await terminal.shows(/\n\[Notification\] bob just sent you \$5!\nentry \d+, .*\nPayee: bob$/m);
    // The menu completes names that it knew when it asked.
    await terminal.press("C-u");
    await terminal.type("");
    await terminal.shows('"" is refused');
    await terminal.type("8");
    await terminal.press("b");
    await terminal.press("Tab");
    await terminal.shows(/^Payee: bob$/m);
    await terminal.press("Enter");
    await terminal.type("7");
    // The row shows the end of a memo that is longer than the row.
    await terminal.press(`昼ごはん ${"x".repeat(190)} さよなら oops`);
    await terminal.press("C-w");
    await terminal.shows(/^Memo, empty for none: x+ さよなら$/m);
    await terminal.resize({ columns: 60, rows: 18 });
    await scene.inProcess(["pay", "alice", "6"], { as: "bob" });
    await terminal.shows(
      /\n\[Notification\] bob just sent you \$6!\nentry \d+, .*\nMemo, empty for none: x+ さよなら\n*$/,
    );
    await terminal.type("");
    await terminal.shows(/^Memo, empty for none: 昼ごはん x+ さよなら *$/m);
    await terminal.shows("bob is not online");
    await terminal.press("C-d");
    await terminal.shows("Bye");
    await terminal.shows("ended with 0");
  },
);

testWith(
  ["tmux"],
  "menu and screen leave the terminal as it was, also after a signal, and Ctrl-C on the screen prints the summary",
  async () => {
    await using scene = await openSceneInProcess(["alice"]);
    const client = [...programCommand(), "client", "127.0.0.1", String(scene.server.port)];
    const words = client.map(quote).join(" ");
    const [before, pid] = [scene.path("stty"), scene.path("pid")];
    // The executable has to do with an empty PATH.
    const tools = "PATH=/usr/bin:/bin";
    const compared = (what: string) =>
      `${tools} stty -a | ${tools} cmp - ${before} && echo "the ${what} is gone"`;
    const commands = [
      `${tools} stty -a > ${before}`,
      ...[`${words} --menu`, compared("left menu")],
      // The shell becomes the menu, so that its process id is known.
      ...[`/bin/sh -c 'echo $$ > ${pid}; exec "$@"' sh ${words} --menu`, compared("ended menu")],
      ...[words, compared("screen"), "read end"],
    ];
    await using terminal = await Terminal.open(scene.path("tmux"), {
      command: `/bin/sh -c ${quote(commands.join("\n"))}`,
      folder: scene.path("."),
      env: { ...runtimeEnvironment(), MICROPAY_HOME: scene.home("alice") },
      columns: 200,
      rows: 50,
    });
    await terminal.shows("Your choice:");
    await terminal.type("5");
    await terminal.shows(/the left menu is gone\n[^]*Your choice:/);
    Deno.kill(Number(await Deno.readTextFile(pid)), "SIGTERM");
    // The screen takes the whole terminal, and the only account logs in by itself.
    await terminal.shows(/Online as alice/);
    await terminal.press("C-c");
    await terminal.shows(/the ended menu is gone[^]*Time spent: [^]*the screen is gone/);
  },
);

testWith(["tmux"], "in a terminal, any answer but yes means no trust", async () => {
  await using scene = await openSceneInProcess([]);
  await using terminal = await openMenu(scene);
  await terminal.shows("[y/N]");
  await terminal.type("no");
  await terminal.shows("which nobody has confirmed.");
  await terminal.shows("ended with 4");
});

testWith(
  ["tmux"],
  "in a terminal, Ctrl-C ends the menu while it asks whom to trust, and while it waits for a place",
  async () => {
    await using scene = await openSceneInProcess(["bob"], { args: ["1"] });
    {
      await using terminal = await openMenu(scene);
      await terminal.shows("[y/N]");
      await terminal.press("C-c");
      await terminal.shows("connect to the server: it was interrupted");
      await terminal.shows("ended with 1");
    }
    // Registering stores the ledger's fingerprint, so the menu does not ask again.
    await scene.register("alice");
    await scene.receiver("bob");
    await using terminal = await openMenu(scene);
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

/** Opens a terminal with Alice's menu in it, in a folder without certificates. */
async function openMenu(scene: Scene): Promise<Terminal> {
  const folder = scene.path("somewhere");
  await Deno.mkdir(folder, { recursive: true });
  const client = [...programCommand(), "client", "127.0.0.1", String(scene.server.port), "--menu"];
  return await Terminal.open(scene.path("tmux"), {
    command: `${client.map(quote).join(" ")}; echo "ended with $?"; cat`,
    folder,
    env: { ...runtimeEnvironment(), MICROPAY_HOME: scene.home("alice") },
    columns: 200,
    rows: 50,
  });
}
