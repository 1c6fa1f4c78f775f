/**
 * The session in the README's picture. The real server and clients run in real terminals, and the
 * result is what stands on their screens.
 */
import { openScene } from "../end_to_end/driver.ts";
import { runtimeEnvironment } from "../end_to_end/program.ts";
import { Terminal } from "../end_to_end/terminal.ts";

/** A terminal at the end of the session. */
export interface Screen {
  /** Whose terminal it is. */
  readonly title: string;
  /** What it shows, from the top. */
  readonly lines: readonly string[];
}

/** What differs from run to run or from machine to machine, and what the picture shows instead. */
const examples: readonly (readonly [pattern: RegExp, example: string])[] = [
  // The runtime prints this when other programs use its cache. The executable never prints it.
  [/^Failed to open cache file .*\n/gm, ""],
  [/\/\S+\/server\.db/g, "/home/op/class/server.db"],
  [/ --home \S+/g, ""],
  [/\b[0-9a-f]{64}\b/g, "495e1fc182b31dcf4982c169193b35e26ab0e86ce6f31ec239e5d000fbd799fd"],
  [/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, "01a207c1-e582-7744-933b-92bdecbf238f"],
  [/(?<=payments on port )\d+/g, "42787"],
  // The system chooses free ports, so that the session runs beside any other one.
  [/(?<=micropay:\/\/)[^/]+:\d+/g, "pi4:8888"],
  [/(?<=joined )127\.0\.0\.1/g, "pi4"],
  [/(?<=micropay server )0/g, "8888"],
  [/(?<=listening on port )\d+/g, "8888"],
];

/** The screen of a shell that waits for a command. Ctrl-C leaves its name before the prompt. */
const shellPrompt = /(^|\n)(\^C)?\$\s*$/;

/**
 * Starts a server, registers two members, and lets one pay the other.
 *
 * @returns the screens of the operator, of Bob and of Alice; the same in each run
 */
export async function playSession(): Promise<readonly Screen[]> {
  await using scene = await openScene();
  // The server shows the first name that the operator gave the certificate.
  await scene.gencert("--host", "pi4");
  const programs = await scene.programFolder();

  const open = async (person: string, folder: string) => {
    await Deno.mkdir(scene.path(folder), { recursive: true });
    const { PATH, ...env } = runtimeEnvironment();
    return await Terminal.open(scene.path(`${person}.tmux`), {
      // A QR code would take most of the picture.
      command: "env TERM=dumb /bin/sh -i",
      folder: scene.path(folder),
      env: {
        ...env,
        PATH: `${programs}:${PATH || "/usr/bin:/bin"}`,
        PS1: "$ ",
        MICROPAY_HOME: scene.home(person),
      },
      columns: 150,
      rows: 40,
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
  for (const terminal of [bob, operator]) {
    await terminal.press("C-c");
    await terminal.shows(shellPrompt);
  }

  return [
    { title: "The operator starts the server", lines: linesOf(started) },
    { title: "Bob joins and waits for payments", lines: linesOf(received) },
    { title: "Alice joins and pays Bob", lines: linesOf(paid) },
  ];
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

/** The lines of a screen with examples in place of what differs, without empty ones at the end. */
function linesOf(screen: string): readonly string[] {
  const example = examples.reduce(
    (text, [pattern, replacement]) => text.replace(pattern, replacement),
    screen,
  );
  const lines = example.trimEnd().split("\n").map((line) => line.trimEnd());
  // The shell's next prompt may stand there or not yet.
  return lines.at(-1) === "$" ? lines.slice(0, -1) : lines;
}
