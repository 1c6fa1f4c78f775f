/**
 * The README's picture shows what the program prints today.
 */
import { assertEquals } from "@std/assert";
import { testWith } from "../installed_tool.ts";
import { drawScreens } from "./draw_screens.ts";
import { playSession } from "./session.ts";

testWith(["tmux"], "docs/session.svg is what `deno task picture` writes", async () => {
  const picture = await Deno.readTextFile(new URL("../../docs/session.svg", import.meta.url));
  assertEquals(drawScreens(await playSession()), picture);
});

Deno.test("a picture shows each line of a terminal, a long one in several rows", () => {
  const typed = `$ micropay pay ${"x".repeat(90)}`;
  const svg = drawScreens([{ title: "Alice & Bob", lines: [typed, "", "<transfer OK>"] }]);
  const texts = [...svg.matchAll(/<text( class="\w+")?[^>]*>([^<]*)</g)].map(([, , text]) => text);
  assertEquals(texts, [
    "Alice &amp; Bob",
    typed.slice(0, 96),
    typed.slice(96),
    "&lt;transfer OK&gt;",
  ]);
  assertEquals([...svg.matchAll(/class="typed"/g)].length, 2);
});
