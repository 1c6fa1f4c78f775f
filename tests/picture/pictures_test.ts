/**
 * The README's pictures show what the program prints today.
 */
import { assertEquals } from "@std/assert";
import { testWith } from "../installed_tool.ts";
import { drawPictures } from "./pictures.ts";

testWith(["tmux"], "the pictures in docs are what `deno task pictures` writes", async () => {
  for (const [name, picture] of Object.entries(await drawPictures())) {
    const kept = await Deno.readTextFile(new URL(`../../docs/${name}`, import.meta.url));
    assertEquals(picture, kept, name);
  }
});
