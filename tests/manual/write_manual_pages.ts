/** `deno task man`: writes the manual pages into `dist/man/man1`. */
import { manualPages } from "./manual_pages.ts";

const root = new URL("../../", import.meta.url);
const { version } = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
const folder = new URL("dist/man/man1/", root);
await Deno.mkdir(folder, { recursive: true });
const pages = manualPages(version);
for (const { file, text } of pages) await Deno.writeTextFile(new URL(file, folder), text);
console.log(
  `${pages.length} pages in dist/man/man1; man -l dist/man/man1/micropay.1 shows the first`,
);
