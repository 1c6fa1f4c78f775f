/**
 * What is said of a word on the command line that nothing is waiting for.
 */
import { type Message, message, text } from "@optique/core/message";
import { findSimilar } from "@optique/core/suggestion";
import { extractCommandNames, extractOptionNames, type Usage } from "@optique/core/usage";
import { printable } from "../printable.ts";
import { unguardNegativeNumber } from "./negative_number.ts";

/** Refuses the word and names the nearest one that there is. */
export function unexpectedWord(word: string, usage: Usage): Message {
  const given = unguardNegativeNumber(word);
  const isOption = given.startsWith("-");
  const known = isOption ? extractOptionNames(usage) : extractCommandNames(usage);
  const refusal = message`${text(`"${printable(given)}"`)} is not expected here.`;
  // An option of another command is spelled right: naming it again would not help.
  const nearest = known.has(given)
    ? []
    : findSimilar(given, known, isOption ? nearOption : nearCommand);
  return nearest.length === 0
    ? refusal
    : message`${refusal} Did you mean ${text(`"${nearest[0]}"`)}?`;
}

// Two letters of three swapped ("pya") are still a slip; another letter after a single hyphen is another option.
const nearCommand = { maxSuggestions: 1, maxDistanceRatio: 0.7 };
const nearOption = { maxSuggestions: 1, maxDistanceRatio: 0.4 };
