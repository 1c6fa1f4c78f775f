/**
 * The command line as a whole: words and environment in, one typed request out. Pure: nothing is printed and nothing is
 * looked at that was not passed in, so every text that a person may get to see can be tested.
 */
import { or } from "@optique/core/constructs";
import { bash, fish, zsh } from "@optique/core/completion";
import type { DocPage } from "@optique/core/doc";
import { runParserSync } from "@optique/core/facade";
import { formatMessage, type Message, message } from "@optique/core/message";
import type { InferValue } from "@optique/core/parser";
import { isPrintable, printable } from "../../printable.ts";
import { clientCommandOf } from "../client/commands.ts";
import { clientCommand } from "../client/options.ts";
import { gencertCommand, gencertCommandOf } from "../gencert/options.ts";
import { examples, formatHelpPage } from "./help_page.ts";
import { ledgerCommand, ledgerCommandOf } from "../ledger/options.ts";
import { guardNegativeNumbers, unguardNegativeNumber } from "./negative_number.ts";
import { type Environment, OptionSource } from "./option_source.ts";
import { environmentFlag } from "./option_values.ts";
import { serverCommand } from "../server/options.ts";
import { type AtHand, atHand, type FaceUsages, unexpectedWord } from "./unexpected_word.ts";
import { verifyCommand } from "../verify/options.ts";

export type { Environment } from "./option_source.ts";

/** What `micropay server` was asked to do. */
export type ServerRequest = Defined<InferValue<ReturnType<typeof serverCommand>>>;
/** What `micropay client` was asked to do. */
export type ClientRequest = Defined<InferValue<ReturnType<typeof clientCommand>>>;
/** The one thing that a client was asked to do; `menu` when none was named. */
export type ClientCommand = ClientRequest["command"];
/** What `micropay gencert` was asked to do. */
export type GencertRequest = Defined<InferValue<ReturnType<typeof gencertCommand>>>;

/** What `micropay ledger` was asked to do. */
export type LedgerRequest = Defined<InferValue<ReturnType<typeof ledgerCommand>>>;

/** What `micropay verify` was asked to do. */
export type VerifyRequest = Defined<InferValue<ReturnType<typeof verifyCommand>>>;

/** Text for stdout that was asked for: help, the version, a completion script or its suggestions. Ends with a newline. */
export interface PrintRequest {
  readonly kind: "print";
  readonly text: string;
  readonly exitCode: 0;
}

/** Nothing can be done with these words. */
export interface UsageRefusal {
  readonly kind: "usage_error";
  /** For stderr: what is wrong and how to get help. Ends with a newline. */
  readonly text: string;
  /** What is wrong, on one line: the `text` of the `--json` form. */
  readonly reason: string;
  /** Whether the words asked for `--json`, as far as that can be told from words that are wrong. */
  readonly json: boolean;
  readonly exitCode: 2;
}

export type ParsedCommandLine =
  | ServerRequest
  | ClientRequest
  | GencertRequest
  | LedgerRequest
  | VerifyRequest
  | PrintRequest
  | UsageRefusal;

export interface CommandLineOptions {
  readonly environment: Environment;
  readonly version: string;
  /** Width of help in columns; 80 when not known. */
  readonly columns?: number;
}

/**
 * Reads the words after `micropay`.
 *
 * @param args the words, without the executable's name
 */
export function parseCommandLine(
  args: readonly string[],
  options: CommandLineOptions,
): ParsedCommandLine {
  const { parser, usages } = programParser(args, new OptionSource(options.environment));
  const columns = Math.max(options.columns ?? 80, columnsMin);
  const printed: string[] = [];
  let other: PrintRequest | UsageRefusal | undefined;
  const print = (text: string) => other = { kind: "print", text: ending(text), exitCode: 0 };
  const parsed: unknown = runParserSync(parser, programName, guardNegativeNumbers(args), {
    brief: message`Person-to-person micropayments for a closed group.`,
    footer: programFooter,
    commandList: "top-level",
    help: { option: true, onShow: (_code, page) => print(helpPage(page, columns)) },
    version: {
      option: true,
      value: `${programName} ${options.version}`,
      onShow: () => print(printed.join("\n")),
    },
    completion: {
      command: true,
      shells: { bash, zsh, fish },
      onShow: () => print(printed.join("\n")),
    },
    stdout: (text) => printed.push(text),
    stderr: () => {},
    aboveError: "none",
    onError: (_code, error) =>
      (other = refusal(error, { args, usages, environment: options.environment })) as never,
  });
  // The runner returns what a callback returned, typed as if it were the value. Only one of the two happened.
  return other ?? withoutUndefined(parsed as InferValue<typeof parser>);
}

/** The members that may be `undefined` are absent instead. */
type Defined<T> = T extends unknown ? Simplify<
    & { [K in keyof T as undefined extends T[K] ? never : K]: DefinedMember<T[K]> }
    & { [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined> }
  >
  : never;
type DefinedMember<T> = T extends { readonly name: string } ? Defined<T> : T;
type Simplify<T> = { [K in keyof T]: T[K] };

const programName = "micropay";
const facesWithJson: ReadonlySet<string> = new Set(["client", "ledger", "verify"]);
/** Help is not laid out narrower than this: beside the option names nothing could be read. */
const columnsMin = 60;

const programFooter = examples(
  [
    "micropay server 8888 3 --silent",
    "micropay client 127.0.0.1 8888",
    "micropay client 127.0.0.1 8888 pay bob 5",
    "micropay server --help",
    "source <(micropay completion bash)",
  ],
  "Every option can also be given as an environment variable, which its help shows in brackets. The command line wins.",
);

function programParser(args: readonly string[], source: OptionSource) {
  const faces = [
    serverCommand(source),
    clientCommand(source),
    ledgerCommand(source),
    verifyCommand(source),
    gencertCommand(source),
  ] as const;
  const usages: FaceUsages = new Map(
    faces.flatMap(({ leadingNames, usage }) => [...leadingNames].map((name) => [name, usage])),
  );
  const at = atHand(args, usages);
  const parser = or(...faces, {
    errors: {
      noMatch:
        message`A command is missing: server, client, ledger, verify, gencert or completion.`,
      unexpectedInput: (word: string) => unexpectedWord(word, at, usages),
    },
  });
  return { parser, usages };
}

function helpPage(page: DocPage, columns: number): string {
  const { brief } = page;
  const command = brief &&
    (clientCommandOf(brief) ?? ledgerCommandOf(brief) ?? gencertCommandOf(brief));
  return formatHelpPage(page, { columns, command });
}

function refusal(
  error: Message,
  { args, usages, environment }: {
    readonly args: readonly string[];
    readonly usages: FaceUsages;
    readonly environment: Environment;
  },
): UsageRefusal {
  const message = unguardNegativeNumber(formatMessage(error)).replace(/\s*\n\s*/g, " ");
  // Values that we refuse are escaped already; a word that the parser itself quotes may hold anything.
  const said = isPrintable(message) ? message : printable(message);
  const at = atHand(args, usages);
  const reason = `${said}${missingServer(args, at)}`;
  const help = [programName, at.face, at.command, "--help"].filter((word) => word !== undefined);
  return {
    kind: "usage_error",
    text: `${programName}: ${reason}\nTry "${help.join(" ")}".\n`,
    reason,
    json: facesWithJson.has(at.face ?? "") && wantsJson(args, environment),
    exitCode: 2,
  };
}

/** A client's command right after `client` was taken for the server's address. */
function missingServer([, first]: readonly string[], { face, command }: AtHand): string {
  return face === "client" && command !== undefined && first === command
    ? ` The server comes before the command: "client HOST PORT ${command}".`
    : "";
}

function wantsJson(args: readonly string[], environment: Environment): boolean {
  if (args.includes("--json")) return true;
  const result = environmentFlag.parse(environment("MICROPAY_JSON") ?? "");
  return result.success && result.value;
}

function ending(text: string): string {
  return text === "" || text.endsWith("\n") ? text : `${text}\n`;
}

function withoutUndefined<T extends object>(value: T): Defined<T> {
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .map(([name, member]) => [name, name === "command" ? withoutUndefined(member) : member]);
  return Object.fromEntries(members);
}
