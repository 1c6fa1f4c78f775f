/**
 * `join-line`, `invite` and `invitations`: how people get into the ledger.
 */
import type { Invitation } from "../../ledger/invitation.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { UsageError } from "../../errors.ts";
import { pageRowsMax } from "../../limits.ts";
import { encodeBase64Url } from "../../base64.ts";
import { readAuthorityOfAnyDate, readIn } from "../../pki/certificate_folder.ts";
import { hostsOf } from "../../pki/make_certificates.ts";
import { pemToDer } from "../../pki/pem.ts";
import {
  invitationTokenBytes,
  type JoinUri,
  writeMicropayUri,
} from "../../protocol/micropay_uri.ts";
import { untilDecided } from "../../operator/until_decided.ts";
import { invitationTokenDigest } from "../../protocol/register.ts";
import { systemRandom } from "../../random.ts";
import { type ExitCode, exitCodes } from "../exit_code.ts";
import { jsonLine } from "../json_line.ts";
import { terminalQrCode } from "../qr_code.ts";
import { joinUri } from "../server/join_line.ts";
import { type LedgerContext, tellDoubt } from "./audit_command.ts";
import type { LedgerRequest } from "../command_line/command_line.ts";

type Command<Name> = Extract<LedgerRequest["command"], { readonly name: Name }>;

/**
 * Prints the join line of the ledger, as its server does at its start.
 *
 * @throws {UsageError} when no host is known that members could reach
 */
export function printJoinLine(command: Command<"join_line">, context: LedgerContext): ExitCode {
  const { request, processIo } = context;
  const uri = writeMicropayUri(joinUriOf(command, context));
  processIo.print(request.json ? jsonLine({ uri }) : uri);
  if (!request.json) printQrCode(uri, context);
  return exitCodes.ok;
}

/**
 * Makes invitations, and prints the join line of each.
 *
 * @throws {UsageError} when the options do not go together
 */
export async function invite(
  command: Command<"invite">,
  { ledger, ...context }: LedgerContext & { readonly ledger: Ledger },
): Promise<ExitCode> {
  const { request, processIo, clock } = context;
  const { count, uses: usesMax, expires, balance, account: name } = command;
  if (name !== undefined && (count > 1 || usesMax > 1)) {
    throw new UsageError(`invite ${name}: one name registers once; leave out --count and --uses`);
  }
  if (name !== undefined && await ledger.account(name) !== undefined) {
    throw new UsageError(
      `invite ${name}: the account ${name} exists already; choose another name, or give its ` +
        `owner a new certificate with micropay ledger reissue ${name}`,
    );
  }
  const join = joinUriOf(command, context);
  for (let made = 0; made < count; made++) {
    const token = encodeBase64Url(systemRandom.bytes(invitationTokenBytes));
    const createdAtMs = clock.nowMs();
    const tokenDigest = invitationTokenDigest(token);
    const wanted = {
      tokenDigest,
      ...(name !== undefined && { name }),
      ...(balance !== undefined && { balance }),
      ...{ usesMax, createdAtMs, expiresAtMs: createdAtMs + expires },
    };
    const invitation = await untilDecided(
      async (wasInDoubt) =>
        (wasInDoubt ? await ledger.invitation(tokenDigest) : undefined) ??
          await ledger.invite(wanted),
      {
        ...{ clock, onDoubt: tellDoubt(context), attempt: "make an invitation" },
        advice:
          "When the database is back, run micropay ledger invitations, and revoke one whose join " +
          "line was not printed",
      },
    );
    const uri = writeMicropayUri({ ...join, token });
    processIo.print(request.json ? jsonLine({ uri, ...fieldsOf(invitation) }) : uri);
    if (request.json) continue;
    processIo.say(textOf(invitation, createdAtMs));
    if (count === 1) printQrCode(uri, context);
  }
  return exitCodes.ok;
}

/** Prints all invitations, without their tokens, which nobody knows any more. */
export async function listInvitations(
  { ledger, ...context }: LedgerContext & { readonly ledger: Ledger },
): Promise<ExitCode> {
  const { request, processIo, clock } = context;
  let after = 0;
  for (;;) {
    const page = await ledger.invitations({ after, limit: pageRowsMax });
    for (const one of page) {
      processIo.print(request.json ? jsonLine(fieldsOf(one)) : textOf(one, clock.nowMs()));
    }
    if (page.length < pageRowsMax) return exitCodes.ok;
    after = page.at(-1)!.number;
  }
}

/** @throws {UsageError} when there is no such invitation */
export async function revokeInvitation(
  { invitation: number }: Command<"revoke_invitation">,
  { ledger, ...context }: LedgerContext & { readonly ledger: Ledger },
): Promise<ExitCode> {
  const { request, processIo, clock } = context;
  const atMs = clock.nowMs();
  const isRevoked = await untilDecided(() => ledger.revokeInvitation(number, { atMs }), {
    ...{ clock, onDoubt: tellDoubt(context), attempt: `revoke the invitation ${number}` },
    advice: "When the database is back, run the command again",
  });
  if (!isRevoked) {
    throw new UsageError(
      `revoke the invitation ${number}: there is none; micropay ledger invitations lists them`,
    );
  }
  const text = `invitation ${number} is revoked; accounts that registered with it stay`;
  processIo.print(request.json ? jsonLine({ invitation: number, revoked: true }) : text);
  return exitCodes.ok;
}

function joinUriOf(
  { name, host: joinHosts, port }: Command<"join_line" | "invite">,
  { request: { certs } }: LedgerContext,
): JoinUri {
  const words = `ledger ${name.replace("_", "-")}`;
  if (port === undefined) throw new UsageError(`${words}: give the server's port with --port`);
  const uri = joinUri({
    joinHosts,
    host: "::",
    port,
    certificateHosts: hostsOf(pemToDer(readIn(certs, "server.crt"), "CERTIFICATE")),
    hostname: Deno.hostname(),
    fingerprint: readAuthorityOfAnyDate(certs).fingerprint,
  });
  if (uri !== undefined) return uri;
  throw new UsageError(
    `${words}: no host is known that members could reach; give one with --host`,
  );
}

function printQrCode(uri: string, { processIo }: LedgerContext): void {
  const code = terminalQrCode(uri, processIo);
  if (code !== undefined) processIo.print(code);
}

function fieldsOf(invitation: Invitation) {
  const { number, name, balance, uses, usesMax, expiresAtMs, revokedAtMs } = invitation;
  const time = (ms: number) => new Date(ms).toISOString();
  return {
    ...{ invitation: number, account: name, balance, uses, uses_max: usesMax },
    expires: time(expiresAtMs),
    ...(revokedAtMs !== undefined && { revoked: time(revokedAtMs) }),
  };
}

function textOf(invitation: Invitation, atMs: number): string {
  const { number, name, balance, uses, usesMax, expiresAtMs, revokedAtMs } = invitation;
  const until = new Date(expiresAtMs).toISOString();
  const state = revokedAtMs !== undefined
    ? "revoked"
    : atMs >= expiresAtMs
    ? `expired ${until}`
    : `valid until ${until}`;
  return [
    `invitation ${number}`,
    `used ${uses} of ${usesMax}`,
    ...(name === undefined ? [] : [`for ${name}`]),
    ...(balance === undefined ? [] : [`balance ${balance}`]),
    state,
  ].join(", ");
}
