/**
 * The session in the README's pictures. The real server and clients run in real terminals, and the
 * result is what stands on their screens.
 */
import { openScene, type Scene } from "../end_to_end/driver.ts";
import { runtimeEnvironment } from "../end_to_end/program.ts";
import { Terminal } from "../end_to_end/terminal.ts";
import type { DrawnTerminal } from "./draw_terminals.ts";

/** What stands on the terminals when the session is over. */
export interface PlayedSession {
  /** The shells of the operator, of Bob and of Alice. Rows have {@link sessionColumns}. */
  readonly shells: readonly DrawnTerminal[];
  /** Alice's full-screen client. Rows have {@link screenSize}'s columns. */
  readonly screen: DrawnTerminal;
}

export const sessionColumns = 96;
/** So wide that the client leaves out the server's port, which differs from run to run. */
export const screenSize = { columns: 88, rows: 22 };

const exampleId = "01a207c1-e582-7744-933b-92bdecbf238f";

/** What differs from run to run or from machine to machine, and what the picture shows instead. */
const examples:
  readonly (readonly [pattern: RegExp, example: string | ((found: string) => string)])[] = [
    // The runtime prints this when other programs use its cache. The executable never prints it.
    [/^Failed to open cache file .*\n/gm, ""],
    [/\/\S+\/server\.db/g, "/home/op/class/server.db"],
    [/ --home \S+/g, ""],
    [/\b[0-9a-f]{64}\b/g, "495e1fc182b31dcf4982c169193b35e26ab0e86ce6f31ec239e5d000fbd799fd"],
    // A narrow screen cuts it.
    [/\b01[0-9a-f]{6}(-[0-9a-f]+){1,4}(?=…|\b)/g, (id) => exampleId.slice(0, id.length)],
    [/(?<=payments on port )\d+/g, "42787"],
    // The system chooses free ports, so that the session runs beside any other one.
    [/(?<=micropay:\/\/)[^/]+:\d+/g, "pi4:8888"],
    [/(?<=joined )127\.0\.0\.1/g, "pi4"],
    [/(?<=micropay server )0/g, "8888"],
    [/(?<=listening on port )\d+/g, "8888"],
    // In the full-screen client.
    [/(?<=ledger )[0-9a-f]{4} [0-9a-f]{4}/g, "495e 1fc1"],
    [/(?<= )\d\d:\d\d$/gm, "12:04"],
  ];

/** The screen of a shell that waits for a command. Ctrl-C leaves its name before the prompt. */
const shellPrompt = /(^|\n)(\^C)?\$\s*$/;

/**
 * Starts a server, registers members, and lets them pay each other.
 *
 * @returns the same in each run
 */
export async function playSession(): Promise<PlayedSession> {
  await using scene = await openScene();
  // The server shows the first name that the operator gave the certificate.
  await scene.gencert("--host", "pi4");
  const programs = await scene.programFolder();

  const open = async (
    person: string,
    folder: string,
    // A QR code would take most of the picture.
    command = "env TERM=dumb /bin/sh -i",
    size = { columns: 150, rows: 40 },
  ) => {
    await Deno.mkdir(scene.path(folder), { recursive: true });
    const { PATH, ...env } = runtimeEnvironment();
    return await Terminal.open(scene.path(`${person}-${size.columns}.tmux`), {
      command,
      folder: scene.path(folder),
      env: {
        ...env,
        PATH: `${programs}:${PATH || "/usr/bin:/bin"}`,
        PS1: "$ ",
        LC_ALL: "C.UTF-8",
        MICROPAY_HOME: scene.home(person),
      },
      ...size,
    });
  };

  await using operator = await open("operator", ".");
  const started = await enter(operator, "micropay server 0 30 --silent", "listening on port");
  const port = /listening on port (\d+)/.exec(started)![1];
  const fingerprint = /[0-9a-f]{64}/.exec(started)![0];
  const uri = `micropay://127.0.0.1:${port}/?ca=${fingerprint}`;

  await using bob = await open("bob", "bob");
  await enter(bob, `micropay client join '${uri}' --as bob`, "registered as bob");
  await enter(bob, "micropay client receive", "taking payments");

  await using alice = await open("alice", "alice");
  await enter(alice, `micropay client join '${uri}' --as alice`, "registered as alice");
  const paid = await enter(
    alice,
    "micropay client pay bob 2000 --memo lunch",
    /paid .*, id \S{36}\n/,
  );
  const received = await bob.shows(/just sent you .*\n.* id \S{36}\n/);
  // The clients audit the ledger after a payment, and write to the folder that is removed now.
  await alice.shows(shellPrompt);

  await using client = await open(
    "alice",
    "alice",
    `micropay client; echo "ended with $?"; cat`,
    screenSize,
  );
  const screen = await useScreen(client, scene, Number(port));
  for (const terminal of [bob, operator]) {
    await terminal.press("C-c");
    await terminal.shows(shellPrompt);
  }

  return {
    shells: [
      { title: "The operator starts the server", capture: shellText(started) },
      { title: "Bob joins and waits for payments", capture: shellText(received) },
      { title: "Alice joins and pays Bob", capture: shellText(paid) },
    ],
    screen: { title: "micropay client", capture: exampleOf(screen).trimEnd() },
  };
}

/**
 * Lets Alice get payments and fill in a form in her full-screen client, and then leave it.
 *
 * @returns the screen before she leaves
 */
async function useScreen(client: Terminal, scene: Scene, port: number): Promise<string> {
  await client.shows(/alice balance 8000 [^]*● connected[^]* bob /);
  await scene.inProcess(["register", "carol"], { as: "carol", port });
  const pay = async (as: string, ...words: readonly string[]) => {
    const { code, stderr } = await scene.inProcess(["pay", "alice", ...words], { as, port });
    if (code !== 0) throw new Error(`pay as ${as}: ${stderr}`);
  };
  await pay("carol", "350", "--memo", "bus ticket");
  await client.shows("alice balance 8350");
  await client.press("p");
  // The chosen member is the payee, and the form begins with the amount.
  await client.shows("Pay somebody");
  await client.type("120");
  await client.shows(/› *$/m);
  for (const key of "cinema") await client.press(key);
  await pay("carol", "40", "--memo", "昼ごはん");
  // A frame comes in pieces, from the top to the bottom.
  await client.shows(
    /alice balance 8390[^]*› cinema *$[^]*← +6 carol /m,
    /carol just sent you \$40![^]*Escape cancel/,
  );
  const screen = await client.capture();
  await client.press("Escape");
  await client.shows("Enter open");
  await client.press("q");
  await client.shows("ended with 0");
  return screen;
}

/**
 * Types a command when the shell asks for one.
 *
 * @returns the screen as soon as it shows the command's output
 */
async function enter(
  terminal: Terminal,
  command: string,
  output: string | RegExp,
): Promise<string> {
  await terminal.shows(shellPrompt);
  await terminal.type(command);
  return await terminal.shows(output);
}

/** Returns a text with examples in place of what differs. */
function exampleOf(text: string): string {
  return examples.reduce(
    (done, [pattern, example]) =>
      done.replace(pattern, typeof example === "string" ? () => example : example),
    text,
  );
}

/** Returns what a shell showed: rows of the picture's width, and what was typed in green. */
function shellText(screen: string): string {
  const lines = exampleOf(screen).trimEnd().split("\n").map((line) => line.trimEnd());
  // The shell's next prompt may stand there or not yet.
  const shown = lines.at(-1) === "$" ? lines.slice(0, -1) : lines;
  return shown.flatMap((line) => {
    const rows = line.match(new RegExp(`.{1,${sessionColumns}}`, "gu")) ?? [""];
    return line.startsWith("$ ") ? rows.map((row) => `\x1b[1;32m${row}\x1b[0m`) : rows;
  }).join("\n");
}
