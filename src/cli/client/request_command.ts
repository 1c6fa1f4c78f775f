/**
 * `request` and `pay URI`: prints a payment request, and shows one before it is paid.
 */
import type { Member } from "../../client/member.ts";
import { UntrustedError, UsageError } from "../../errors.ts";
import { serversText } from "../../client/sqlite/joined_ledgers.ts";
import { printable, quote } from "../../printable.ts";
import { type PayUri, writeMicropayUri } from "../../protocol/micropay_uri.ts";
import { packDocument } from "../../protocol/packed_document.ts";
import type { SignedPaymentRequest } from "../../protocol/payment_request.ts";
import { answerWith, type Outcome } from "../../protocol/request_type.ts";
import type { ClientRequest } from "../command_line/command_line.ts";
import { askYesNo, type LineInput } from "../line_input.ts";
import type { ProcessIo } from "../process_io.ts";
import { terminalQrCode } from "../qr_code.ts";
import { withoutZone } from "../../pki/host.ts";
import type { AddressedRequest } from "./choose_ledger.ts";
import type { ClientOutput } from "./output.ts";

type PayRequestCommand = Extract<ClientRequest["command"], { readonly name: "pay_request" }>;

/** Returns the line that a payer gives to `pay`. */
export function requestUri(
  request: SignedPaymentRequest,
  { anchor, servers }: Pick<AddressedRequest, "servers"> & Pick<Member["context"], "anchor">,
): string {
  return writeMicropayUri({
    kind: "pay",
    servers: servers.map(({ host, port }) => ({ host: withoutZone(host), port })),
    fingerprint: anchor.fingerprint,
    request: packDocument(request),
  });
}

/** Prints a request of this member, and on a terminal its QR code. */
export function printRequest(
  request: SignedPaymentRequest,
  { context: { anchor } }: Member,
  { output, say, request: { json, servers }, ...io }:
    & Pick<ProcessIo, "environment" | "outputSize" | "say">
    & {
      readonly output: ClientOutput;
      readonly request: Pick<AddressedRequest, "json" | "servers">;
    },
): void {
  const uri = requestUri(request, { anchor, servers });
  const picture = json ? undefined : terminalQrCode(uri, io);
  if (picture !== undefined) say(picture);
  // Below the picture, where it stays in sight.
  output.printRequest(request, uri);
}

/** A request that somebody gave this member. */
export interface ReadRequest {
  readonly request: SignedPaymentRequest;
  readonly isOver: boolean;
  /** Who asks for what. */
  readonly lines: readonly string[];
}

/** @throws {UntrustedError} when the request is for another ledger */
export async function readRequestUri(
  uri: PayUri,
  member: Member,
): Promise<Outcome<ReadRequest>> {
  const { anchor, link } = member.context;
  if (uri.fingerprint !== anchor.fingerprint) {
    throw new UntrustedError(
      `pay a request: it is for the ledger ${uri.fingerprint} at ` +
        `${printable(serversText(uri))}, and this server has the ledger ${anchor.fingerprint}; ` +
        "name the server of that ledger",
    );
  }
  const read = await member.readRequest(uri.request);
  if (read.outcome === "refused") return read;
  const request = read.answer;
  const { payee, amount, memo, exp } = request.payload;
  const key = request.signer.publicKey.fingerprint;
  const note = memo === undefined ? "" : ` for ${quote(memo)}`;
  const ended = exp * 1000 <= link.nowMs() ? ", which is over" : "";
  const lines = [
    `${payee} asks for ${amount}${note}, until ${new Date(exp * 1000).toISOString()}${ended}`,
    `key of ${payee}: ${key}`,
  ];
  return answerWith({ request, isOver: ended !== "", lines });
}

/**
 * Reads a request, shows it, and asks whether to pay it.
 *
 * @returns the request that is to be paid
 * @throws {UntrustedError} when the request is for another ledger
 * @throws {UsageError} when nobody agreed to pay it
 */
export async function confirmRequest(
  { uri, yes }: PayRequestCommand,
  member: Member,
  { input, isTerminal, say }: Pick<ProcessIo, "isTerminal" | "say"> & { readonly input: LineInput },
): Promise<Outcome<SignedPaymentRequest>> {
  const read = await readRequestUri(uri, member);
  if (read.outcome === "refused") return read;
  const { request, isOver, lines } = read.answer;
  const { payee, amount } = request.payload;
  lines.forEach(say);
  if (yes || isOver || payee === member.context.name) return answerWith(request);
  const attempt = `pay ${amount} to ${payee}`;
  if (!isTerminal()) throw new UsageError(`${attempt}: give --yes too, there is nobody to ask`);
  if (await askYesNo(`Pay ${amount} to ${payee}?`, { input, say })) return answerWith(request);
  throw new UsageError(`${attempt}: not confirmed`);
}
