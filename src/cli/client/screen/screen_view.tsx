/**
 * Draws the screen with ink, and passes on what is typed.
 */
import { Box, Text, useCursor, useInput, usePaste, useStdout, useWindowSize } from "ink";
// @ts-types="@types/react"
import { useCallback, useSyncExternalStore } from "react";
import { onFrame } from "./frames.ts";
import type { Key } from "./key.ts";
import { screenRows } from "./screen_rows.ts";
import type { ScreenState } from "./screen_state.ts";
import type { IconSet } from "../icon_sets.ts";
import { textProps } from "./theme.ts";
import { typedKeys } from "./typed_keys.ts";

/** What the screen shows, and who gets its keys. */
export interface ShownScreen {
  readonly state: ScreenState;
  /** Calls the listener after each change. @returns removes the listener */
  subscribe(listener: () => void): () => void;
  press(keys: readonly Key[]): void;
}

export interface ScreenLook {
  readonly iconSet: IconSet;
  readonly hasColours: boolean;
}

interface ScreenViewProps extends ScreenLook {
  readonly screen: ShownScreen;
}

/** Moves the cursor to the first row and erases the screen (CUP, ED). */
const eraseScreen = "\x1b[H\x1b[2J";

export function ScreenView({ screen, iconSet, hasColours }: ScreenViewProps) {
  const subscribe = useCallback(
    (listener: () => void) => onFrame((changed) => screen.subscribe(changed), listener),
    [screen],
  );
  const state = useSyncExternalStore(
    subscribe,
    () => screen.state,
  );
  const size = useWindowSize();
  const { setCursorPosition } = useCursor();
  const { write } = useStdout();
  useInput((input, key) => {
    const keys = typedKeys(input, key);
    // Another program may have written on the screen. Ink draws every row again after the text.
    if (keys.some(({ name }) => name === "ctrl l")) write(eraseScreen);
    screen.press(keys);
  });
  usePaste((text) => screen.press([{ name: "text", text }]));
  const { rows, cursor } = screenRows(state, size, iconSet);
  setCursorPosition(cursor);
  return (
    <Box flexDirection="column">
      {rows.map((row, y) => (
        <Text key={y} wrap="truncate">
          {row.map(({ text, look }, x) => (
            <Text key={x} {...textProps(look, hasColours)}>{text}</Text>
          ))}
        </Text>
      ))}
    </Box>
  );
}
