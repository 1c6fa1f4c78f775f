/**
 * The reply codes. Those up to 400 that end in 0 come from the course project. The others were
 * added for more precision.
 */

interface CodeMeaning {
  readonly name: string;
  /** The text that people see. Scripts rely on it. */
  readonly text: string;
  /** Whether the same request may succeed later. */
  readonly tryAgain: boolean;
}

/** The codes with their names and texts. */
export const codes = {
  100: { name: "REGISTER_OK", text: "OK", tryAgain: false },
  110: { name: "LOGIN_SUCCESS", text: "OK", tryAgain: false },
  120: { name: "LOGOUT_SUCCESS", text: "Bye", tryAgain: false },
  130: { name: "TRANSFER_OK", text: "transfer OK", tryAgain: false },
  210: { name: "REGISTER_FAIL", text: "FAIL", tryAgain: false },
  211: {
    name: "REGISTER_TOO_MANY",
    text: "FAIL: too many accounts were registered from this address; try again in a minute",
    tryAgain: true,
  },
  212: {
    name: "REGISTER_LEDGER_FULL",
    text: "FAIL: this ledger has all the accounts that it may have; ask the operator",
    tryAgain: false,
  },
  220: { name: "AUTH_FAIL", text: "AUTH_FAIL", tryAgain: false },
  230: { name: "DUPLICATE_LOGIN", text: "DUPLICATE_LOGIN", tryAgain: true },
  240: { name: "NOT_LOGGED_IN", text: "Please login first", tryAgain: false },
  250: { name: "LOGOUT_FAIL", text: "LOGOUT_FAIL", tryAgain: false },
  260: { name: "TRANSFER_FAIL", text: "transfer FAIL", tryAgain: false },
  261: {
    name: "TRANSFER_ORDER_INVALID",
    text: "transfer FAIL: the order is not valid",
    tryAgain: false,
  },
  262: {
    name: "TRANSFER_PAYEE_UNKNOWN",
    text: "transfer FAIL: there is no such account",
    tryAgain: false,
  },
  263: {
    name: "TRANSFER_PAYEE_OFFLINE",
    text: "transfer FAIL: the payee is not online",
    tryAgain: true,
  },
  264: {
    name: "TRANSFER_PAYEE_UNREACHABLE",
    text: "transfer FAIL: the payee does not answer",
    tryAgain: true,
  },
  265: {
    name: "TRANSFER_ORDER_EXPIRED",
    text: "transfer FAIL: the order has expired",
    tryAgain: false,
  },
  266: {
    name: "TRANSFER_ID_CONFLICT",
    text: "transfer FAIL: this id was used for another payment",
    tryAgain: false,
  },
  267: {
    name: "TRANSFER_ACCOUNT_CLOSED",
    text: "transfer FAIL: the account is closed",
    tryAgain: false,
  },
  268: {
    name: "REFUND_PAYMENT_UNKNOWN",
    text: "transfer FAIL: there is no such payment to refund",
    tryAgain: false,
  },
  269: {
    name: "REFUND_EXCEEDS_PAYMENT",
    text: "transfer FAIL: more than is left of the payment",
    tryAgain: false,
  },
  270: {
    name: "TRANSFER_SENDER_BANKRUPT",
    text: "transfer FAIL due to bankruptcy",
    tryAgain: false,
  },
  280: {
    name: "TRANSFER_SELF_FAIL",
    text: "transfer FAIL: payer and payee are the same",
    tryAgain: false,
  },
  300: { name: "QUERY_OK", text: "OK", tryAgain: false },
  400: { name: "QUERY_ERROR", text: "unknown", tryAgain: false },
  410: { name: "BAD_REQUEST", text: "the request is not valid", tryAgain: false },
  500: {
    name: "SERVER_ERROR",
    text: "the server failed; ask for the status before paying again",
    tryAgain: true,
  },
  510: {
    name: "LEDGER_UNAVAILABLE",
    text: "the ledger cannot be written right now; nothing was booked",
    tryAgain: true,
  },
  520: {
    name: "NOT_DECIDED",
    text: "not decided: too many orders of this payer were refused; ask again later",
    tryAgain: true,
  },
} as const satisfies Record<number, CodeMeaning>;

export type Code = keyof typeof codes;

/**
 * Returns whether a decoded value is one of our codes.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(isCode(130), true);
 * assertEquals(isCode(131), false);
 * ```
 */
export function isCode(value: unknown): value is Code {
  return typeof value === "number" && Object.hasOwn(codes, value);
}
