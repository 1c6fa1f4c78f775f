/**
 * A person's actions with the real client while it runs: pays, refunds, asks. It records every
 * payment with the outcome that the client reported.
 */
import type { AccountName } from "../../src/account_name.ts";
import type { Member } from "../../src/client/member.ts";
import type { Settled } from "../../src/client/payment/settlement.ts";
import { MicropayError, UnknownOutcomeError } from "../../src/errors.ts";
import type { Amount } from "../../src/money.ts";
import { makeOrderId } from "../../src/random.ts";
import type { Outcome } from "../../src/protocol/request_type.ts";
import { statusRequestType } from "../../src/protocol/status.ts";
import type { Dice } from "./dice.ts";
import type { OrderAbroad, OrdersAbroad } from "./orders_abroad.ts";
import type { ShownLedger } from "./shown_ledger.ts";
import type { Trace } from "./trace.ts";
import { submitOrder } from "../server/submit_order.ts";

export interface ActsSetting {
  readonly name: AccountName;
  readonly others: readonly AccountName[];
  readonly dice: Dice;
  readonly trace: Trace;
  readonly abroad: OrdersAbroad;
  readonly shown: ShownLedger;
  /** Told when a payment was refused, and booked all the same. */
  readonly onContradiction: (name: AccountName) => void;
}

/** The outcome that the client reported: none yet, booked, not booked, or unknown. */
export type Said = "nothing" | "paid" | "refused" | "not_done" | "unknown";

export interface Attempt {
  readonly id: string;
  readonly payee: AccountName;
  readonly amount: Amount;
  said: Said;
  /** Whether any terminal was told the server's no, which is not told again by the next start. */
  wasRefused: boolean;
}

const twiceShare = 0.15;
const voidingShare = 0.5;
/**
 * Not online, not reached, or no room in the ledger: the order was not sent, or this try failed.
 */
const notSent: ReadonlySet<number> = new Set([263, 264, 510]);
/** More than anybody begins with, now and then. */
const amountMax = 700;

export class MemberActs {
  readonly attempts: Attempt[] = [];
  /** Ids of payments that this member was told of as they came, as often as it was. */
  readonly notified: string[] = [];
  readonly #setting: ActsSetting;
  #paymentsLeft: number;

  constructor(setting: ActsSetting) {
    this.#setting = setting;
    this.#paymentsLeft = 1 + setting.dice.below(4);
  }

  /** Whether it has paid as often as it wanted to. */
  get isContent(): boolean {
    return this.#paymentsLeft === 0;
  }

  /** Does one thing. */
  async act(member: Member): Promise<void> {
    const { dice, shown, trace } = this.#setting;
    const open = this.attempts.filter(({ said }) => said === "unknown" || said === "nothing");
    if (open.length > 0 && dice.chance(0.5)) return await this.#try(member, dice.pick(open));
    if (dice.chance(0.15)) return await this.#giveBack(member);
    if (dice.chance(0.3)) return await this.#handInLate(member);
    if (dice.chance(0.15)) return await this.#takeBack(member);
    if (dice.chance(0.1)) {
      const audit = await shown.audit(member, { unauditedOnly: dice.chance(0.5) });
      trace.note(this.#setting.name, `audit: ${audit.outcome}`);
      return;
    }
    if (this.#paymentsLeft === 0) return;
    this.#paymentsLeft--;
    const attempt: Attempt = {
      id: makeOrderId(member.context.clock, dice),
      payee: dice.pick(this.#setting.others),
      amount: (1 + dice.below(amountMax)) as Amount,
      said: "nothing",
      wasRefused: false,
    };
    this.attempts.push(attempt);
    await this.#try(member, attempt);
  }

  /** Pays directly or through the server, sometimes from two terminals at once with the same id. */
  async #try(member: Member, attempt: Attempt): Promise<void> {
    const { dice } = this.#setting;
    const ways = dice.chance(twiceShare) ? [true, false] : [dice.chance(0.3)];
    const said = await Promise.all(ways.map((viaServer) => this.#pay(member, attempt, viaServer)));
    await this.#setting.abroad.note(member);
    for (const word of ["paid", "unknown", "refused"] as const) {
      if (!said.includes(word)) continue;
      attempt.said = word;
      return;
    }
    if (said.every((word) => word === "not_done")) attempt.said = "not_done";
  }

  /**
   * @returns the client's report; "nothing" when it is about this try alone, so earlier reports
   * hold
   */
  async #pay(member: Member, attempt: Attempt, viaServer: boolean): Promise<Said> {
    const { id, payee, amount } = attempt;
    const { trace } = this.#setting;
    const wasInDoubt = attempt.said === "unknown";
    try {
      const outcome = await member.pay({ id, payee, amount, viaServer });
      const isPaid = outcome.outcome === "paid";
      trace.note(
        this.#setting.name,
        `pay ${payee} ${amount}: ${isPaid ? "paid" : `refused ${outcome.code}`}`,
      );
      // At once: the other terminal may never come to its end.
      if (isPaid) return attempt.said = "paid";
      // A client in doubt refuses only once the server has voided what was sent before.
      if (notSent.has(outcome.code)) return wasInDoubt ? "not_done" : "nothing";
      attempt.wasRefused = true;
      // No such payee: the client may say so before it sends. This says nothing about another
      // terminal's order.
      return outcome.code === 262 ? "nothing" : "refused";
    } catch (error) {
      if (!(error instanceof MicropayError)) throw error;
      trace.note(this.#setting.name, `pay ${payee} ${amount}: ${error.code}`);
      return error instanceof UnknownOutcomeError ? "unknown" : "nothing";
    }
  }

  async #giveBack(member: Member): Promise<void> {
    const { dice, trace } = this.#setting;
    if (this.notified.length === 0) return;
    const id = dice.pick(this.notified);
    const amount = dice.chance(0.5) ? undefined : (1 + dice.below(50)) as Amount;
    try {
      const onSettled = (settled: Settled) => this.#noteSettled(settled);
      const outcome = await member.refund({ id, amount }, { onSettled });
      const what = outcome.outcome === "paid" ? "paid" : `refused ${outcome.code}`;
      trace.note(this.#setting.name, `refund: ${what}`);
    } catch (error) {
      if (!(error instanceof MicropayError)) throw error;
      trace.note(this.#setting.name, `refund: ${error.code}`);
    }
  }

  /**
   * Acts as payee on an order that was delivered some time ago and may be void by now. Sometimes it
   * voids the order before or after.
   */
  async #handInLate(member: Member): Promise<void> {
    const { abroad, dice, name } = this.#setting;
    const order = abroad.pickFor(name, dice);
    if (order === undefined) return;
    if (dice.chance(voidingShare)) await this.#makeVoid(order, member);
    await this.#handIn(order, member);
    if (!dice.chance(voidingShare)) return;
    await this.#makeVoid(order, member);
    await this.#handIn(order, member);
  }

  /** As payer: an order that it has sent, whether its client is in doubt about it or not. */
  async #takeBack(member: Member): Promise<void> {
    const { abroad, dice, name } = this.#setting;
    const order = abroad.pickOf(name, dice);
    if (order !== undefined) await this.#makeVoid(order, member);
  }

  async #handIn({ jws }: OrderAbroad, { context: { link } }: Member): Promise<void> {
    const outcome = await submitOrder(link, jws);
    const isFinal = outcome.outcome === "refused" && outcome.code >= 260 && outcome.code < 300;
    this.#noteAnswer("hands in late", { jws, outcome, isFinal });
  }

  async #makeVoid({ id, jws }: OrderAbroad, { context: { link } }: Member): Promise<void> {
    const outcome = await link.ask(statusRequestType, { id, void: jws });
    const isFinal = outcome.outcome === "refused" && outcome.code === 400;
    this.#noteAnswer("makes void", { jws, outcome, isFinal });
  }

  #noteAnswer(
    act: string,
    { jws, outcome, isFinal }: { jws: string; outcome: Outcome<object>; isFinal: boolean },
  ): void {
    const { abroad, name, trace } = this.#setting;
    const what = outcome.outcome === "answered" ? "booked" : `refused ${outcome.code}`;
    trace.note(name, `${act}: ${what}`);
    if (isFinal) abroad.refused.set(jws, `${name}, who ${act}, ${what}`);
  }

  /** Resolves payments in doubt, as every start of the client does. */
  async settle(member: Member): Promise<void> {
    for await (const settled of member.settle()) this.#noteSettled(settled);
  }

  #noteSettled({ order: { payload: { id } }, outcome }: Settled): void {
    this.#setting.trace.note(this.#setting.name, `settle: ${outcome}`);
    const attempt = this.attempts.find((one) => one.id === id);
    if (!attempt) return;
    if (outcome === "done") {
      if (attempt.said === "refused") this.#setting.onContradiction(this.#setting.name);
      attempt.said = "paid";
    }
    if (outcome === "not_done") attempt.said = "not_done";
  }
}
