/**
 * Which client appears: the full-screen one or the numbered menu.
 */
import { assertEquals } from "@std/assert";
import { showsScreen } from "../../../src/cli/client/shows_screen.ts";

const cases: readonly {
  readonly title: string;
  readonly menu?: boolean;
  readonly variables?: Readonly<Record<string, string>>;
  readonly isInputTerminal?: boolean;
  readonly isOutputTerminal?: boolean;
  readonly screen: boolean;
}[] = [
  { title: "a terminal shows the screen", screen: true },
  { title: "--menu shows the menu", menu: true, screen: false },
  { title: "TERM=dumb shows the menu", variables: { TERM: "dumb" }, screen: false },
  { title: "without TERM the menu appears", variables: { TERM: "" }, screen: false },
  {
    title: "MICROPAY_ACCESSIBLE=1 shows the menu",
    variables: { MICROPAY_ACCESSIBLE: "1" },
    screen: false,
  },
  {
    title: "MICROPAY_ACCESSIBLE=0 shows the screen",
    variables: { MICROPAY_ACCESSIBLE: "0" },
    screen: true,
  },
  { title: "the answers of a pipe go to the menu", isInputTerminal: false, screen: false },
  { title: "results for a pipe come from the menu", isOutputTerminal: false, screen: false },
];

for (const { title, menu = false, variables = {}, screen, ...terminal } of cases) {
  Deno.test(`client: ${title}`, () => {
    const { isInputTerminal = true, isOutputTerminal = true } = terminal;
    const shown = showsScreen({ menu }, {
      environment: (name) => ({ TERM: "xterm", ...variables })[name],
      isTerminal: () => isInputTerminal,
      outputSize: () => isOutputTerminal ? { columns: 80, rows: 24 } : undefined,
    });
    assertEquals(shown, screen);
  });
}
