/**
 * The limits of a wallet on what is paid from an account. They guard against a script gone wrong.
 */

/** Units. Without a number there is no limit. */
export interface PaymentLimits {
  readonly perPayment: number | undefined;
  /** In any 24 hours. */
  readonly perDay: number | undefined;
}

export const noLimits: PaymentLimits = { perPayment: undefined, perDay: undefined };

/** Numbers to set, and limits to lift. A limit that is not named stays as it is. */
export type LimitChange = Readonly<Partial<Record<keyof PaymentLimits, number | "none">>>;

/** The limit that an order would exceed. */
export interface ExceededLimit {
  readonly exceeded: keyof PaymentLimits;
  readonly limit: number;
  /** The most that one payment may be now. */
  readonly left: number;
}

/** The time over which payments count towards the limit of a day. */
export const limitDayMs = 86_400_000;

/**
 * Returns the limit that one more payment would exceed.
 *
 * @param paid returns what was paid, or may still be, in the 24 hours before
 */
export function exceededLimit(
  amount: number,
  { perPayment, perDay }: PaymentLimits,
  paid: () => number,
): ExceededLimit | undefined {
  if (perPayment !== undefined && amount > perPayment) {
    return { exceeded: "perPayment", limit: perPayment, left: perPayment };
  }
  if (perDay === undefined) return undefined;
  const left = leftOf(perDay, paid());
  return amount > left ? { exceeded: "perDay", limit: perDay, left } : undefined;
}

/** @returns what is left of a day's limit. It may have been lowered below what was paid */
export function leftOf(perDay: number, paid: number): number {
  return Math.max(perDay - paid, 0);
}

/** @returns whether more can be paid after a change */
export function isRaise(change: LimitChange, limits: PaymentLimits): boolean {
  return names.some((name) => {
    const [before = Infinity, after] = [limits[name], change[name]];
    return after !== undefined && (after === "none" ? Infinity : after) > before;
  });
}

/** @returns the limits after a change */
export function changedLimits(change: LimitChange, limits: PaymentLimits): PaymentLimits {
  const after = (name: keyof PaymentLimits) => {
    const changed = change[name];
    return changed === "none" ? undefined : changed ?? limits[name];
  };
  return { perPayment: after("perPayment"), perDay: after("perDay") };
}

const names = ["perPayment", "perDay"] as const;
