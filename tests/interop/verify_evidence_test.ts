/**
 * Shows that `docs/receipts.md` is enough to check evidence. The script was written from it and
 * uses none of our code.
 */
import { assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { anchor, proving, refused } from "../client/evidence_samples.ts";
import { testWith } from "../installed_tool.ts";
import { Program } from "./program.ts";

// An unknown member changes nothing that the script reads.
const useless = refused.filter(({ title }) => title !== "an unknown member");
const [proven, unproven] = [onceChecked(proving), onceChecked(useless)];

for (const [at, { title }] of proving.entries()) {
  testWith(
    ["node"],
    `another program reads from evidence that the server signed ${title}`,
    async () => {
      const { code, lines } = await proven();
      assertEquals(code, 0, lines[at]);
      assertMatch(lines[at]!, /^{"signed":"(checkpoint|receipt)",/);
    },
  );
}

for (const [at, { title }] of useless.entries()) {
  testWith(
    ["node"],
    `another program finds that evidence with ${title} proves nothing`,
    async () => {
      const { code, lines } = await unproven();
      assertEquals(code, 1, lines[at]);
      assertMatch(lines[at]!, /^wrong: /);
    },
  );
}

/** Returns what one process says of all evidence. It starts at the first call. */
function onceChecked(cases: readonly { readonly evidence: object }[]) {
  let checked: ReturnType<typeof check> | undefined;
  return () => checked ??= check(cases.map(({ evidence }) => evidence));
}

async function check(all: readonly object[]): Promise<{ code: number; lines: string[] }> {
  const folder = await Deno.makeTempDir();
  try {
    const ca = join(folder, "CA.pem");
    await Deno.writeTextFile(ca, anchor.pem);
    const files = all.map((evidence, at) => {
      const file = join(folder, `${at}.json`);
      Deno.writeTextFileSync(file, JSON.stringify(evidence));
      return file;
    });
    const script = new URL("./verify_evidence.mjs", import.meta.url).pathname;
    await using node = new Program("node", [script, ca, ...files]);
    const lines = await node.lines();
    assertEquals(lines.length, all.length, node.errors);
    return { code: await node.status(), lines };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
