/**
 * How a test runs when its program is installed, missing, or missing with `CI` set.
 */
import { assertEquals, assertRejects } from "@std/assert";
import { testOf, type Tool } from "./installed_tool.ts";

const rows: readonly {
  readonly title: string;
  readonly installed: readonly Tool[];
  readonly ci?: string;
  readonly becomes: "run" | "ignored" | "failed";
  readonly says?: string;
}[] = [
  { title: "all that it needs is there", installed: ["hledger", "bean-check"], becomes: "run" },
  {
    title: "all its programs are installed, with CI set",
    installed: ["hledger", "bean-check"],
    ci: "true",
    becomes: "run",
  },
  {
    title: "one program is missing",
    installed: ["hledger"],
    becomes: "ignored",
    says: "not installed: bean-check; apt install beancount",
  },
  {
    title: "all are missing",
    installed: [],
    becomes: "ignored",
    says: "not installed: hledger, bean-check; apt install hledger beancount",
  },
  {
    title: "one program is missing and CI is set",
    installed: ["bean-check"],
    ci: "true",
    becomes: "failed",
    says: "not installed: hledger; apt install hledger",
  },
  {
    title: "one program is missing and CI is empty",
    installed: ["bean-check"],
    ci: "",
    becomes: "ignored",
    says: "not installed: hledger; apt install hledger",
  },
];

for (const { title, installed, ci, becomes, says } of rows) {
  Deno.test(`a test with programs is ${becomes} when ${title}`, async () => {
    const folder = await Deno.makeTempDir();
    try {
      for (const name of installed) await Deno.writeTextFile(`${folder}/${name}`, "");
      let runs = 0;
      const environment: Record<string, string | undefined> = { PATH: `:${folder}`, CI: ci };
      const test = testOf(["hledger", "bean-check"], {
        title: "the books are in order",
        fn: () => void runs++,
        environment: (name) => environment[name],
      });
      assertEquals(test.ignore ?? false, becomes === "ignored");
      const suffix = says === undefined ? "" : ` (${says})`;
      assertEquals(test.name, `the books are in order${suffix}`);
      const run = async () => await test.fn({} as Deno.TestContext);
      if (becomes === "failed") await assertRejects(run, Error, "not installed, and CI is set");
      else if (becomes === "run") await run();
      assertEquals(runs, becomes === "run" ? 1 : 0);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}
