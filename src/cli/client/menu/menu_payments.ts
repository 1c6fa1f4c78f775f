/**
 * The menu's choices about money, for a member that is logged in.
 */
import type { AccountName } from "../../../account_name.ts";
import type { IncomingPayment } from "../../../client/payment/incoming_payments.ts";
import type { Member } from "../../../client/member.ts";
import type { PaymentTerms } from "../../../client/payment/payment.ts";
import type { Paid } from "../../../client/payment/payment_result.ts";
import { OutputError } from "../../../errors.ts";
import type { Refusal } from "../../../protocol/exchange.ts";
import { askBalanceSoon } from "../balance_soon.ts";
import { adviceOn, type Attempt, type NextSteps } from "../advice.ts";
import type { TypeCommand } from "../command_typer.ts";
import {
  historyLine,
  listLines,
  notificationLines,
  paidLines,
  refusalText,
  unprintedText,
} from "../output.ts";
import { historyEntriesDefault } from "../options.ts";
import { settlementText } from "../settlement_text.ts";
import type { MenuInput } from "./menu_input.ts";
import { refusedReference, resolveId } from "../find_payment.ts";
import { printPayment } from "../../print_payment.ts";

/** What the menu's choices are called in its texts. */
export const menuSteps: NextSteps = {
  list: "3 LIST",
  history: "6 HISTORY",
  withCode: "choose 9 REGISTER WITH A CODE",
  viaServer: "choose y, and the server delivers it anyway",
};

export interface MenuTalk {
  readonly input: MenuInput;
  /** Results. */
  readonly print: (line: string) => void;
  readonly isReaderGone: () => boolean;
  /** Everything else. */
  readonly say: (line: string) => void;
  /** How a command of the client is typed in full. */
  readonly typed: TypeCommand;
}

/** A payment whose payee is away, which the server can deliver. */
export type Undelivered = PaymentTerms;

export class MenuPayments {
  readonly #member: Member;
  readonly #talk: MenuTalk;

  constructor(member: Member, talk: MenuTalk) {
    this.#member = member;
    this.#talk = talk;
  }

  async list(): Promise<void> {
    const outcome = await this.#member.list();
    if (outcome.outcome === "refused") return this.#refuse(outcome, this.#asking);
    listLines(outcome.answer).forEach(this.#talk.print);
  }

  /** @returns the payment when its payee is away */
  async pay({ withMemo }: { readonly withMemo: boolean }): Promise<Undelivered | undefined> {
    const { input } = this.#talk;
    const to = await input.askName("Payee");
    const amount = await input.askAmount("Amount");
    const memo = withMemo ? await input.askMemo("Memo, empty for none") : undefined;
    const terms = { to, amount, memo };
    const outcome = await this.#member.pay(terms);
    await this.#tell(outcome, { ...terms, kind: "pay", name: this.#name });
    const isAway = outcome.outcome === "refused" && [263, 264].includes(outcome.code);
    return isAway ? terms : undefined;
  }

  async deliver(terms: Undelivered): Promise<void> {
    const outcome = await this.#member.pay({ ...terms, viaServer: true });
    await this.#tell(outcome, { ...terms, kind: "pay", name: this.#name });
  }

  async refund(): Promise<void> {
    const { input, say } = this.#talk;
    const payment = await input.askPayment("Payment, its entry or id");
    const amount = await input.askAmountOrAll("Amount, empty for all that is left");
    const found = await resolveId(payment, this.#member);
    const outcome = found.outcome === "refused"
      ? refusedReference(found)
      : await this.#member.refund({ id: found.answer.id, amount }, {
        onSettled: (settled) => say(settlementText(settled)),
      });
    await this.#tell(outcome, { kind: "refund", name: this.#name, payment, amount });
  }

  async history(): Promise<void> {
    for await (const page of this.#member.history({ limit: historyEntriesDefault })) {
      if (page.outcome === "refused") return this.#refuse(page, this.#asking);
      for (const row of page.answer.entries) this.#talk.print(historyLine(row));
    }
  }

  get #name(): AccountName {
    return this.#member.context.name;
  }

  get #asking(): Attempt {
    return { kind: "ask", name: this.#name };
  }

  async #tell(
    outcome: Paid | Refusal,
    attempt: Extract<Attempt, { readonly kind: "pay" | "refund" }>,
  ): Promise<void> {
    const isAsked = outcome.outcome === "paid" || outcome.code === 270;
    const balance = isAsked ? await askBalanceSoon(this.#member) : undefined;
    if (outcome.outcome === "refused") return this.#refuse(outcome, { ...attempt, balance });
    const { print, typed } = this.#talk;
    const { id, entry } = outcome.receipt;
    const askWith = typed("status", this.#name);
    printPayment({ id, entry, askWith }, () => {
      paidLines(outcome, { balance }).forEach(print);
    }, this.#talk);
  }

  #refuse(refusal: Refusal, attempt: Attempt): void {
    refuseInMenu(refusal, attempt, this.#talk);
  }
}

/** Says no in the course project's words, then what can be done. */
export function refuseInMenu(
  refusal: Refusal,
  attempt: Attempt,
  { print, say }: Pick<MenuTalk, "print" | "say">,
): void {
  print(refusalText(refusal));
  const advice = adviceOn(refusal, attempt, menuSteps);
  if (advice !== undefined) say(advice);
}

/** Never throws: the payment is booked, and its payer is to be told so. */
export function notifyInMenu(
  payment: IncomingPayment,
  { context: { receiptsFile: file } }: Member,
  { print, isReaderGone, say }: MenuTalk,
): void {
  try {
    notificationLines(payment).forEach(print);
    if (isReaderGone()) say(unprintedText(payment, { file }));
  } catch (error) {
    if (!(error instanceof OutputError)) throw error;
    say(unprintedText(payment, { file }));
  }
}
