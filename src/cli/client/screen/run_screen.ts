/**
 * Runs the full-screen client on the terminal, and prints the summary when it is gone.
 */
import type { SqliteWalletStore } from "../../../client/sqlite/sqlite_wallet_store.ts";
import type { Wallet } from "../../../client/wallet.ts";
import { systemClock } from "../../../clock.ts";
import { systemRandom } from "../../../random.ts";
import { serversText } from "../../../client/sqlite/joined_ledgers.ts";
import type { MeteredNetwork } from "../../../transport/metered_network.ts";
import type { AddressedRequest } from "../choose_ledger.ts";
import { commandTyper } from "../command_typer.ts";
import { type ExitCode, exitCodes } from "../../exit_code.ts";
import { peersOf } from "../known_words.ts";
import type { WalletDialogue } from "../open_wallet.ts";
import { usePrinter } from "../print_use.ts";
import { type ProcessIo, untilSignal } from "../../process_io.ts";
import { prepareForInk } from "./ink_environment.ts";
import { ScreenDriver } from "./screen_driver.ts";
import type { IconSet } from "../icon_sets.ts";
import { guessIcons } from "./theme.ts";

type ScreenRequest = AddressedRequest & {
  readonly command: { readonly name: "menu"; readonly icons?: IconSet | undefined };
};

interface RunScreenOptions extends Pick<ProcessIo, "environment" | "onSignal" | "print"> {
  readonly network: MeteredNetwork;
  readonly store: SqliteWalletStore;
  readonly openWallet: (dialogue: WalletDialogue) => Promise<Wallet>;
}

/**
 * Shows the screen until the person leaves or a signal comes.
 *
 * @throws {MicropayError} when the first connection fails, after the terminal is as it was
 */
export async function runScreen(
  request: ScreenRequest,
  { environment, network, openWallet, print, store, ...processIo }: RunScreenOptions,
): Promise<ExitCode> {
  const printUse = usePrinter({ network, clock: systemClock, print });
  prepareForInk();
  const { openScreen } = await import("./open_screen.tsx");
  const driver = new ScreenDriver({
    server: serversText(request),
    openWallet,
    address: request,
    typed: commandTyper(request),
    as: request.as,
    verbose: request.verbose,
    knownPeers: (ledger, name) => peersOf(store, { ledger, name }),
    clock: systemClock,
    random: systemRandom,
  });
  const look = {
    iconSet: request.command.icons ?? guessIcons(environment),
    hasColours: !environment("NO_COLOR"),
  };
  try {
    const lines = await untilSignal(processIo, async (signal) => {
      signal.addEventListener("abort", () => driver.close());
      return await openScreen(driver, { run: () => driver.run(), look });
    });
    lines.forEach(print);
  } finally {
    printUse();
  }
  return exitCodes.ok;
}
