/**
 * Runs the numbered menu, and prints the summary at its end.
 */
import type { SqliteWalletStore } from "../../../client/sqlite/sqlite_wallet_store.ts";
import type { Wallet } from "../../../client/wallet.ts";
import { systemClock } from "../../../clock.ts";
import type { MeteredNetwork } from "../../../transport/metered_network.ts";
import { type ExitCode, exitCodes } from "../../exit_code.ts";
import type { LineInput } from "../../line_input.ts";
import { type ProcessIo, untilSignal } from "../../process_io.ts";
import type { AddressedRequest } from "../choose_ledger.ts";
import { commandTyper } from "../command_typer.ts";
import { peersOf } from "../known_words.ts";
import type { WalletDialogue } from "../open_wallet.ts";
import { waitingText } from "../output.ts";
import { usePrinter } from "../print_use.ts";
import { canMoveCursor } from "../shows_screen.ts";
import { type AnswerSource, LineAnswers } from "./answer_source.ts";
import { isUnprinted, Menu } from "./menu.ts";
import { MessageSwitch } from "./message_switch.ts";
import { MenuInput } from "./menu_input.ts";

type MenuIo =
  & Pick<ProcessIo, "draw" | "drawnColumns" | "environment" | "hideTyping" | "isReaderGone">
  & Pick<ProcessIo, "isTerminal" | "onSignal" | "outputSize" | "print" | "say">;

interface RunMenuOptions {
  readonly input: LineInput;
  readonly network: MeteredNetwork;
  readonly store: SqliteWalletStore;
  /** @param dialogue what differs from the lines of a pipe or a plain terminal */
  readonly openWallet: (dialogue: Partial<WalletDialogue>) => Promise<Wallet>;
}

/**
 * Shows the menu until EXIT, the end of the input, or a signal. Then it prints how many bytes were
 * transferred, and how long it took.
 *
 * @throws {MicropayError} as {@link Menu.run}, after the terminal is as it was
 */
export async function runMenu(
  request: AddressedRequest,
  { input, network, openWallet, store, ...processIo }: RunMenuOptions & MenuIo,
): Promise<ExitCode> {
  const printUse = usePrinter({ network, clock: systemClock, print: processIo.print });
  return await untilSignal(processIo, async (signal) => {
    const { answers, isEdited, ...printing } = await openAnswers(input, processIo);
    try {
      const questions = new MenuInput(answers, { ...printing, signal });
      const messages = new MessageSwitch({ say: printing.say, isOn: request.verbose });
      const wallet = await openWallet({
        observe: messages.observe,
        ...(isEdited && dialogueOf(questions, printing)),
      });
      await new Menu({
        ...{ ...processIo, ...printing, input: questions, address: request, messages, wallet },
        knownPeers: (ledger, name) => peersOf(store, { ledger, name }),
        typed: commandTyper(request),
      }).run();
    } catch (error) {
      await answers.close();
      if (!isUnprinted(error)) printUse();
      throw error;
    }
    await answers.close();
    printUse();
    return exitCodes.ok;
  });
}

interface Answers extends Pick<ProcessIo, "print" | "say"> {
  readonly answers: AnswerSource;
  /** Whether the person edits answers in the terminal's last row. All output is drawn above it. */
  readonly isEdited: boolean;
}

async function openAnswers(
  input: LineInput,
  { isTerminal, print, say, ...io }: MenuIo,
): Promise<Answers> {
  if (!isTerminal() || io.drawnColumns() === undefined || !canMoveCursor(io)) {
    const answers = new LineAnswers(input, { say, isTerminal: isTerminal() });
    return { answers, isEdited: false, print, say };
  }
  const { LineEditor } = await import("./line_editor.ts");
  const answers = new LineEditor(input, io);
  return {
    ...{ answers, isEdited: true },
    print: (line) => answers.interject(() => print(line)),
    say: (line) => answers.interject(() => say(line)),
  };
}

function dialogueOf(
  questions: MenuInput,
  { say }: Pick<ProcessIo, "say">,
): WalletDialogue {
  return {
    onKnown: say,
    onWaiting: (place) => say(waitingText(place)),
    confirm: (lines) => questions.confirm(lines),
    askPassphrase: (account) => questions.askPassphrase(account),
  };
}
