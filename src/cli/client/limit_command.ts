/**
 * `limit`: shows and changes the limits of this wallet. It needs no server.
 */
import { isRaise, type LimitChange } from "../../client/wallet/payment_limits.ts";
import type { KeptLimits } from "../../client/wallet.ts";
import type { Clock } from "../../clock.ts";
import { UsageError } from "../../errors.ts";
import type { ClientRequest } from "../command_line/command_line.ts";
import type { ClientOutput } from "./output.ts";

type LimitCommand = Extract<ClientRequest["command"], { readonly name: "limit" }>;

interface LimitContext {
  readonly output: ClientOutput;
  readonly clock: Pick<Clock, "nowMs">;
  /** Asks a person; `undefined` where there is none. */
  readonly confirm?: ((question: string) => Promise<boolean>) | undefined;
}

/**
 * Changes the limits that the command names, and shows all. A lower limit holds at once. A higher
 * one, or none, needs a person's yes.
 *
 * @throws {UsageError} when nobody agreed to a higher limit
 */
export async function changeLimits(
  command: LimitCommand,
  { account, limits }: KeptLimits,
  { output, clock, confirm }: LimitContext,
): Promise<void> {
  const { perPayment, perDay, yes } = command;
  const change: LimitChange = {
    ...(perPayment !== undefined && { perPayment }),
    ...(perDay !== undefined && { perDay }),
  };
  if (Object.keys(change).length > 0 && !await limits.set(change, { mayRaise: yes })) {
    const { limits: before } = await limits.read(clock.nowMs());
    const raises = Object.entries(optionOf).flatMap(([name, option]) => {
      const to = change[name as keyof LimitChange];
      const isRaised = to !== undefined && isRaise({ [name]: to }, before);
      return isRaised ? [`${option} from ${before[name as keyof LimitChange]} to ${to}`] : [];
    });
    const attempt = `raise the limit of ${account}, ${raises.join(" and ")}`;
    if (!confirm) throw new UsageError(`${attempt}: give --yes too, there is nobody to ask`);
    if (!await confirm(`This lets more be paid: ${attempt}. Do it?`)) {
      throw new UsageError(`${attempt}: not confirmed`);
    }
    await limits.set(change, { mayRaise: true });
  }
  output.printLimits(account, await limits.read(clock.nowMs()));
}

const optionOf: Readonly<Record<keyof LimitChange, string>> = {
  perPayment: "--per-payment",
  perDay: "--per-day",
};
