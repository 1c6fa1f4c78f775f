/**
 * The command line of `deno task fuzz`.
 */
import { freshSeed } from "./fuzz_rounds.ts";

export interface FuzzArguments {
  readonly rounds: number;
  readonly seed: number;
  readonly target?: string;
  readonly path?: string;
}

/** @returns what is wrong, where something is */
export function parseArgs(
  words: readonly string[],
  targetNames: readonly string[],
): FuzzArguments | string {
  const options: Record<string, string> = {};
  for (let at = 0; at < words.length; at += 2) {
    const [name, value] = [words[at]!, words[at + 1]];
    if (!/^--(rounds|target|seed|path)$/.test(name)) return `${name}: no option`;
    if (value === undefined) return `${name}: a value is missing`;
    options[name.slice(2)] = value;
  }
  const { rounds = "10000", seed = String(freshSeed()), target, path } = options;
  if (!/^[1-9]\d{0,9}$/.test(rounds)) return `--rounds ${rounds}: a whole number from 1`;
  if (!/^-?\d{1,10}$/.test(seed)) return `--seed ${seed}: a whole number`;
  if (target !== undefined && !targetNames.includes(target)) {
    return `--target ${target}: one of ${targetNames.join(", ")}`;
  }
  if (path !== undefined && target === undefined) return "--path: which --target is it of?";
  return {
    rounds: Number(rounds),
    seed: Number(seed),
    ...(target !== undefined && { target }),
    ...(path !== undefined && { path }),
  };
}
