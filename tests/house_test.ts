/**
 * Checks that the top-level files agree: one version, a frozen lock, packages from one place, the
 * executable's permissions, and documents whose commands and links exist.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { parseCommandLine } from "../src/cli/command_line/command_line.ts";
import { programPermissions } from "./demo/program.ts";

const root = new URL("../", import.meta.url);
const read = (name: string) => Deno.readTextFileSync(new URL(name, root));
const configuration: {
  readonly version: string;
  readonly license: string;
  readonly lock: { readonly path: string; readonly frozen: boolean };
  readonly imports: Readonly<Record<string, string>>;
  readonly tasks: Readonly<Record<string, string | Task>>;
} = JSON.parse(read("deno.json"));

interface Task {
  readonly command?: string;
  readonly dependencies?: readonly string[];
}

const commandOf = (name: string) => {
  const task = configuration.tasks[name];
  return (typeof task === "string" ? task : task?.command) ?? "";
};

Deno.test("the version is the same in deno.json, the container and the changelog", () => {
  const { version } = configuration;
  assertEquals(/image\.version="([^"]*)"/.exec(read("Dockerfile"))?.[1], version);
  assertMatch(read("CHANGELOG.md"), new RegExp(`^## \\[${version.replaceAll(".", "\\.")}\\]`, "m"));
});

Deno.test("the licence is MIT wherever it is named", () => {
  assertEquals(configuration.license, "MIT");
  assertMatch(read("LICENSE"), /^MIT License\n/);
  assertMatch(read("Dockerfile"), /image\.licenses="MIT"/);
  assertMatch(read("README.md"), /\bMIT\b.*\(LICENSE\)|\[MIT\]\(LICENSE\)/);
});

Deno.test("the lock is frozen and names every package of the import map, with its digest", () => {
  assertEquals(configuration.lock, { path: "./deno.lock", frozen: true });
  const lock = JSON.parse(read("deno.lock"));
  const packages = Object.values(configuration.imports).filter((target) => !isOwn(target));
  for (const target of packages) {
    const name = /^npm:\/?(@?[^@]+@[^/]+)\/?$/.exec(target)?.[1] ?? target;
    // A peer dependency appends the other package's version to its own.
    const isLocked = Object.keys(lock.npm).some((key) => key.split("_")[0] === name);
    assert(isLocked, `${name} is not in deno.lock`);
  }
  for (const [name, entry] of Object.entries<{ integrity?: string }>(lock.npm)) {
    assertMatch(entry.integrity ?? "", /^sha512-/, name);
  }
});

Deno.test("nothing is imported over the network except npm packages at one exact version", () => {
  for (const [name, target] of Object.entries(configuration.imports)) {
    if (isOwn(target)) continue;
    assertMatch(target, /^npm:\/?(@[a-z0-9-]+\/)?[a-z0-9-]+@\d+\.\d+\.\d+\/?$/, name);
  }
  for (const path of sourceFiles("src")) {
    // `src/std` gives names to the packages that the import map cannot.
    if (path.startsWith("src/std/")) continue;
    for (const [, specifier] of read(path).matchAll(/\b(?:from|import)\s*\(?\s*"([^"\n]+)"/g)) {
      assert(!/^(jsr|npm|https?):/.test(specifier!), `${path} imports ${specifier}`);
    }
  }
});

Deno.test("no file imports itself through others, imports of types included", () => {
  const imports = new Map(sourceFiles("src").map((path) => [path, importsOf(path)]));
  // A file whose imports are all on no cycle is on none. What remains is on one, or imports one.
  for (;;) {
    const ends = [...imports].filter(([, targets]) => !targets.some((to) => imports.has(to)));
    if (ends.length === 0) break;
    for (const [path] of ends) imports.delete(path);
  }
  assertEquals([...imports.keys()], []);
});

Deno.test("every name of the import map is imported somewhere", () => {
  const files = [...sourceFiles("src"), ...sourceFiles("tests")].map(read).join("\n");
  for (const name of Object.keys(configuration.imports)) {
    const specifier = name.endsWith("/") ? `"${name}` : `"${name}"`;
    const root = `${name}/`;
    // A package's root is listed beside its folder, because some tools need it to find types.
    const isRootOfFolder = Object.hasOwn(configuration.imports, root);
    assert(isRootOfFolder || files.includes(specifier), `nothing imports ${name}`);
  }
});

Deno.test("the executable has only the permissions that it needs, and never asks", () => {
  assertEquals(programPermissions(), [
    "--no-prompt",
    "--allow-net",
    "--allow-read",
    "--allow-write",
    // The second line is what ink reads, and what the screen sets for it.
    "--allow-env=MICROPAY_*,HOME,PGPASSFILE,PGAPPNAME,PGTARGETSESSIONATTRS,XDG_DATA_HOME,LANG,LC_ALL,LC_CTYPE,NO_COLOR,TERM," +
    "TERM_PROGRAM,TERM_PROGRAM_VERSION,TMUX,COLORTERM,COLUMNS,LINES,FORCE_COLOR,CI," +
    "CONTINUOUS_INTEGRATION,TF_BUILD,TEAMCITY_VERSION,NODE_ENV,DEV,INK_SCREEN_READER",
    "--allow-sys=hostname",
  ]);
});

Deno.test("every build uses the one list of permissions, and no cache in a shared folder", () => {
  const builds = Object.keys(configuration.tasks).filter((name) => /^compile/.test(name))
    .filter((name) => commandOf(name) !== "");
  assertEquals(builds.length, 5);
  for (const name of builds) {
    const command = commandOf(name);
    assert(command.endsWith(" deno task --quiet permitted main.ts"), `${name}: ${command}`);
    // Otherwise an executable would load compiled code from /tmp/deno-compile-micropay.cache, which
    // anybody can write.
    assert(command.includes("--no-code-cache"), `${name}: ${command}`);
    assert(!/\s(-A|--allow-)/.test(command), `${name}: ${command}`);
    // No module imports the code of a thread.
    assert(command.includes("--include src/cli/ledger/audit_thread.ts"), `${name}: ${command}`);
  }
});

const targets: readonly { readonly name: string; readonly target: string }[] = [
  { name: "x86_64-linux", target: "x86_64-unknown-linux-gnu" },
  { name: "aarch64-linux", target: "aarch64-unknown-linux-gnu" },
  { name: "x86_64-macos", target: "x86_64-apple-darwin" },
  { name: "aarch64-macos", target: "aarch64-apple-darwin" },
];

Deno.test("compile:all makes one executable for each machine, named for it", () => {
  const all = configuration.tasks["compile:all"] as Task;
  assertEquals(all.dependencies, targets.map(({ name }) => `compile:${name}`));
  for (const { name, target } of targets) {
    const expected = ` --target ${target} --output dist/micropay-${name}'`;
    assert(commandOf(`compile:${name}`).includes(expected), name);
  }
});

Deno.test("README, .ci/run and the container name the same Deno", () => {
  const named = [...read("README.md").matchAll(/npx -y deno@([\d.]*\d)/g)].map(([, found]) =>
    found
  );
  assertEquals([...new Set(named)], ["2.9.6"]);
  assertMatch(read(".ci/run"), /npx -y deno@2\.9\.6\b/);
  assertMatch(read("Dockerfile"), /^ARG DENO_VERSION=2\.9\.6$/m);
});

Deno.test("every task that a document names exists", () => {
  for (
    const document of [
      "README.md",
      "CHANGELOG.md",
      "Dockerfile",
      "docs/architecture.md",
      "CONTRIBUTING.md",
    ]
  ) {
    for (const [, name] of read(document).matchAll(/\btask ([a-z][a-z0-9_:-]*[a-z0-9])/g)) {
      assert(Object.hasOwn(configuration.tasks, name!), `${document}: deno task ${name}`);
    }
  }
});

Deno.test("every document can be reached from the README, and every link works", () => {
  const reached = new Set(["README.md"]);
  const broken: string[] = [];
  // A set's iteration includes elements that are added during it.
  for (const document of reached) {
    if (!document.endsWith(".md")) continue;
    for (const [, target] of read(document).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(target!)) continue;
      const { pathname, hash } = new URL(target!, `file:///${document}`);
      const path = target!.startsWith("#") ? document : pathname.slice(1);
      if (!isThere(path) || !hasHeading(path, hash)) broken.push(`${document}: ${target}`);
      else reached.add(path);
    }
  }
  assertEquals(broken, []);
  const documents = [
    ...filesIn("").filter((path) => path.endsWith(".md")),
    ...filesIn("docs/"),
    ...filesIn("examples/"),
    "certs/README.md",
  ];
  assertEquals(documents.filter((path) => !reached.has(path)), []);
});

Deno.test("every path of the repository that a document names exists", () => {
  // The example of a new request in CONTRIBUTING.md.
  const examples = ["src/protocol/limits.ts", "src/server/handlers/limits.ts"];
  const documents = [...filesIn("").filter((path) => path.endsWith(".md")), ...filesIn("docs/")];
  const missing = documents.flatMap((document) =>
    [...read(document).matchAll(/`((?:src|tests|examples|docs)\/[\w./-]+)`/g)]
      .map(([, path]) => path!)
      .filter((path) => !examples.includes(path) && !isThere(path))
      .map((path) => `${document}: ${path}`)
  );
  assertEquals(missing, []);
});

Deno.test("the program understands every command in the documents", () => {
  const documents = ["README.md", "certs/README.md", ...filesIn("docs/")];
  const refused = documents.flatMap((document) =>
    commandsIn(read(document)).flatMap((words) => {
      const request = parseCommandLine(words, { environment: () => undefined, version: "1.2.3" });
      return request.kind === "usage_error" ? [`${document}: ${request.text}`] : [];
    })
  );
  assertEquals(refused, []);
  assert(commandsIn(read("README.md")).length > 20);
});

Deno.test("every message that the handbook explains is one of the program's", () => {
  const page = read("docs/operating.md");
  const section = page.slice(page.indexOf("\n## What each error means"));
  const rows = section.split("\n").filter((line) => /^\| `/.test(line));
  assert(rows.length > 30);
  const messages = rows.flatMap((row) => [...row.split("|")[1]!.matchAll(/`([^`]+)`/g)]);
  const parts = messages.flatMap(([, message]) => message!.split(/…|[:;,] |\d+/))
    // What is left of a path or a number is too short to tell one message from another.
    .map((part) => part.trim()).filter((part) => part.length > 8);
  // A message that is cut over several lines is put together.
  const source = sourceFiles("src").map(read).join("\n").replace(/["`] \+\s*["`]/g, "");
  assertEquals(parts.filter((part) => !source.includes(part)), []);
});

Deno.test("keys and ledgers are kept out of git and out of the container's build", () => {
  const ignored = read(".gitignore").split("\n");
  for (const line of ["/certs/*", "*.db", "*.db-wal", "*.db-shm", "*.db-lock", "/dist/"]) {
    assert(ignored.includes(line), line);
  }
  const allowed = read(".dockerignore").split("\n").filter((line) => /^[^#]/.test(line));
  const expected = [
    "*",
    "!deno.json",
    "!deno.lock",
    "!LICENSE",
    "!main.ts",
    "!src",
    "!dist/denort",
  ];
  assertEquals(allowed, expected);
});

/** Returns the files in a folder, whose name is empty or ends with a slash. */
function filesIn(folder: string): string[] {
  const entries = Array.from(Deno.readDirSync(new URL(folder || ".", root)));
  return entries.filter(({ isFile }) => isFile).map(({ name }) => folder + name);
}

/** Returns the words after `micropay` of each complete command in a document's code blocks. */
function commandsIn(text: string): string[][] {
  const blocks = [...text.matchAll(/^ *```(?:sh|console)?\n(.*?)^ *```/gms)].map(([, block]) =>
    block!
  );
  const commands = blocks.join("").matchAll(
    /(?:^ *(?:\$ )?|^.*[&|] )micropay ((?:'[^'\n]*'|[^\n|>&;'])*)/gm,
  );
  return [...commands]
    .map(([, line]) => line!.replace(/ +# .*/, "").trim())
    .filter((line) => !/…|SERVER_IP/.test(line))
    .map((line) =>
      [...line.matchAll(/["']([^"']*)["']|[^\s"']+/g)].map(([word, quoted]) => quoted ?? word)
    );
}

function isThere(path: string): boolean {
  try {
    Deno.statSync(new URL(path, root));
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Returns whether a document has the heading of a link's `#…`. True without one. */
function hasHeading(path: string, hash: string): boolean {
  if (hash === "") return true;
  const headings = [...read(path).matchAll(/^#+ (.*)$/gm)].map(([, text]) =>
    text!.toLowerCase().replace(/[^\p{L}\p{N}_ -]/gu, "").replaceAll(" ", "-")
  );
  return headings.includes(hash.slice(1));
}

/** Returns the paths of the files that a file imports or exports from, types included. */
function importsOf(path: string): string[] {
  const specifiers = read(path).matchAll(
    /(?:^(?:import|export|\}) ?[^"\n]*|\bimport\()"(\.[^"\n]+)"/gm,
  );
  return [...specifiers].map(([, to]) => new URL(to!, `file:///${path}`).pathname.slice(1));
}

function isOwn(target: string): boolean {
  return /^\.\/(src|tests)\//.test(target);
}

function sourceFiles(folder: string): string[] {
  return Array.from(Deno.readDirSync(new URL(`${folder}/`, root))).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) return sourceFiles(path);
    return /\.tsx?$/.test(entry.name) ? [path] : [];
  });
}
