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

/** A refusal that the same request will get again, or a success. */
const final = (name: string, text: string): CodeMeaning => ({ name, text, tryAgain: false });
/** A refusal that may end. */
const temporary = (name: string, text: string): CodeMeaning => ({ name, text, tryAgain: true });

export const codes = {
  100: final("REGISTER_OK", "OK"),
  110: final("LOGIN_SUCCESS", "OK"),
  120: final("LOGOUT_SUCCESS", "Bye"),
  130: final("TRANSFER_OK", "transfer OK"),
  210: final("REGISTER_FAIL", "FAIL"),
  211: temporary(
    "REGISTER_TOO_MANY",
    "FAIL: too many accounts were registered from this address; try again in a minute",
  ),
  212: final(
    "REGISTER_LEDGER_FULL",
    "FAIL: this ledger has all the accounts that it may have; ask the operator",
  ),
  213: final(
    "INVITATION_NEEDED",
    "FAIL: this ledger admits only invited members; ask the operator for a join line",
  ),
  214: final(
    "INVITATION_UNKNOWN",
    "FAIL: there is no such invitation; ask the operator for another",
  ),
  215: final(
    "INVITATION_USED",
    "FAIL: the invitation was used already; ask the operator for another",
  ),
  216: final(
    "INVITATION_EXPIRED",
    "FAIL: the invitation has expired; ask the operator for another",
  ),
  217: final(
    "INVITATION_REVOKED",
    "FAIL: the invitation was revoked; ask the operator for another",
  ),
  218: final("INVITATION_OTHER_NAME", "FAIL: the invitation is for another name"),
  219: final(
    "REGISTER_ELSEWHERE",
    "FAIL: this server registers no members; register at another server of this ledger",
  ),
  220: final("AUTH_FAIL", "AUTH_FAIL"),
  230: temporary("DUPLICATE_LOGIN", "DUPLICATE_LOGIN"),
  240: final("NOT_LOGGED_IN", "Please login first"),
  250: final("LOGOUT_FAIL", "LOGOUT_FAIL"),
  260: final("TRANSFER_FAIL", "transfer FAIL"),
  261: final("TRANSFER_ORDER_INVALID", "transfer FAIL: the order is not valid"),
  262: final("TRANSFER_PAYEE_UNKNOWN", "transfer FAIL: there is no such account"),
  263: temporary("TRANSFER_PAYEE_OFFLINE", "transfer FAIL: the payee is not online"),
  264: temporary("TRANSFER_PAYEE_UNREACHABLE", "transfer FAIL: the payee does not answer"),
  265: final("TRANSFER_ORDER_EXPIRED", "transfer FAIL: the order has expired"),
  266: final("TRANSFER_ID_CONFLICT", "transfer FAIL: this id was used for another payment"),
  267: final("TRANSFER_ACCOUNT_CLOSED", "transfer FAIL: the account is closed"),
  268: final("REFUND_PAYMENT_UNKNOWN", "transfer FAIL: there is no such payment to refund"),
  269: final("REFUND_EXCEEDS_PAYMENT", "transfer FAIL: more than is left of the payment"),
  270: final("TRANSFER_SENDER_BANKRUPT", "transfer FAIL due to bankruptcy"),
  271: final(
    "TRANSFER_PAYMENT_LIMIT",
    "transfer FAIL: more than this wallet's limit for one payment",
  ),
  272: temporary(
    "TRANSFER_DAY_LIMIT",
    "transfer FAIL: more than is left of this wallet's limit for 24 hours",
  ),
  273: final("REQUEST_INVALID", "transfer FAIL: the payment request is not valid for this payment"),
  274: final("REQUEST_EXPIRED", "transfer FAIL: the payment request has expired"),
  275: final("REQUEST_PAID", "transfer FAIL: this payment request was paid already"),
  280: final("TRANSFER_SELF_FAIL", "transfer FAIL: payer and payee are the same"),
  300: final("QUERY_OK", "OK"),
  400: final("QUERY_ERROR", "unknown"),
  410: final("BAD_REQUEST", "the request is not valid"),
  420: temporary("TOO_MANY_REQUESTS", "too many requests from this address; try again in a minute"),
  421: temporary("RELAY_BUSY", "the relay is busy; try again in a moment"),
  430: final("WITNESS_UNKNOWN", "the operator has not named this witness"),
  431: final("CHECKPOINT_NOT_PUBLISHED", "this checkpoint is not published, or not any more"),
  500: temporary("SERVER_ERROR", "the server failed; ask for the status before paying again"),
  510: temporary(
    "LEDGER_UNAVAILABLE",
    "the ledger cannot be used right now; this request changed nothing",
  ),
  520: temporary(
    "NOT_DECIDED",
    "not decided: too many orders of this payer were refused; ask again later",
  ),
};

export type Code = keyof typeof codes;

/**
 * Returns whether a code says that a payee cannot be reached now. The server can deliver the
 * payment then.
 */
export function isPayeeAway(code: Code): boolean {
  return code === 263 || code === 264;
}

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
