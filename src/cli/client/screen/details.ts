/**
 * What the screen shows about one payment.
 */
import { quote } from "../../../printable.ts";
import type { TypeCommand } from "../command_typer.ts";
import type { Activity } from "./screen_state.ts";

const ways = {
  direct: "directly from payer to payee",
  relay: "to the payee, through the server's relay",
  server: "through the server",
} as const;

/**
 * Returns the lines about a payment.
 *
 * @param options `receiptsFile` is absent when the wallet has no receipt of it
 */
export function detailsLines(
  { amount, atMs, entry, id, memo, other, reason, state, way }: Activity,
  { receiptsFile, typed }: {
    readonly receiptsFile: string | undefined;
    readonly typed: TypeCommand;
  },
): string[] {
  const isReceived = state === "received";
  const at = new Date(atMs).toISOString();
  return [
    `${state}: ${amount} ${isReceived ? "from" : "to"} ${other}`,
    ...(memo === undefined ? [] : [`memo ${quote(memo)}`]),
    ...(entry === undefined ? [`tried on ${at}`] : [`entry ${entry}, booked on ${at}`]),
    `id ${id}`,
    ...(way === undefined ? [] : [`it went ${ways[way]}`]),
    ...(reason === undefined ? [] : [reason]),
    ...(entry !== undefined && receiptsFile !== undefined
      ? [`the receipt is in ${receiptsFile}; print it with: ${typed(`receipt ${entry}`)}`]
      : []),
  ];
}
