/**
 * Draws the screen with ink, and passes on what is typed.
 */
import { Box, Text, useCursor, useInput, usePaste, useWindowSize } from "ink";
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
  useInput((input, key) => screen.press(typedKeys(input, key)));
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
