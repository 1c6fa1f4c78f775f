/**
 * The golden vectors of the Merkle tree, checked by a second implementation that uses nothing but
 * `node:crypto`.
 */
import { assertEquals, assertMatch } from "@std/assert";
import { testWith } from "../installed_tool.ts";
import type { TreeFile } from "../vectors/vector_files.ts";
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

const zeros = "0".repeat(64);
const faults: readonly { what: string; change: (file: TreeFile) => Partial<TreeFile> }[] = [
  { what: "root", change: ({ roots }) => ({ roots: [{ ...roots[0]!, root: zeros }] }) },
  {
    what: "leaf",
    change: ({ inclusion }) => ({ inclusion: [{ ...inclusion[1]!, proof: [zeros] }] }),
  },
  {
    what: "growth",
    change: ({ consistency }) => ({ consistency: [{ ...consistency[2]!, proof: [zeros] }] }),
  },
];

for (const { what, change } of faults) {
  testWith(["node"], `a second implementation refuses a vector with a wrong ${what}`, async () => {
    const file = await Deno.makeTempFile();
    try {
      const tree: TreeFile = JSON.parse(await Deno.readTextFile(vectors));
      await Deno.writeTextFile(file, JSON.stringify({ ...tree, ...change(tree) }));
      const { code, line } = await check(file);
      assertEquals(code, 1);
      assertMatch(line, new RegExp(`wrong: the ${what}`));
    } finally {
      await Deno.remove(file);
    }
  });
}
