/**
 * Tests that need a program from outside the project. Without it they are ignored and say so, so
 * that the suite runs with Deno alone. With `CI` set, a missing program is a failure instead.
 */

/** The programs with their Debian packages. */
const packages = {
  "age": "age",
  "bash": "bash",
  "bean-check": "beancount",
  "fish": "fish",
  "groff": "groff",
  "haproxy": "haproxy",
  "hledger": "hledger",
  "initdb": "postgresql",
  "node": "nodejs",
  "openssl": "openssl",
  "python3": "python3",
  "sqlite3": "sqlite3",
  "systemd-analyze": "systemd",
  "tmux": "tmux",
  "zbarimg": "zbar-tools",
  "zsh": "zsh",
} as const;

export type Tool = keyof typeof packages;

type TestFunction = (context: Deno.TestContext) => void | Promise<void>;

/** Works like `Deno.test`, for a test that runs these programs. */
export function testWith(
  tools: readonly Tool[],
  title: string,
  fn: TestFunction,
): void {
  const environment = (name: string) => Deno.env.get(name);
  Deno.test(testOf(tools, { title, fn, environment }));
}

export interface TestOptions {
  readonly title: string;
  readonly fn: TestFunction;
  readonly environment: (name: string) => string | undefined;
}

/** Returns the test for Deno: the real one, an ignored one, or a failing one. */
export function testOf(
  tools: readonly Tool[],
  { title, fn, environment }: TestOptions,
): Deno.TestDefinition {
  const path = environment("PATH") ?? "";
  const missing = tools.filter((tool) => !isInstalled(tool, path));
  if (missing.length === 0) return { name: title, fn };
  const install = missing.map((tool) => packages[tool]).join(" ");
  const name = `${title} (not installed: ${missing.join(", ")}; apt install ${install})`;
  if (!environment("CI")) return { name, fn, ignore: true };
  return {
    name,
    fn: () => {
      throw new Error(`run ${missing.join(", ")}: not installed, and CI is set`);
    },
  };
}

/**
 * Returns the path of a program of PostgreSQL, or `undefined` when it is not installed. All
 * programs come from one folder, which has the server and `psql`. Debian's `psql` in `PATH` is a
 * slow script that looks for that folder.
 */
export function postgresTool(tool: string): string | undefined {
  const folder = [...(Deno.env.get("PATH") ?? "").split(":"), ...postgresFolders()]
    .find((folder) =>
      folder !== "" && ["initdb", "psql"].every((name) => isFile(`${folder}/${name}`))
    );
  return folder && `${folder}/${tool}`;
}

function isInstalled(tool: Tool, path: string): boolean {
  const folders = [...path.split(":"), ...(tool === "initdb" ? postgresFolders() : [])];
  return folders.some((folder) => folder !== "" && isFile(`${folder}/${tool}`));
}

/** Debian keeps the server's programs out of `PATH`, in a folder for each version. */
function postgresFolders(): string[] {
  try {
    const versions = [...Deno.readDirSync("/usr/lib/postgresql")].map(({ name }) => name);
    return versions.sort().map((version) => `/usr/lib/postgresql/${version}/bin`);
  } catch {
    return [];
  }
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
