/**
 * The client without a command: the menu, with its signals and what it says at the end.
 */
import type { Wallet } from "../client/wallet.ts";
import type { Clock } from "../clock.ts";
import type { MeteredNetwork } from "../transport/metered_network.ts";
import type { ExitCode } from "./exit_code.ts";
import type { LineInput } from "./line_input.ts";
import { Menu } from "./menu.ts";
import { MenuInput } from "./menu_input.ts";
import type { PeerAddressRequest } from "./online_options.ts";

export interface MenuCommandOptions {
  readonly wallet: Wallet;
  readonly input: LineInput;
  readonly network: MeteredNetwork;
  readonly clock: Clock;
  readonly address: PeerAddressRequest;
}

export async function runMenu(
  { wallet, input, network, clock, address }: MenuCommandOptions,
): Promise<ExitCode> {
  const print = (line: string) => console.log(line);
  const say = (line: string) => console.error(line);
  const startMs = clock.monotonicMs();
  const interrupted = new AbortController();
  const interrupt = () => interrupted.abort();
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const signal of signals) Deno.addSignalListener(signal, interrupt);
  try {
    const questions = new MenuInput(input, { signal: interrupted.signal, say });
    const menu = new Menu({ wallet, input: questions, clock, address, print, say });
    return await menu.run();
  } finally {
    for (const signal of signals) Deno.removeSignalListener(signal, interrupt);
    const seconds = ((clock.monotonicMs() - startMs) / 1000).toFixed(3);
    print(`Bytes written: ${network.bytesWritten}`);
    print(`Bytes read: ${network.bytesRead}`);
    print(`Time spent: ${seconds} s`);
  }
}
