/**
 * The full-screen client in a real terminal, with a real server in the test's own process.
 */
import { testWith } from "../installed_tool.ts";
import { assertEquals } from "@std/assert";
import { openSceneInProcess } from "./driver.ts";
import { programCommand, runtimeEnvironment } from "./program.ts";
import { quote, Terminal } from "./terminal.ts";

const size = { columns: 100, rows: 30 };

for (const signal of ["SIGTERM", "SIGHUP"] as const) {
  testWith(["tmux"], `${signal} ends the full-screen client as its keys do`, async () => {
    await using scene = await openSceneInProcess(["alice"]);
    const client = [...programCommand(), "client", "127.0.0.1", String(scene.server.port)];
    const command = `/bin/sh -c 'echo $$ > pid; exec "$@"' sh ${client.map(quote).join(" ")}`;
    await using terminal = await Terminal.open(scene.path("tmux"), {
      command: `${command}; echo "ended with $?"; read end`,
      folder: scene.folder,
      env: { ...runtimeEnvironment(), MICROPAY_HOME: scene.home("alice"), LC_ALL: "C.UTF-8" },
      ...size,
    });
    await terminal.shows(/alice balance 10000 .*● connected/);
    Deno.kill(Number(await Deno.readTextFile(scene.path("pid"))), signal);
    await terminal.shows(/Bytes written: \d+\nBytes read: \d+\nTime spent: [\d.]+ s\nended with 0/);
  });
}

testWith(
  ["tmux"],
  "a member joins by line, pays, is paid, has a request paid, and outlasts a restart on the screen",
  async () => {
    await using scene = await openSceneInProcess(["bob"]);
    await scene.receiver("bob");
    const { port } = scene.server;
    const program = programCommand().map(quote).join(" ");
    const [, joinLine] = /join '(\S+)'/.exec(scene.server.program.stdout.text)!;
    const uri = quote(joinLine!.replace(/(?<=:\/\/)[^/]+/, `127.0.0.1:${port}`));
    const commands =
      `${program} client join ${uri} && ${program} client; echo "ended with $?"; read end`;
    await using terminal = await Terminal.open(scene.path("tmux"), {
      command: `/bin/sh -c ${quote(commands)}`,
      folder: scene.folder,
      env: { ...runtimeEnvironment(), MICROPAY_HOME: scene.home("alice"), LC_ALL: "C.UTF-8" },
      ...size,
    });
    await terminal.shows("Which name do you want on this ledger?");
    await terminal.type("alice");
    await terminal.shows(/alice balance 10000 .*● connected/);
    await terminal.shows(/^. bob /m);

    await terminal.press("p");
    await terminal.shows("Pay somebody");
    // The chosen member is the payee, and the form begins with the amount.
    await terminal.press("Up");
    await terminal.press("C-u");
    await terminal.press("b");
    await terminal.press("Tab");
    await terminal.shows("› bob");
    await terminal.press("Enter");
    await terminal.type("5");
    await terminal.type("昼ごはん");
    await terminal.shows(/→ +\d+ bob +-5 昼ごはん/);
    await terminal.shows("alice balance 9995");
    // The form of the payment is gone only now.
    await terminal.shows(/transfer OK[^]* p pay /);

    await terminal.press("p");
    await terminal.press("8");
    await terminal.shows("› 8");
    await scene.inProcess(["pay", "alice", "7"], { as: "bob" });
    await terminal.shows(/← +\d+ bob +\+7/);
    await terminal.shows(/Pay somebody[^]*› 8/);
    await terminal.resize({ columns: 60, rows: 18 });
    await terminal.shows(/alice balance 10002[^]*› 8[^]*\+7/);
    await terminal.resize(size);
    await terminal.press("Escape");
    await terminal.shows("Enter open");

    await terminal.press("r");
    await terminal.shows("Ask for a payment");
    await terminal.type("9");
    // The other texts may be empty.
    for (let field = 0; field < 3; field++) await terminal.press("Enter");
    await terminal.shows("9 from anybody");
    // The line of the request is one row then.
    await terminal.resize({ columns: 3000, rows: 30 });
    const [request] = /micropay:\/\/\S+/.exec(
      // A frame comes in pieces. The signature is the end of the line.
      await terminal.shows(/&request=[\w-]+\.[\w-]+\.[\w-]{86} *\n/),
    )!;
    await terminal.resize(size);
    await terminal.press("Escape");
    const paid = await scene.inProcess(["pay", request, "--yes", "--json"], { as: "bob" });
    assertEquals(paid.code, 0, paid.stderr);
    await terminal.shows(/← +\d+ bob +\+9/);

    assertEquals((await scene.server.stop()).code, 0);
    await terminal.shows("reconnecting");
    await scene.startServerInProcess({ port });
    await terminal.shows("● connected");
    await scene.inProcess(["pay", "alice", "3"], { as: "bob" });
    await terminal.shows(/← +\d+ bob +\+3/);

    await terminal.press("?");
    await terminal.shows("(4 TRANSACTION)", "Escape close");
    await terminal.press("Escape");
    // Escape and q in one piece would be Alt-q.
    await terminal.shows("Enter open");
    await terminal.press("q");
    await terminal.shows(/Bytes written: \d+\nBytes read: \d+\nTime spent: [\d.]+ s\nended with 0/);
  },
);
