/**
 * Shows that `docs/receipts.md` is enough to check evidence. The script was written from it and
 * uses none of our code.
 */
import { assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { anchor, proving, refused } from "../client/evidence_samples.ts";
import { testWith } from "../installed_tool.ts";
import { Program } from "./program.ts";

for (const { title, evidence } of proving) {
  testWith(
    ["node"],
    `another program reads from evidence that the server signed ${title}`,
    async () => {
      const { code, line } = await check(evidence);
      assertEquals(code, 0, line);
      assertMatch(line, /^{"signed":"(checkpoint|receipt)",/);
    },
  );
}

for (const { title, evidence } of refused) {
  // An unknown member changes nothing that the script reads.
  if (title === "an unknown member") continue;
  testWith(
    ["node"],
    `another program finds that evidence with ${title} proves nothing`,
    async () => {
      const { code, line } = await check(evidence);
      assertEquals(code, 1, line);
      assertMatch(line, /^wrong: /);
    },
  );
}

async function check(evidence: object): Promise<{ code: number; line: string }> {
  const folder = await Deno.makeTempDir();
  try {
    const [file, ca] = [join(folder, "evidence.json"), join(folder, "CA.pem")];
    await Deno.writeTextFile(file, JSON.stringify(evidence));
    await Deno.writeTextFile(ca, anchor.pem);
    const script = new URL("./verify_evidence.mjs", import.meta.url).pathname;
    await using node = new Program("node", [script, file, ca]);
    const [line = ""] = await node.lines();
    return { code: await node.status(), line };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
