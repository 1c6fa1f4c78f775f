/**
 * The client without a command: the menu, with its signals and what it says at the end.
 */
import type { Wallet } from "../../../client/wallet.ts";
import type { Clock } from "../../../clock.ts";
import { OutputError, UnprintedPaymentError } from "../../../errors.ts";
import type { MeteredNetwork } from "../../../transport/metered_network.ts";
import type { TypeCommand } from "../command_typer.ts";
import type { ExitCode } from "../../exit_code.ts";
import type { LineInput } from "../../line_input.ts";
import { Menu } from "./menu.ts";
import { MenuInput } from "./menu_input.ts";
import type { PeerAddressRequest } from "../online_options.ts";
import type { Surroundings } from "../../process_io.ts";

export interface MenuCommandOptions {
  readonly wallet: Wallet;
  readonly input: LineInput;
  readonly network: MeteredNetwork;
  readonly clock: Clock;
  readonly address: PeerAddressRequest;
  readonly typed: TypeCommand;
}

export async function runMenu(
  { wallet, input, network, clock, address, typed }: MenuCommandOptions,
  { print, isReaderGone, say, onSignal }: Surroundings,
): Promise<ExitCode> {
  const startMs = clock.monotonicMs();
  const interrupted = new AbortController();
  const stop = onSignal(() => interrupted.abort());
  const printUse = () => {
    const seconds = ((clock.monotonicMs() - startMs) / 1000).toFixed(3);
    print(`Bytes written: ${network.bytesWritten}`);
    print(`Bytes read: ${network.bytesRead}`);
    print(`Time spent: ${seconds} s`);
  };
  try {
    const questions = new MenuInput(input, { signal: interrupted.signal, say });
    const options = { wallet, input: questions, clock, address, typed };
    const menu = new Menu({ ...options, print, isReaderGone, say });
    const code = await menu.run();
    printUse();
    return code;
  } catch (error) {
    // It must not take the place of what could not be printed.
    if (!(error instanceof OutputError || error instanceof UnprintedPaymentError)) printUse();
    throw error;
  } finally {
    stop();
  }
}
