/**
 * What is said of a word on the command line that nothing is waiting for. Only what can be typed where the person is, is suggested.
 */
import { type Message, message, text } from "@optique/core/message";
import { findSimilar } from "@optique/core/suggestion";
import {
  extractArgumentMetavars,
  extractCommandNames,
  extractOptionNames,
  type Usage,
} from "@optique/core/usage";
import { printable } from "../../printable.ts";
import { commandsIn } from "./help_page.ts";
import { unguardNegativeNumber } from "./negative_number.ts";

/** The usage of each face (`server`, `client`, …), by its name. */
export type FaceUsages = ReadonlyMap<string, Usage>;

/** What a command line asks for, as far as its words tell: `client` and `pay` in `client 127.0.0.1 8888 pay bob 5`. */
export interface AtHand {
  readonly face?: string;
  readonly command?: string;
}

export function atHand(args: readonly string[], usages: FaceUsages): AtHand {
  const [face = "", ...words] = args;
  const usage = usages.get(face);
  if (usage === undefined) return {};
  const commands = commandLines(usage);
  const command = words.find((word) => commands.has(word));
  return command === undefined ? { face } : { face, command };
}

/** Refuses the word and names what was meant, where that can be told. */
export function unexpectedWord(word: string, at: AtHand, usages: FaceUsages): Message {
  const given = unguardNegativeNumber(word);
  const refusal = message`${text(`"${printable(given)}"`)} is not expected here.`;
  const advice = given.startsWith("-")
    ? adviceOnOption(given, at, usages)
    : adviceOnCommand(given, at, usages);
  return advice === undefined ? refusal : message`${refusal} ${text(advice)}`;
}

function adviceOnOption(given: string, at: AtHand, usages: FaceUsages): string | undefined {
  // Where a face is misspelled, no option of one is meant.
  const usage = usages.get(at.face ?? "");
  if (usage === undefined) return undefined;
  const lines = commandLines(usage);
  const line = lines.get(at.command ?? "") ?? [];
  const own = extractOptionNames(line);
  const common = extractOptionNames(usage.filter((term) => commandsIn(term) === undefined));
  // It is spelled right, so it stands in the wrong place.
  if (own.has(given)) return `Give it after "${at.command}".`;
  if (common.has(given)) return undefined;
  const owners = [...lines].filter(([, line]) => extractOptionNames(line).has(given));
  if (owners.length > 0) return `It is an option of ${listed(owners.map(([name]) => name))}.`;
  const argument = given.slice(2).toUpperCase();
  if (extractArgumentMetavars(line).has(argument)) return `Give ${argument} as a word of its own.`;
  return question(findSimilar(given, [...own, ...common], nearOption)[0]);
}

function adviceOnCommand(given: string, at: AtHand, usages: FaceUsages): string | undefined {
  const face = usages.get(at.face ?? "");
  const here = face === undefined
    ? [...usages.keys(), "completion"]
    : at.command === undefined
    ? [...commandLines(face).keys()]
    : [];
  const [nearest] = findSimilar(given, here, nearCommand);
  if (nearest !== undefined) return question(nearest);
  // After a command, one more word is no command of another face.
  if (at.command !== undefined) return undefined;
  return question(...wholeCommands(given, usages));
}

/** How commands of this name are typed in full: `client HOST PORT pay`. */
function wholeCommands(name: string, usages: FaceUsages): string[] {
  const faces = [...usages].filter(([, usage]) => commandLines(usage).has(name));
  return faces.map(([face]) => [face, ...(face === "client" ? ["HOST PORT"] : []), name].join(" "));
}

function question(...suggested: readonly (string | undefined)[]): string | undefined {
  const quoted = suggested.filter((one) => one !== undefined).map((one) => `"${one}"`);
  return quoted.length === 0 ? undefined : `Did you mean ${quoted.join(" or ")}?`;
}

function listed(names: readonly string[]): string {
  const last = names.at(-1)!;
  return names.length === 1 ? last : `${names.slice(0, -1).join(", ")} and ${last}`;
}

/** The lines of a face's own commands, by their names. */
function commandLines(usage: Usage): Map<string, Usage> {
  const lines = usage.flatMap((term) => commandsIn(term) ?? []);
  return new Map(
    lines.flatMap((line) => [...extractCommandNames(line)].map((name) => [name, line])),
  );
}

// Two letters of three swapped ("pya") are still a slip; another letter after a single hyphen is another option.
const nearCommand = { maxSuggestions: 1, maxDistanceRatio: 0.7 };
const nearOption = { maxSuggestions: 1, maxDistanceRatio: 0.4 };
