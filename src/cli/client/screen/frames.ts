/**
 * Limits how often the screen is drawn: many payments a second would keep the client from reading
 * keys.
 */

/** 20 frames a second: below that a person sees the steps. */
const frameMs = 50;

/**
 * Calls the listener at the first of some changes, and then at most once in each frame while there
 * are changes.
 *
 * @returns removes the listener
 */
export function onFrame(
  subscribe: (listener: () => void) => () => void,
  listener: () => void,
  { after = afterMs }: { readonly after?: (action: () => void, ms: number) => () => void } = {},
): () => void {
  let cancel: (() => void) | undefined;
  let hasChanged = false;
  const draw = () => {
    hasChanged = false;
    cancel = after(() => {
      cancel = undefined;
      if (hasChanged) draw();
    }, frameMs);
    listener();
  };
  const unsubscribe = subscribe(() => {
    if (cancel === undefined) draw();
    else hasChanged = true;
  });
  return () => {
    unsubscribe();
    cancel?.();
  };
}

function afterMs(action: () => void, ms: number): () => void {
  const timer = setTimeout(action, ms);
  return () => clearTimeout(timer);
}
