/**
 * How help pages look: a short usage line, the arguments before the options, examples at the bottom.
 */
import { type DocPage, type DocSection, formatDocPage } from "@optique/core/doc";
import {
  formatMessage,
  lineBreak,
  type Message,
  type MessageTerm,
  text,
} from "@optique/core/message";
import type { Usage, UsageTerm } from "@optique/core/usage";

/** Title of the section of words that are no options. */
export const argumentsTitle = "Arguments";
/** Title of the section of commands. */
export const commandsTitle = "Commands";
/** Title of the section of what follows the name of one command of the client. */
export const commandArgumentsTitle = "Arguments of this command";
/** Title of the section of options of one command of the client. */
export const commandOptionsTitle = "Options of this command";
/** Title of the section of all other options. */
export const optionsTitle = "Options";

/** Examples, one a line, with a line of prose after them where there is something to add. */
export function examples(commands: readonly string[], remark?: string): Message {
  const lines: MessageTerm[] = [text("Examples:")];
  for (const command of commands) lines.push(lineBreak(), text(`  ${command}`));
  return remark === undefined ? lines : [...lines, lineBreak(), lineBreak(), text(remark)];
}

export interface HelpPageOptions {
  /** Width to stay within. */
  readonly columns: number;
  /** The command of the client or of the ledger that the page is about. */
  readonly command?: string | undefined;
}

/** Lays out a page, with a newline at the end. */
export function formatHelpPage(page: DocPage, options: HelpPageOptions): string {
  const { description, ...rest } = page;
  const repeated = description !== undefined && page.brief !== undefined &&
    formatMessage(description) === formatMessage(page.brief);
  const arranged = {
    ...rest,
    ...(description === undefined || repeated ? {} : { description }),
    usage: shortUsage(page.usage ?? [], options.command),
    sections: arrangeSections(page.sections),
  };
  const formatted = formatDocPage("micropay", arranged, {
    maxWidth: options.columns,
    termWidth: "auto",
    sectionOrder: () => 0,
    // The marks around names set them apart in a sentence; in a list they are noise.
    messageFormatter: (message, settings) => formatMessage(message, { ...settings, quotes: false }),
  });
  // Wrapped lines keep the space they were broken at.
  return formatted.replace(/ +$/gm, "").trimEnd() + "\n";
}

/** The sections in the order in which a command line is typed. */
function arrangeSections(sections: readonly DocSection[]): DocSection[] {
  const titles = [
    argumentsTitle,
    commandsTitle,
    commandArgumentsTitle,
    commandOptionsTitle,
    optionsTitle,
  ];
  const rank = (section: DocSection) => {
    const place = titles.indexOf(section.title ?? "");
    return place === -1 ? titles.length : place;
  };
  return sections.toSorted((first, second) => rank(first) - rank(second));
}

/** All options as one word, after it the arguments, at the end the command: what a person has to type, in its order. */
function shortUsage(usage: Usage, command: string | undefined): Usage {
  const [first] = usage;
  if (first?.type !== "exclusive") {
    // A sequence, because a plain line is put into another order: commands, options, arguments.
    return [{ type: "sequence", terms: shortLine(usage, command) }];
  }
  const commands = first.terms.filter(([word]) => word?.type === "command");
  return [{ type: "exclusive", terms: commands.map((line) => shortLine(line, undefined)) }];
}

function shortLine(line: Usage, command: string | undefined): Usage {
  const commands = line.filter(({ type }) => type === "command");
  const options = line.some(isOption) ? [optionsWord] : [];
  const words = line.filter((term) => isWord(term));
  const lines = line.flatMap((term) => commandsIn(term) ?? []);
  const chosen = lines.find(([word]) => word?.type === "command" && word.name === command);
  const mayBeLeftOut = line.some((term) => term.type === "optional" && commandsIn(term));
  const rest = chosen === undefined
    ? lines.slice(0, 1).map(() => mayBeLeftOut ? optionalCommandWord : commandWord)
    : argumentsFirst(chosen);
  return [...commands, ...options, ...words, ...rest];
}

const optionsWord: UsageTerm = {
  type: "optional",
  terms: [{ type: "argument", metavar: "OPTIONS" }],
};
const commandWord: UsageTerm = { type: "argument", metavar: "COMMAND" };
const optionalCommandWord: UsageTerm = { type: "optional", terms: [commandWord] };

function argumentsFirst(line: Usage): Usage {
  return [...line.filter((term) => !isOption(term)), ...line.filter(isOption)];
}

/** The lines of the commands that may stand in this place, where there are any. */
export function commandsIn(term: UsageTerm): readonly Usage[] | undefined {
  const inner = term.type === "optional" ? term.terms[0] : term;
  return inner?.type === "exclusive" ? inner.terms : undefined;
}

function isWord(term: UsageTerm): boolean {
  return term.type !== "command" && !isOption(term) && commandsIn(term) === undefined;
}

function isOption(term: UsageTerm): boolean {
  if (term.type === "option") return true;
  return (term.type === "optional" || term.type === "multiple") && term.terms.every(isOption);
}
