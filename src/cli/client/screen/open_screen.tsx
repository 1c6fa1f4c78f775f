/**
 * Opens the full-screen client on the terminal, and leaves the terminal as it was.
 *
 * Only `run_client.ts` imports this, dynamically: loading ink takes longer than a whole command.
 */
import process from "node:process";
import chalk from "chalk";
import { render } from "ink";
import { type ScreenLook, ScreenView, type ShownScreen } from "./screen_view.tsx";

// Every terminal has the first 16 colours. The theme heeds NO_COLOR. Ink would leave out bold and
// inverse too.
chalk.level = 1;

/**
 * Returns the sequence that turns the terminal's automatic wrapping (DECAWM) on or off. While it is
 * off, a text that the terminal draws wider than expected ends at the edge, and moves no other row.
 */
function wrapping(isOn: boolean): string {
  return `\x1b[?${7}${isOn ? "h" : "l"}`;
}

const endingSignals = ["SIGHUP", "SIGINT", "SIGTERM"] as const;

function ignore(): void {}

/** The streams of a terminal. */
export interface ScreenStreams {
  readonly stdin: NodeJS.ReadableStream;
  readonly stdout: NodeJS.WritableStream;
}

/**
 * Shows a screen until the promise of `run` settles, and returns its result.
 *
 * @throws as `run`, or the error of a view, after the terminal is as it was
 */
export async function openScreen<Result>(
  screen: ShownScreen,
  { run, look, streams: { stdin, stdout } = process }: {
    readonly run: () => Promise<Result>;
    readonly look: ScreenLook;
    readonly streams?: ScreenStreams;
  },
): Promise<Result> {
  stdout.write(wrapping(false));
  const shown = render(<ScreenView screen={screen} {...look} />, {
    ...{ stdin, stdout },
    alternateScreen: true,
    exitOnCtrlC: false,
    incrementalRendering: true,
    interactive: true,
    isScreenReaderEnabled: false,
    maxFps: 60,
    patchConsole: false,
  });
  const exited = shown.waitUntilExit();
  // Ink waits for this event of the stream, which Deno 2.4 never emits.
  const tellSize = () => void stdout.emit("resize");
  Deno.addSignalListener("SIGWINCH", tellSize);
  // Ink sends a signal on to this process when nobody else listens in Node's way. The caller does
  // listen, and a process that sends signals needs a permission.
  for (const signal of endingSignals) process.on(signal, ignore);
  try {
    const ended = exited.then(() =>
      Promise.reject(new Error("the screen ended before its client"))
    );
    return await Promise.race([run(), ended]);
  } finally {
    Deno.removeSignalListener("SIGWINCH", tellSize);
    for (const signal of endingSignals) process.off(signal, ignore);
    shown.unmount();
    // An error of a view is the reason of the rejection above.
    await exited.catch(() => {});
    stdout.write(wrapping(true));
  }
}
