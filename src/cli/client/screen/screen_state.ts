/**
 * What the full-screen client shows: plain data, without a terminal and without a connection.
 *
 * Texts of other members stand here as they came. The views make them harmless and cut them.
 */
import type { PaymentWay } from "../../../client/payment/order_outcome.ts";

/** A payment or refund of this member, or one to this member. */
export interface Activity {
  /** The order's id. A refund under way has none yet, and a text that only this list knows. */
  readonly id: string;
  readonly state: "waiting" | "in doubt" | "failed" | "paid" | "received";
  /** The other side's account name. */
  readonly other: string;
  readonly amount: number;
  readonly memo?: string | undefined;
  /** The number of the booked entry; `undefined` while nothing is booked. */
  readonly entry?: number | undefined;
  /** When it was booked or tried last, in milliseconds since the epoch. */
  readonly atMs: number;
  /** Why it failed or is in doubt. */
  readonly reason?: string | undefined;
  /** How the order travelled; `undefined` for a payment that was not made or taken here. */
  readonly way?: PaymentWay | undefined;
}

export type Connection =
  | { readonly state: "connecting" }
  | { readonly state: "connected" }
  | { readonly state: "waiting"; readonly place: number }
  /** The reason is absent until an attempt has failed. */
  | { readonly state: "reconnecting"; readonly reason?: string | undefined }
  | { readonly state: "ended"; readonly reason: string };

/** One line of text that a person types. */
export interface TextField {
  readonly label: string;
  readonly text: string;
  /** Graphemes before the cursor. */
  readonly cursor: number;
  /** What Tab completes the text to. */
  readonly completions: readonly string[];
  /** What is wrong with the text. */
  readonly fault?: string | undefined;
  /** Whether the text must not be shown. */
  readonly isSecret?: boolean | undefined;
}

export type FormName =
  | "register"
  | "login"
  | "pay"
  | "pay request"
  | "request"
  | "refund"
  | "passphrase"
  | "search";

export interface Form {
  readonly name: FormName;
  readonly fields: readonly TextField[];
  /** The index of the field that takes the keys. */
  readonly focus: number;
  /** While its action is under way, the form takes no keys except Escape. */
  readonly busy: boolean;
}

export type Pane = "peers" | "activity";

/** What covers the panes. */
export type Overlay =
  | { readonly kind: "help" }
  | { readonly kind: "details"; readonly title: string; readonly lines: readonly string[] }
  /** The keys y and n answer it, and Escape answers no. */
  | { readonly kind: "question"; readonly lines: readonly string[] }
  | { readonly kind: "form"; readonly form: Form };

/** What a line at the bottom says about the last action. */
export interface Notice {
  readonly kind: "done" | "failed" | "news";
  readonly text: string;
}

/** A page of the history: a bounded window, so that its length does not matter. */
export interface ActivityWindow {
  /** Newest first. */
  readonly rows: readonly Activity[];
  /** Whether older entries exist that the window does not hold. */
  readonly more: boolean;
  /** Whether newer entries exist that the window does not hold. */
  readonly newer: boolean;
  readonly isLoading: boolean;
}

export interface ScreenState {
  /** The server's address, such as `127.0.0.1:8888`. */
  readonly server: string;
  /** The SHA-256 fingerprint of the ledger's CA: 64 hex digits, or empty before it is known. */
  readonly ledger: string;
  /** `undefined` before the login. */
  readonly account: string | undefined;
  readonly balance: number | undefined;
  readonly connection: Connection;
  /** Names of members who are online, in order, without this member. */
  readonly peers: readonly string[];
  /** Part of the names that the pane shows; empty for all. `shownPeers` returns these names. */
  readonly search: string;
  readonly activity: ActivityWindow;
  /**
   * The pane that takes the keys, and the row that is chosen in each: an index into `shownPeers`
   * and into the rows of the activity.
   */
  readonly focus: Pane;
  readonly chosen: Readonly<Record<Pane, number>>;
  readonly overlay: Overlay | undefined;
  readonly notice: Notice | undefined;
  /** The newest encrypted messages; `undefined` while they are hidden. */
  readonly messages: readonly string[] | undefined;
}

/** Returns the names in the pane of peers. */
export function shownPeers({ peers, search }: Pick<ScreenState, "peers" | "search">): string[] {
  const part = search.toLowerCase();
  return peers.filter((name) => name.includes(part));
}

/** Returns the state before the first connection. */
export function emptyScreen(server: string): ScreenState {
  return {
    server,
    ledger: "",
    account: undefined,
    balance: undefined,
    connection: { state: "connecting" },
    peers: [],
    search: "",
    activity: { rows: [], more: false, newer: false, isLoading: false },
    focus: "peers",
    chosen: { peers: 0, activity: 0 },
    overlay: undefined,
    notice: undefined,
    messages: undefined,
  };
}
