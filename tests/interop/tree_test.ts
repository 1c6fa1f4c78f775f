/**
 * The golden vectors of the Merkle tree, checked by a second implementation that uses nothing but
 * `node:crypto`.
 */
import { assertEquals, assertMatch } from "@std/assert";
import { testWith } from "../installed_tool.ts";
import { Program } from "./program.ts";

const vectors = new URL("../vectors/tree.json", import.meta.url).pathname;

async function check(file: string): Promise<{ code: number; line: string }> {
  const script = new URL("./tree.mjs", import.meta.url).pathname;
  await using node = new Program("node", [script, file]);
  const [line = ""] = await node.lines();
  return { code: await node.status(), line };
}

testWith(["node"], "a second implementation reproduces the vectors of the tree", async () => {
  const { code, line } = await check(vectors);
  assertEquals(code, 0, line);
});

testWith(["node"], "a second implementation refuses a wrong root", async () => {
  const file = await Deno.makeTempFile();
  try {
    const { roots: [first, ...others], ...rest } = JSON.parse(await Deno.readTextFile(vectors));
    const roots = [{ ...first, root: "0".repeat(64) }, ...others];
    await Deno.writeTextFile(file, JSON.stringify({ ...rest, roots }));
    const { code, line } = await check(file);
    assertEquals(code, 1);
    assertMatch(line, /wrong: the root of 0 leaves/);
  } finally {
    await Deno.remove(file);
  }
});
