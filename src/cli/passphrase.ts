/**
 * Passphrases: typed on a terminal that does not show them, or read from a file.
 */
import type { AccountName } from "../account_name.ts";
import { InterruptedError, PassphraseError, UsageError } from "../errors.ts";
import { isPassphrase, passphraseRule } from "../pki/protected_key.ts";
import { readGivenFile } from "./given_file.ts";
import type { LineInput } from "./line_input.ts";
import type { ProcessIo } from "./process_io.ts";

export interface PassphraseIo
  extends Pick<ProcessIo, "hideTyping" | "isTerminal" | "onSignal" | "say"> {
  readonly input: LineInput;
}

/** Where passphrases come from. */
export class Passphrases {
  readonly #file: string | undefined;
  readonly #io: PassphraseIo;

  /** @param file `--passphrase-file`; absent: a person is asked */
  constructor(file: string | undefined, io: PassphraseIo) {
    this.#file = file;
    this.#io = io;
  }

  /**
   * Returns the passphrase that opens something.
   *
   * @param what as in "the key of alice"
   * @throws {PassphraseError} when there is no file and no terminal
   * @throws {FileError} when the file cannot be read
   * @throws {InterruptedError} when the person ends the question
   */
  async current(what: string): Promise<string> {
    if (this.#file !== undefined) return await readPassphrase(this.#file);
    requireTerminal(this.#io, what);
    return await askSecretly(`Passphrase of ${what}:`, this.#io);
  }

  ofKey = (account: AccountName): Promise<string> => this.current(`the key of ${account}`);

  /**
   * Returns a passphrase that is chosen now. A person types it twice.
   *
   * @param file used in place of `--passphrase-file`
   * @throws {UsageError} when it breaks the rule, or the second text differs
   * @throws as {@link current}
   */
  async chosen(what: string, { file = this.#file }: { readonly file?: string } = {}) {
    if (file !== undefined) return requireRule(await readPassphrase(file));
    requireTerminal(this.#io, what);
    const first = requireRule(await askSecretly(`New passphrase of ${what}:`, this.#io));
    const second = await askSecretly("The same passphrase again:", this.#io);
    if (first !== second) throw new UsageError("choose a passphrase: the two texts differ");
    return first;
  }
}

function requireTerminal({ isTerminal }: PassphraseIo, what: string): void {
  if (isTerminal()) return;
  throw new PassphraseError(
    `ask for the passphrase of ${what}: there is no terminal; give a file with --passphrase-file`,
  );
}

/** The text is not repeated, because it is a secret. */
function requireRule(passphrase: string): string {
  if (isPassphrase(passphrase)) return passphrase;
  throw new UsageError(`choose a passphrase: ${passphraseRule}`);
}

/** Returns the first line of a file, as `openssl -passin file:` does. */
async function readPassphrase(file: string): Promise<string> {
  const attempt = `read the passphrase from ${file}`;
  const [line = ""] = (await readGivenFile(file, attempt)).split(/\r?\n/, 1);
  if (line !== "") return line;
  throw new PassphraseError(`${attempt}: its first line is empty`);
}

async function askSecretly(
  question: string,
  { hideTyping, input, onSignal, say }: PassphraseIo,
): Promise<string> {
  const interruption = new AbortController();
  const interrupted = new InterruptedError("ask for the passphrase: it was interrupted");
  // A shell would not show what is typed next, so the terminal is put right before the end.
  const stopListening = onSignal(() => interruption.abort(interrupted));
  const showTyping = hideTyping();
  try {
    say(question);
    const line = await input.nextTyped(interruption.signal);
    if (line.kind === "line" && line.text !== "") return line.text;
    throw new PassphraseError("ask for the passphrase: none was typed");
  } finally {
    showTyping();
    stopListening();
  }
}
