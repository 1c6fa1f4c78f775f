/**
 * Writes the pictures of the README into `docs`: `deno task pictures`. It needs `tmux`.
 */
import { drawTerminals } from "./draw_terminals.ts";
import { playSession, screenSize, sessionColumns } from "./session.ts";

/** @returns the pictures by their files in `docs`, from one real session */
export async function drawPictures(): Promise<Readonly<Record<string, string>>> {
  const { shells, screen } = await playSession();
  return {
    "session.svg": drawTerminals(shells, {
      title: "Alice pays Bob: the terminals of the operator, of Bob and of Alice",
      columns: sessionColumns,
    }),
    "screen.svg": drawTerminals([screen], {
      title: "Alice's full-screen client: members online, her activity, and the form of a payment",
      columns: screenSize.columns,
    }),
  };
}

if (import.meta.main) {
  for (const [name, picture] of Object.entries(await drawPictures())) {
    await Deno.writeTextFile(new URL(`../../docs/${name}`, import.meta.url), picture);
  }
}
