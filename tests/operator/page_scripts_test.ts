/** The scripts of `docs/ledger.md` do what the page says, on a real ledger. */
import { assert, assertEquals } from "@std/assert";
import { orderText, verifyOrder } from "../../src/protocol/order.ts";
import { testWith } from "../installed_tool.ts";
import { named, openSampleBooks } from "./books.ts";

const page = await Deno.readTextFile(new URL("../../docs/ledger.md", import.meta.url));
const [treeScript, orderScript] = [...page.matchAll(/^```python\n([^`]*)^```$/gm)]
  .map(([, script]) => script!);

testWith(["python3"], "the page's first script prints the ledger's head", async () => {
  await using books = await openSampleBooks();
  const { head } = await books.ledger.totals();
  assertEquals(await run(treeScript!, [], books.folder), [head]);
});

testWith(["python3"], "the page's second script prints the order of each entry", async () => {
  await using books = await openSampleBooks();
  const { anchor } = books;
  const entries = await books.ledger.history(named("alice"), { after: 0, limit: 9 });
  assert(entries.some(({ kind }) => kind === "opening"));
  for (const entry of entries) {
    const [order] = await run(orderScript!, [String(entry.number)], books.folder);
    assertEquals(order, orderText(entry, { ledgerId: anchor.fingerprint }));
    assertEquals(verifyOrder(order!, { anchor }).payload.id, entry.id);
  }
});

async function run(script: string, args: readonly string[], cwd: string): Promise<string[]> {
  const command = new Deno.Command("python3", { args: ["-c", script, ...args], cwd });
  const { success, stdout, stderr } = await command.output();
  assert(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).trim().split("\n");
}
