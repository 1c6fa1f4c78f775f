/**
 * Advice after a result or a refusal: which value was wrong, and what to do next. Results are in
 * the course project's words, alone on their line of stdout. Advice goes to stderr, so it does not
 * disturb a script that compares results.
 */
import type { AccountName } from "../../account_name.ts";
import type { OrderRefusal } from "../../client/payment/order_outcome.ts";
import type { ExceededLimit } from "../../client/wallet/payment_limits.ts";
import type { Registered } from "../../client/wallet.ts";
import { codes } from "../../protocol/code.ts";
import { type PaymentReference, referenceText } from "./payment_reference.ts";

/** An attempt, with the values that a refusal may be about. */
export type Attempt =
  | { readonly kind: "register"; readonly account: AccountName; readonly hasCode: boolean }
  | { readonly kind: "log_in"; readonly name: AccountName }
  | {
    readonly kind: "pay";
    readonly name: AccountName;
    readonly payee: AccountName;
    readonly amount: number;
    readonly id?: string | undefined;
    readonly balance?: number | undefined;
  }
  | {
    readonly kind: "refund";
    readonly name: AccountName;
    readonly payment: PaymentReference;
    readonly amount?: number | undefined;
    readonly balance?: number | undefined;
  }
  | { readonly kind: "status"; readonly name: AccountName; readonly payment: PaymentReference }
  /** Any other question of a member. */
  | { readonly kind: "ask"; readonly name: AccountName };

type AttemptOf<Kind> = Extract<Attempt, { readonly kind: Kind }>;

export type PaymentAttempt = AttemptOf<"pay"> | AttemptOf<"refund">;

/** Names of the next steps, on the command line or in the menu. */
export interface NextSteps {
  readonly list: string;
  readonly history: string;
  readonly withCode: string;
  readonly viaServer: string;
  readonly limit: string;
}

export const commandSteps: NextSteps = {
  list: "list",
  history: "history",
  withCode: "register with --code",
  viaServer: "--via-server delivers it anyway",
  limit: "with limit",
};

/** @param options `next` is what a new member does next */
export function registeredText(
  { account, balance, existed }: Registered,
  { typed, hasCode, next }: {
    readonly typed: string;
    readonly hasCode: boolean;
    readonly next: string;
  },
): string {
  const folded = typed === account ? "" : ` (${typed} became ${account}: names are lower case)`;
  const how = !existed
    ? `registered as ${account}${folded}`
    : hasCode
    ? `registered anew as ${account}${folded}, with a new key`
    : `${account}${folded} was registered before, with the key that is here`;
  return `${how}, balance ${balance}. Next: ${next}`;
}

/** @returns `undefined` when the refusal says everything */
export function adviceOn(
  { code, text, by, exceeded }: OrderRefusal,
  attempt: Attempt,
  steps: NextSteps,
): string | undefined {
  const name = attempt.kind === "register" ? attempt.account : attempt.name;
  const payee = attempt.kind === "pay" ? attempt.payee : undefined;
  switch (code) {
    case 210:
      // The server gave its own reason.
      if (text !== codes[210].text || attempt.kind !== "register") return undefined;
      return attempt.hasCode
        ? `the code is not the one for ${name}, or was used already; ask the operator for a new one`
        : `the name ${name} is taken: if it is yours, ask the operator for a code and ${steps.withCode}; if not, choose another name`;
    case 220:
      return `the certificate of ${name} is not valid any more, or the account is closed; ` +
        dismissedAdvice(steps);
    case 230:
      return `${name} is online from another terminal or machine, or has too many connections; end one there first`;
    case 260:
      return `the ledger has no account ${name}; ask the operator`;
    case 261:
      return payee && by === "payee"
        ? `${payee}'s client does not accept the order, and it is never booked; if it happens again, tell ${payee}`
        : `the server does not accept what was signed for ${name}, and booked nothing; if it happens again, tell the operator`;
    case 262:
      return payee && `there is no account ${payee}; ${steps.list} shows who is online`;
    case 263:
      return payee && `${payee} is not online; ${steps.viaServer}`;
    case 264:
      return payee &&
        `nobody answers where ${payee} takes payments, and nothing was sent; ${steps.viaServer}`;
    case 265:
      return "the order ran out before the server had it, and is never booked; pay again";
    case 266:
      return attempt.kind === "pay" && attempt.id !== undefined
        ? `${attempt.id} belongs to another payment, which status ${attempt.id} shows; leave --id out for a new one`
        : undefined;
    case 267:
      return payee
        ? `the account ${payee} is closed, and nobody can pay it any more`
        : "the account that would be given to is closed";
    case 268:
      return attempt.kind === "refund"
        ? `${
          referenceText(attempt.payment)
        } is no payment to ${name}; ${steps.history} shows what came`
        : undefined;
    case 269:
      return attempt.kind === "refund" ? exceedsText(attempt) : undefined;
    case 270:
      return attempt.kind === "pay" || attempt.kind === "refund"
        ? bankruptText(attempt)
        : undefined;
    case 271:
    case 272:
      return exceeded && limitText(exceeded, steps);
    case 280:
      return `you are ${name}; choose another payee`;
    case 400:
      return attempt.kind === "status" ? unknownText(attempt, steps) : undefined;
    case 510:
      return "try again in a while; if it stays so, tell the operator";
    default:
      return undefined;
  }
}

/** Returns what a member can do whose certificate the operator revoked. */
export function dismissedAdvice({ withCode }: NextSteps): string {
  return `ask the operator, and with a code from the operator ${withCode}`;
}

function exceedsText({ payment, amount }: AttemptOf<"refund">): string {
  const which = referenceText(payment);
  return amount === undefined
    ? `nothing is left of ${which}: all of it was given back already`
    : `${amount} is more than is left of ${which}; without an amount all that is left is given back`;
}

function bankruptText({ amount, balance }: PaymentAttempt): string | undefined {
  // The balance may have grown since.
  if (balance === undefined || balance >= (amount ?? Infinity)) return undefined;
  return amount === undefined
    ? `you have ${balance}, less than is left of the payment; give a smaller amount`
    : `you have ${balance}, not ${amount}`;
}

function limitText({ exceeded, limit, left }: ExceededLimit, steps: NextSteps): string {
  return exceeded === "perPayment"
    ? `this wallet pays ${limit} at the most at once, and nothing was sent; ` +
      `pay less, or raise the limit ${steps.limit} --per-payment N`
    : `this wallet pays ${limit} at the most in 24 hours, of which ${left} are left, and nothing ` +
      `was sent; pay less, wait, or raise the limit ${steps.limit} --per-day N`;
}

function unknownText(
  { name, payment }: AttemptOf<"status">,
  steps: NextSteps,
): string {
  return "entry" in payment
    ? `entry ${payment.entry} does not belong to ${name}; ${steps.history} shows which are`
    : `no payment ${payment.id} from or to ${name} is booked; one that is under way can still be, so ask again in a few minutes`;
}
