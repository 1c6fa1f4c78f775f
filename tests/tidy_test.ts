/**
 * Checks the project's rules for layers, dependencies and effects. A failure names the file, the
 * line and the rule.
 */
import { assertEquals } from "@std/assert";
import { findings, type SourceFile } from "./tidy_rules.ts";

const root = new URL("../", import.meta.url);
const files = await sourceFiles(["src", "tests"]);

for (const [rule, check] of Object.entries(findings)) {
  Deno.test(`tidy: ${rule}`, () => {
    const found = files.flatMap((file) => check(file).map((at) => `${file.path}:${at}`));
    assertEquals(found, [], `\n${rule}\n  ${found.join("\n  ")}\n`);
  });
}

Deno.test({
  name: "tidy: git tracks no symbolic link",
  // An archive of the sources has no git index.
  ignore: !await isCheckout(),
  fn: async () => {
    const { success, stdout } = await git("ls-files", "--stage", "-z");
    assertEquals(success, true);
    const rows = new TextDecoder().decode(stdout).split("\0").filter((row) => row !== "");
    assertEquals(rows.length > 0, true);
    assertEquals(rows.filter((row) => row.startsWith("120000 ")), []);
  },
});

Deno.test("tidy: the check finds source files", () => {
  assertEquals(files.some(({ path }) => path === "src/money.ts"), true);
  assertEquals(files.some(({ path }) => path === "tests/tidy_test.ts"), true);
});

const broken: readonly {
  readonly rule: keyof typeof findings;
  readonly path: string;
  readonly text: string;
  readonly line: number;
}[] = [
  {
    rule: "a memo is printed in quotes",
    path: "src/cli/client/a.ts",
    text: "print(`from ${payer}`);\nprint(`${amount} for ${payment.memo}`);",
    line: 2,
  },
  {
    rule: "imports go to the right only",
    path: "src/pki/a.ts",
    text: 'import "../envelope/b.ts";',
    line: 1,
  },
  {
    rule: "imports go to the right only",
    path: "src/money.ts",
    text: '\nimport type { A } from "./pki/b.ts";',
    line: 2,
  },
  {
    rule: "imports go to the right only",
    path: "src/server/a.ts",
    text: 'export * from "../client/b.ts";',
    line: 1,
  },
  {
    rule: "imports go to the right only",
    path: "src/client/a.ts",
    text: 'import {\n  a,\n} from "../server/handlers/b.ts";',
    line: 3,
  },
  {
    rule: "imports go to the right only",
    path: "src/server/handlers/a.ts",
    text: 'import "../../ledger/sqlite/b.ts";',
    line: 1,
  },
  {
    rule: "imports go to the right only",
    path: "src/operator/a.ts",
    text: 'await import("../ledger/sqlite/b.ts");',
    line: 1,
  },
  {
    rule: "imports go to the right only",
    path: "src/ledger/a.ts",
    text: 'import "./sqlite/b.ts";',
    line: 1,
  },
  {
    rule: "imports go to the right only",
    path: "src/client/wallet/a.ts",
    text: 'import "../sqlite/b.ts";',
    line: 1,
  },
  {
    rule: "imports go to the right only",
    path: "src/cli/a.ts",
    text: 'import "../../main.ts";',
    line: 1,
  },
  {
    rule: "imports go to the right only",
    path: "src/cli/a.ts",
    text: 'import "../../tests/b.ts";',
    line: 1,
  },
  { rule: "every folder of src is a layer", path: "src/helpers/a.ts", text: "", line: 1 },
  {
    rule: "a dependency is imported where it belongs",
    path: "src/ledger/a.ts",
    text: 'import { DatabaseSync } from "node:sqlite";',
    line: 1,
  },
  {
    rule: "a dependency is imported where it belongs",
    path: "src/client/wallet/a.ts",
    text: 'import { DatabaseSync } from "node:sqlite";',
    line: 1,
  },
  {
    rule: "a dependency is imported where it belongs",
    path: "src/server/a.ts",
    text: 'import { sign } from "jose/jws";',
    line: 1,
  },
  {
    rule: "a dependency is imported where it belongs",
    path: "src/server/a.ts",
    text: 'import "commander";',
    line: 1,
  },
  {
    rule: "a dependency is imported where it belongs",
    path: "src/client/a.ts",
    text: 'import "npm:jose@6";',
    line: 1,
  },
  {
    rule: "the machine is passed in below cli",
    path: "src/server/a.ts",
    text: "const at = Date.now();",
    line: 1,
  },
  {
    rule: "the machine is passed in below cli",
    path: "src/server/a.ts",
    text: "const at = new Date();",
    line: 1,
  },
  {
    rule: "the machine is passed in below cli",
    path: "src/server/a.ts",
    text: "const at = new Date;",
    line: 1,
  },
  {
    rule: "the machine is passed in below cli",
    path: "src/clock.ts",
    text: "Math.random();",
    line: 1,
  },
  {
    rule: "the machine is passed in below cli",
    path: "src/random.ts",
    text: "\n\nsetTimeout(f, 1);",
    line: 3,
  },
  {
    rule: "the machine is passed in below cli",
    path: "src/client/a.ts",
    text: "Deno.exit(1);",
    line: 1,
  },
  {
    rule: "the machine is passed in below cli",
    path: "src/client/a.ts",
    text: 'console.log("x");',
    line: 1,
  },
  {
    rule: "the machine is passed in below cli",
    path: "src/client/a.ts",
    text: "AbortSignal.timeout(5);",
    line: 1,
  },
  {
    rule: "the machine is passed in below cli",
    path: "src/client/a.ts",
    text: "await delay(crypto.randomUUID());",
    line: 1,
  },
  {
    rule: "SQL has no numbered parameters",
    path: "src/sqlite/a.ts",
    text: "database.prepare(`SELECT ?1, ?1`)",
    line: 1,
  },
  {
    rule: "random characters come from code_point.ts",
    path: "tests/a.ts",
    // In two pieces, because the rule reads this file, too.
    text: "fc.string({ unit: " + '"binary" })',
    line: 1,
  },
  {
    rule: "a comment has at most 100 columns",
    path: "tests/a.ts",
    text: `/**\n * ${"a".repeat(98)}\n */`,
    line: 2,
  },
  { rule: "a test asserts", path: "tests/a_test.ts", text: 'Deno.test("a", () => {});', line: 1 },
];

for (const { rule, path, text, line } of broken) {
  Deno.test(`tidy: ${JSON.stringify(text.slice(0, 60))} in ${path} is found`, () => {
    assertEquals(findings[rule]!({ path, text }).map((at) => parseInt(at)), [line]);
  });
}

const fine: readonly SourceFile[] = [
  {
    path: "src/server/a.ts",
    text:
      '/** A. */\nimport "../ledger/ledger.ts";\nimport "../transport/b.ts";\nimport "./c.ts";\nimport "../money.ts";\n',
  },
  {
    path: "src/cli/a.ts",
    text:
      '/** A. */\nimport "../ledger/sqlite/b.ts";\nimport "commander";\nconsole.log(Date.now(), Deno.args);\n',
  },
  {
    path: "src/ledger/sqlite/a.ts",
    text: '/** A. */\nimport "node:sqlite";\nimport "../entry.ts";\n',
  },
  {
    path: "src/envelope/a.ts",
    text:
      '/** A. */\nimport "valibot";\n// Date.now() is what the clock is for\nconst at = new Date(5); const s = "new Date()";\n',
  },
  {
    path: "src/server/b.ts",
    text:
      '/** Says `import x from "../client/c.ts"`. */\nclock.schedule(1, f); mySetTimeout(); this.Date.nowish;\n',
  },
  { path: "src/clock.ts", text: "/** A. */\nDate.now(); performance.now(); setTimeout(f, 1);\n" },
  { path: "src/random.ts", text: "/** A. */\ncrypto.getRandomValues(new Uint8Array(1));\n" },
  { path: "tests/a_test.ts", text: 'import { assertEquals } from "@std/assert";\nDate.now();\n' },
  { path: "tests/contract.ts", text: "a();\n".repeat(500) },
];

for (const file of fine) {
  Deno.test(`tidy: nothing is found in ${JSON.stringify(file.text.slice(0, 60))} in ${file.path}`, () => {
    assertEquals(Object.values(findings).flatMap((check) => check(file)), []);
  });
}

/** Returns all TypeScript files of the project, except declarations of foreign types. */
async function sourceFiles(folders: readonly string[]): Promise<SourceFile[]> {
  const found: SourceFile[] = [];
  for (const folder of folders) {
    for await (const entry of Deno.readDir(new URL(`${folder}/`, root))) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory) found.push(...await sourceFiles([path]));
      else if (/\.tsx?$/.test(path) && !path.endsWith(".d.ts")) {
        found.push({ path, text: await Deno.readTextFile(new URL(path, root)) });
      }
    }
  }
  return found.toSorted((first, second) => first.path < second.path ? -1 : 1);
}

/** Returns whether this folder is a git checkout. */
async function isCheckout(): Promise<boolean> {
  try {
    return (await git("rev-parse", "--git-dir")).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function git(...args: readonly string[]): Promise<Deno.CommandOutput> {
  return new Deno.Command("git", { args: [...args], cwd: root, stderr: "null" }).output();
}
