/**
 * `receive`: stay online and print each payment that arrives.
 */
import type { Member } from "../client/member.ts";
import { messageOf } from "../errors.ts";
import type { Refusal } from "../protocol/exchange.ts";
import { printable } from "../printable.ts";
import type { ClientOutput } from "./client_output.ts";
import { onlineOptions, type PeerAddressRequest } from "./online_options.ts";

export interface ReceiveOptions extends PeerAddressRequest {
  /** Ends after so many payments; only by a signal when absent. */
  readonly count?: number | undefined;
  readonly output: ClientOutput;
}

/**
 * Goes online and takes payments until there were enough, or until SIGINT or SIGTERM, which is how people end it.
 *
 * @returns the refusal when it may not go online
 * @throws {ClosedError} when the server is gone
 */
export async function receive(
  member: Member,
  { output, count = Infinity, ...request }: ReceiveOptions,
): Promise<Refusal | undefined> {
  const { promise: enough, resolve: end } = Promise.withResolvers<void>();
  let left = count;
  const outcome = await member.goOnline({
    ...onlineOptions(request),
    onPayment(payment) {
      output.received(payment);
      if (--left === 0) end();
    },
    onFault: (error) => console.error(`micropay: ${printable(messageOf(error))}`),
  });
  if (outcome.outcome === "refused") return outcome;
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const signal of signals) Deno.addSignalListener(signal, end);
  try {
    // Only now: whoever waits for this line may send the signal at once.
    output.online(outcome.answer.port);
    const closed = await Promise.race([enough, member.context.link.closed]);
    if (closed) throw closed;
    // Peers that are being served get their answer first, so every payment that was printed was acknowledged too.
    await member.exit();
  } finally {
    for (const signal of signals) Deno.removeSignalListener(signal, end);
  }
}
