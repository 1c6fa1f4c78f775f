/**
 * What the screen shows after something happened that no key asked for.
 */
import { shownMessagesMax } from "../../../limits.ts";
import {
  type ActivityWindow,
  type Connection,
  type Form,
  type Notice,
  type Overlay,
  type ScreenState,
  shownPeers,
} from "./screen_state.ts";

export type ScreenEvent =
  | { readonly kind: "connection"; readonly connection: Connection }
  | { readonly kind: "ledger"; readonly ledger: string }
  | { readonly kind: "account"; readonly account: string | undefined }
  | { readonly kind: "balance"; readonly balance: number }
  | { readonly kind: "peers"; readonly peers: readonly string[] }
  | { readonly kind: "activity"; readonly activity: ActivityWindow }
  | { readonly kind: "notice"; readonly notice: Notice }
  /** A form's action is done. Where it failed, the form takes keys again. */
  | { readonly kind: "submitted"; readonly form: Form; readonly isDone: boolean }
  | { readonly kind: "overlay"; readonly overlay: Overlay }
  | { readonly kind: "messages"; readonly messages: readonly string[] | undefined };

/** Returns the state after an event. Forms keep what was typed, and chosen rows stay chosen. */
export function applyEvent(state: ScreenState, event: ScreenEvent): ScreenState {
  switch (event.kind) {
    case "connection":
      return withConnection(state, event.connection);
    case "account":
      return { ...state, account: event.account, balance: undefined };
    case "ledger":
    case "balance":
    case "notice":
    case "overlay": {
      const { kind: _, ...change } = event;
      return { ...state, ...change };
    }
    case "peers":
      return withPeers(state, event.peers);
    case "activity":
      return withActivity(state, event.activity);
    case "submitted":
      return submitted(state, event);
    case "messages":
      return { ...state, messages: event.messages?.slice(-shownMessagesMax) };
  }
}

/** Whether a question can be shown without hiding what a person types. */
export function canAsk({ overlay }: ScreenState): boolean {
  return overlay === undefined || (overlay.kind === "form" && overlay.form.busy);
}

/** Where the connection is lost, an older notice gives way to the reason. */
function withConnection(state: ScreenState, connection: Connection): ScreenState {
  const isLost = state.connection.state === "connected" && connection.state === "reconnecting";
  return { ...state, connection, ...(isLost && { notice: undefined }) };
}

function withPeers(state: ScreenState, peers: readonly string[]): ScreenState {
  const chosen = shownPeers(state)[state.chosen.peers];
  const shown = shownPeers({ ...state, peers });
  const at = chosen === undefined ? -1 : shown.indexOf(chosen);
  const index = at < 0 ? Math.min(state.chosen.peers, Math.max(0, shown.length - 1)) : at;
  return { ...state, peers, chosen: { ...state.chosen, peers: index } };
}

/** The first row stays chosen, so that the newest payment is. Any other choice stays on its row. */
function withActivity(state: ScreenState, activity: ActivityWindow): ScreenState {
  const { chosen, activity: { rows } } = state;
  const id = chosen.activity === 0 && !activity.newer ? undefined : rows[chosen.activity]?.id;
  const at = id === undefined ? 0 : activity.rows.findIndex((row) => row.id === id);
  const index = at < 0 ? Math.min(chosen.activity, Math.max(0, activity.rows.length - 1)) : at;
  return { ...state, activity, chosen: { ...chosen, activity: index } };
}

function submitted(
  state: ScreenState,
  { form, isDone }: ScreenEvent & { readonly kind: "submitted" },
): ScreenState {
  const { overlay } = state;
  // The person may have closed it, and opened another one.
  if (overlay?.kind !== "form" || overlay.form !== form) return state;
  if (isDone) return { ...state, overlay: undefined };
  return { ...state, overlay: { kind: "form", form: { ...form, busy: false } } };
}
