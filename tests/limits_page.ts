/**
 * Writes `docs/limits.md` from the limits in the source: `deno task limits`.
 *
 * The page shows each limit's docstring. The part after "Past it:" says what happens past the
 * limit.
 */
const root = new URL("../", import.meta.url);

/** Files with a limit of a single concept. */
const concepts: readonly string[] = [
  "src/account_name.ts",
  "src/memo.ts",
  "src/money.ts",
  "src/strict_json.ts",
  "src/pki/x509/der.ts",
  "src/pki/pem.ts",
  "src/pki/certificate_profile.ts",
  "src/pki/signing_key.ts",
];

const introduction = `# Limits

Everything has a limit. \`deno task limits\` writes this page from \`src/limits.ts\` and the files that are named below;
change a limit, or what is said of it, there.
`;

/** Returns the whole page. */
export async function limitsPage(): Promise<string> {
  const shared = await sectionsOf("src/limits.ts");
  const beside = ["\n## Beside what they limit\n\n"];
  for (const file of concepts) {
    const [limits] = await sectionsOf(file);
    beside.push(limits!.replace(/^(- `\w+` \([^)]*)\)/gm, `$1, in \`${file}\`)`));
  }
  return introduction + shared.join("") + beside.join("");
}

/** Matches a heading (`// ## Title`, with text below it) or a limit with its docstring. */
const part = /^\/\/ ## (.*)\n((?:\/\/ .*\n)*)|^\/\*\*((?:(?!\*\/)[^])*)\*\/\nexport const (\w+)/gm;

/**
 * Returns a file's limits as Markdown lists, each after its heading. A file without headings gives
 * one list.
 */
async function sectionsOf(file: string): Promise<string[]> {
  const text = await Deno.readTextFile(new URL(file, root));
  const values: Record<string, unknown> = await import(new URL(file, root).href);
  const sections: string[] = [];
  for (const [, title, notes, docstring, name] of text.matchAll(part)) {
    if (title !== undefined) {
      const said = plain(notes!.replaceAll("// ", ""));
      sections.push(`\n## ${title}\n\n${said === "" ? "" : `${said}\n\n`}`);
    } else if (name !== "amountMin" && /(number|object)/.test(typeof values[name!])) {
      if (sections.length === 0) sections.push("");
      const value = shown(name!, values[name!]);
      sections.push(`${sections.pop()}- \`${name}\` (${value}): ${plain(docstring!)}\n`);
    }
  }
  return sections;
}

/** Returns a comment's text in one line, with references as code. */
function plain(comment: string): string {
  const lines = comment.split("\n").map((line) => line.replace(/^\s*\* ?/, "").trim());
  return lines.join(" ").replace(/\{@link (\w+)\}/g, "`$1`").trim();
}

function shown(name: string, value: unknown): string {
  if (Array.isArray(value)) return value.join(", ");
  const number = value as number;
  return /Ms(Max|Min|Default)?$/.test(name) ? duration(number) : number.toLocaleString("en-US");
}

function duration(ms: number): string {
  const units = [["hour", 3_600_000], ["minute", 60_000], ["second", 1000]] as const;
  const unit = units.find(([, length]) => ms % length === 0);
  if (!unit) return `${ms} ms`;
  const count = ms / unit[1];
  return `${count} ${unit[0]}${count === 1 ? "" : "s"}`;
}

if (import.meta.main) {
  await Deno.writeTextFile(new URL("docs/limits.md", root), await limitsPage());
}
