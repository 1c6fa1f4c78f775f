/**
 * Runs tests, and loads micropay once for several files:
 *
 *     deno task test
 *     deno task test tests/client tests/server/stop_test.ts
 *
 * Deno loads and compiles all modules again for each file that it is given. For a small test file
 * that is most of its time. So this program gives Deno a few modules, and each of them imports
 * several test files.
 */
import { join, relative, resolve, sep } from "node:path";
import { pathToFileURL } from "node:url";

/** Some test files, which run one after the other. */
export interface TestGroup {
  /** A folder below `tests`, with a number when it has several groups. */
  readonly name: string;
  readonly files: readonly string[];
}

const testsFolder = resolve(import.meta.dirname!);
const outputFolder = resolve(testsFolder, "../dist");

/** Files of a group. With more, one group would run alone at the end. */
const groupFilesMax = 12;

/** Groups that run at a time: more than cores, because many tests wait for a process. */
const groupsAtATime = navigator.hardwareConcurrency * 2;

/** The folders with the slowest tests. They run first, so that nothing slow is left for the end. */
const slowFolders = ["soak", "end_to_end", "ledger"];

/** Returns a test file itself, or all test files below a folder, sorted. */
export function findTestFiles(path: string): string[] {
  if (!Deno.statSync(path).isDirectory) return [path];
  const entries = [...Deno.readDirSync(path)].toSorted((a, b) => a.name < b.name ? -1 : 1);
  return entries.flatMap(({ name, isDirectory }) =>
    isDirectory || name.endsWith("_test.ts") ? findTestFiles(join(path, name)) : []
  );
}

/** Returns the files in groups, in the order in which they run. */
export function groupTestFiles(files: readonly string[]): TestGroup[] {
  const folders = [...Map.groupBy(new Set(files), folderOf)];
  const isSlow = ([folder]: readonly [string, unknown]) => slowFolders.includes(folder);
  const sorted = [...folders.filter(isSlow), ...folders.filter((folder) => !isSlow(folder))];
  return sorted.flatMap(([folder, all]) => {
    const groups = Math.ceil(all.length / groupFilesMax);
    return Array.from({ length: groups }, (_, group) => ({
      name: groups === 1 ? folder : `${folder}_${group + 1}`,
      // Neighbours often test the same thing and take as long, so they go to different groups.
      files: all.filter((_, index) => index % groups === group),
    }));
  });
}

/** Returns the folder directly below `tests` in which a file is. */
function folderOf(file: string): string {
  const [folder, ...inside] = relative(testsFolder, file).split(sep);
  return inside.length === 0 ? "tests" : folder!;
}

/** Runs the groups and returns Deno's exit code. */
async function runGroups(groups: readonly TestGroup[]): Promise<number> {
  // Deno prints a module's path before each test. It is short for one below the working folder.
  await Deno.mkdir(outputFolder, { recursive: true });
  const folder = await Deno.makeTempDir({ dir: outputFolder, prefix: "tests-" });
  try {
    const modules = groups.map(({ name, files }) => {
      const module = join(folder, `${name}.ts`);
      const imports = files.map((file) => `import "${pathToFileURL(file)}";\n`);
      Deno.writeTextFileSync(module, imports.join(""));
      return module;
    });
    const options = ["--no-check", "--no-prompt", "--allow-all", "--parallel"];
    const tests = new Deno.Command(Deno.execPath(), {
      args: ["test", ...options, ...modules],
      env: { DENO_JOBS: String(groupsAtATime) },
    });
    return (await tests.spawn().status).code;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) {
  const paths = Deno.args.length === 0 ? [testsFolder] : Deno.args;
  const files = paths.flatMap((path) => findTestFiles(resolve(path)));
  Deno.exit(await runGroups(groupTestFiles(files)));
}
