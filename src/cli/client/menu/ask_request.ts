/**
 * The menu's questions about payment requests.
 */
import type { Member } from "../../../client/member.ts";
import type { PaymentTerms } from "../../../client/payment/payment.ts";
import type { PaymentRequestTerms } from "../../../protocol/payment_request.ts";
import type { PayUri } from "../../../protocol/micropay_uri.ts";
import { answerWith, type Outcome } from "../../../protocol/request_type.ts";
import {
  accountName,
  amount as readAmount,
  memo as readMemo,
  payUri,
  requestLifetime,
} from "../../command_line/option_values.ts";
import { readRequestUri } from "../request_command.ts";
import type { MenuInput } from "./menu_input.ts";

/** Asks what to request. The questions are those of the screen's form. */
export async function askRequest(
  input: MenuInput,
  { peers }: { readonly peers: readonly string[] },
): Promise<PaymentRequestTerms> {
  const amount = await input.askFor("Amount", readAmount);
  const memo = await input.askOptional("Memo, empty for none", readMemo);
  const payer = await input.askOptional("Payer, empty for anybody", accountName, {
    completions: peers,
  });
  const question = "How long, as 30m, 2h or 7d, empty for 1h";
  const lifetimeMs = await input.askOptional(question, requestLifetime) ?? requestLifetime("1h");
  return { amount, memo, payer, lifetimeMs };
}

/** Asks for a request that somebody gave this member. */
export function askRequestUri(input: MenuInput): Promise<PayUri> {
  return input.askFor("Request, its whole line", payUri);
}

/**
 * Shows who asks for what, and asks whether to pay it.
 *
 * @returns how to pay it, or `undefined` when nobody agreed to that
 * @throws {UntrustedError} when the request is for another ledger
 */
export async function confirmRequest(
  uri: PayUri,
  member: Member,
  input: MenuInput,
): Promise<Outcome<PaymentTerms | undefined>> {
  const read = await readRequestUri(uri, member);
  if (read.outcome === "refused") return read;
  const { request, isOver, lines } = read.answer;
  const { id, payload: { payee, amount, memo } } = request;
  const terms = { id, payee, amount, memo, request };
  // It cannot be paid, and the outcome says why.
  if (isOver || payee === member.context.name) return answerWith(terms);
  const isAgreed = await input.confirm([...lines, `Pay ${amount} to ${payee}?`]);
  return answerWith(isAgreed ? terms : undefined);
}
