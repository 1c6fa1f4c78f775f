/**
 * The rules of `tidy_test.ts`. Each checks one file and returns its findings: a line number and
 * what is there.
 */
import { blankComments, blankStrings } from "./tidy_source.ts";

export interface SourceFile {
  /** Relative to the repository, with slashes. */
  readonly path: string;
  readonly text: string;
}

type Check = (file: SourceFile) => string[];

/**
 * The layers from left to right. Imports go to the right only, and layers in one group never import
 * each other.
 */
const layers: readonly (readonly string[])[] = [
  ["cli"],
  ["client/sqlite"],
  ["server", "client", "operator", "ledger/sqlite", "ledger/postgres"],
  ["transport"],
  ["envelope"],
  ["protocol"],
  ["pki"],
  ["books"],
  ["ledger"],
  ["sqlite"],
  ["leaves"],
];

/** The layers that may import a dependency. A dependency without an entry is allowed everywhere. */
const homes: Readonly<Record<string, readonly string[]>> = {
  "node:sqlite": ["ledger/sqlite", "client/sqlite", "sqlite"],
  "postgres": ["ledger/postgres"],
  // Only the tests use it, to check our JWS and JWE.
  "jose": [],
  "@commander-js/": ["cli"],
  "commander": ["cli"],
  "ink": ["cli"],
  "react": ["cli"],
  "csv-parse": ["cli"],
};

/** Effects that are passed in as parameters, with the one file that may use them. */
const effects: readonly { readonly pattern: RegExp; readonly home?: string }[] = [
  { pattern: /\bDate\.now\b/, home: "src/clock.ts" },
  { pattern: /\bnew Date\b(?!\s*\(\s*[^\s)])/, home: "src/clock.ts" },
  { pattern: /\bperformance\.now\b/, home: "src/clock.ts" },
  { pattern: /(?<![\w.])set(Timeout|Interval)\b/, home: "src/clock.ts" },
  { pattern: /\bAbortSignal\.timeout\b/, home: "src/clock.ts" },
  { pattern: /\bMath\.random\b/ },
  { pattern: /\bgetRandomValues\b/, home: "src/random.ts" },
  { pattern: /\bcrypto\.randomUUID\b/, home: "src/random.ts" },
  { pattern: /\bDeno\.(env|exit|args)\b/ },
  { pattern: /(?<![\w.])console\./ },
];

/** The rules by name. */
export const findings: Readonly<Record<string, Check>> = {
  "imports go to the right only": (file) => {
    const from = layerOf(file.path);
    if (from === undefined) return [];
    return importsOf(file).flatMap(({ specifier, line }) => {
      // The program's version is in deno.json alone.
      if (!specifier.startsWith(".") || specifier.endsWith("/deno.json")) return [];
      const target = new URL(specifier, `file:///${file.path}`).pathname.slice(1);
      return mayImport(from, layerOf(target)) ? [] : [`${line}: imports ${target}`];
    });
  },

  "every folder of src is a layer": ({ path }) =>
    path.startsWith("src/") && rankOf(layerOf(path)!) === -1 ? ["1: its folder is no layer"] : [],

  "a dependency is imported where it belongs": (file) => {
    const from = layerOf(file.path);
    if (from === undefined) return [];
    return importsOf(file).flatMap(({ specifier, line }) => {
      const name = specifier.replace(/^npm:\/?/, "");
      const home = Object.keys(homes).find((dependency) => isOf(dependency, name));
      const allowed = home === undefined || homes[home]!.includes(from);
      return allowed ? [] : [
        `${line}: imports ${specifier}, which is for ${homes[home]!.join(" and ") || "the tests"}`,
      ];
    });
  },

  "the machine is passed in below cli": (file) => {
    const from = layerOf(file.path);
    if (from === undefined || from === "cli") return [];
    return linesWith(
      blankStrings(file.text),
      (line) =>
        effects.find(({ pattern, home }) => home !== file.path && pattern.test(line))?.pattern.exec(
          line,
        )?.[0],
    );
  },

  // Deno 2.4.2 takes ?1 for a parameter with a name, and cannot bind a value to it by its place.
  "SQL has no numbered parameters": ({ path, text }) =>
    path.startsWith("src/")
      ? linesWith(text, (line) => /(?<![\w)\]])\?[0-9]+/.exec(line)?.[0])
      : [],

  // Another member chose its text. The screen makes each of its rows harmless as a whole.
  "a memo is printed in quotes": ({ path, text }) =>
    path.startsWith("src/cli/") && !path.startsWith("src/cli/client/screen/")
      ? linesWith(
        text,
        (line) => /\$\{(?!(?:quote|shown)\()[^{}]*\bmemo\b[^{}]*\}/.exec(line)?.[0],
      )
      : [],

  // fast-check's own ones begin with a table of all characters, in each group of tests.
  "random characters come from code_point.ts": ({ text }) =>
    linesWith(blankComments(text), (line) => /\bunit: ?"binary"/.exec(line)?.[0]),

  // The formatter wraps code, and leaves comments as they are.
  "a comment has at most 100 columns": ({ text }) =>
    linesWith(
      text,
      (line) => /^ *(\*|\/\/|\/\*)/.test(line) && line.length > 100 ? `${line.length}` : undefined,
    ),

  "a test asserts": (file) => {
    if (!file.path.endsWith("_test.ts")) return [];
    const asserts = importsOf(file).some(({ specifier }) =>
      // A contract suite asserts for each implementation.
      specifier === "@std/assert" || specifier.endsWith("_contract.ts")
    );
    return asserts ? [] : ["1: imports no assertion"];
  },
};

/** Returns a file's layer. `main` is left of all, and files outside `src` have none. */
function layerOf(path: string): string | undefined {
  if (path === "main.ts") return "main";
  const folders = path.split("/").slice(0, -1);
  if (folders[0] !== "src") return undefined;
  if (folders.length === 1 || folders[1] === "std") return "leaves";
  const store = folders.slice(1, 3).join("/");
  return rankOf(store) === -1 ? folders[1]! : store;
}

function rankOf(layer: string): number {
  return layers.findIndex((group) => group.includes(layer));
}

function mayImport(from: string, to: string | undefined): boolean {
  if (to === undefined) return false;
  return from === to || from === "main" || (to !== "main" && rankOf(from) < rankOf(to));
}

function isOf(dependency: string, name: string): boolean {
  return dependency.endsWith("/")
    ? name.startsWith(dependency)
    : name === dependency || name.startsWith(`${dependency}/`) || name.startsWith(`${dependency}@`);
}

function importsOf({ text }: SourceFile): { readonly specifier: string; readonly line: number }[] {
  const code = blankComments(text);
  const statement = /\b(?:from|import)\s*\(?\s*(["'])([^"'\n]+)\1/g;
  return [...code.matchAll(statement)].map((found) => {
    // The line on which the statement ends.
    const end = found.index + found[0].length;
    return { specifier: found[2]!, line: code.slice(0, end).split("\n").length };
  });
}

function linesWith(text: string, find: (line: string) => string | undefined): string[] {
  return text.split("\n").flatMap((line, at) => {
    const found = find(line);
    return found === undefined ? [] : [`${at + 1}: ${found}`];
  });
}
