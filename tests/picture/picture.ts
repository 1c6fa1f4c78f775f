/**
 * Writes `docs/session.svg`, the picture in the README: `deno task picture`. It needs `tmux`.
 */
import { drawScreens } from "./draw_screens.ts";
import { playSession } from "./session.ts";

const picture = new URL("../../docs/session.svg", import.meta.url);
await Deno.writeTextFile(picture, drawScreens(await playSession()));
