/** REGISTER: opens an account, or gives an account another certificate after a revocation. */
import type { AccountName } from "../../account_name.ts";
import { encodeBase64Url } from "../../base64.ts";
import { LedgerBusyError } from "../../errors.ts";
import type { CertificateRecord } from "../../ledger/entry.ts";
import {
  type InvitationRefusal,
  type InvitationUse,
  judgeInvitation,
} from "../../ledger/invitation.ts";
import type { Account, RegisterOutcome } from "../../ledger/ledger.ts";
import { changeTriesMax } from "../../limits.ts";
import { isAmount } from "../../money.ts";
import type { CertificateAuthority } from "../../pki/certificate_authority.ts";
import type { CertificateRequest } from "../../pki/certificate_request.ts";
import { sha256Hex } from "../../pki/signing_key.ts";
import { signAccountChange } from "../../protocol/account_change.ts";
import type { Code } from "../../protocol/code.ts";
import { answerWith, type Outcome, refuse } from "../../protocol/request_type.ts";
import { signIssue } from "../../protocol/issue.ts";
import {
  invitationTokenDigest,
  isSameCode,
  oneTimeCodeDigest,
  type RegisterAnswer,
  registerRequestType,
} from "../../protocol/register.ts";
import { type ApplicantRequestContext, applicantRoute } from "../route.ts";
import type { ServerContext } from "../server_context.ts";

export const registerRoute = applicantRoute({
  requestType: registerRequestType,
  notation: ({ name }) => `REGISTER#${name}`,
  async handle({ name, code, token }, context) {
    const { request, server, session } = context;
    const { authority } = server;
    // Before all else, so that it says nothing about names.
    if (!authority) return refuse(219);
    if (name !== request.name) return refuse(210);
    // The ledger decides when two ask at once.
    const account = await server.ledger.account(name);
    const again = account && await registerAgain(account, code, { ...context, authority });
    const isTaken = again?.outcome === "name_taken";
    const isSecret = server.join === "invite";
    if (again && !(isTaken && isSecret)) return outcomeOf(again);
    // A new account counts, and each guess of a token. Where only invited members are admitted,
    // each guess of a name counts, too. The answer does not tell a stranger which names exist.
    const { remote } = session.channel;
    if (!server.registrations.take(remote)) return refuse(211);
    if (isSecret && token === undefined) return refuse(code === undefined ? 213 : 210);
    const { balance, use: invitation, refusal } = await invitationOf(token, name, server);
    if (isTaken) return refuse(refusal === undefined ? 210 : codeOfInvitation[refusal]);
    const { opening, certificate } = await session.inTurn(() => ({
      opening: isAmount(balance)
        ? signIssue({ kind: "opening", name, amount: balance }, server)
        : undefined,
      certificate: issueCertificate(request, { ...server, authority }),
    }));
    const { accountsMax } = server.registrations;
    const registration = {
      name,
      certificate,
      ...(opening && { opening }),
      invitation,
      accountsMax,
    };
    const registered = await session.commit(() => server.ledger.register(registration));
    if (registered.outcome === "too_many_accounts") server.registrations.reportFullLedger(remote);
    return outcomeOf(registered);
  },
});

function outcomeOf(registered: RegisterOutcome): Outcome<RegisterAnswer> {
  switch (registered.outcome) {
    case "registered":
    case "reissued":
    // The first answer got lost. The same key gets the same certificate again.
    case "repeated":
      return answerWith({
        certificate: encodeBase64Url(registered.account.certificate.der),
        balance: registered.account.balance,
        existed: registered.outcome !== "registered",
      });
    case "not_invited":
      return refuse(codeOfInvitation[registered.reason]);
    case "too_many_accounts":
      return refuse(212);
    case "name_taken":
      return refuse(210);
    case "issue_exhausted":
      return refuse(210, "the ledger has no more money to open accounts with");
    case "outdated":
      throw new LedgerBusyError("reissue a certificate: other account changes came first");
  }
}

const codeOfInvitation: Readonly<Record<InvitationRefusal, Code>> = {
  unknown: 214,
  used: 215,
  expired: 216,
  revoked: 217,
  other_name: 218,
};

/**
 * Returns the opening balance of a new account, and the invitation for the ledger to check.
 * `refusal` says what the ledger would answer now.
 */
async function invitationOf(
  token: string | undefined,
  name: AccountName,
  { ledger, clock, initialBalance }: ServerContext,
): Promise<{ balance: number; use?: InvitationUse; refusal?: InvitationRefusal | undefined }> {
  if (token === undefined) return { balance: initialBalance };
  const tokenDigest = invitationTokenDigest(token);
  const invitation = await ledger.invitation(tokenDigest);
  const atMs = clock.nowMs();
  return {
    balance: invitation?.balance ?? initialBalance,
    use: { tokenDigest, atMs },
    refusal: judgeInvitation(invitation, { name, atMs }),
  };
}

/** An applicant's request to a server that registers members. */
type RegisterContext = ApplicantRequestContext & { readonly authority: CertificateAuthority };

/** Registers an existing name, with the key of its certificate or the code of its revocation. */
async function registerAgain(
  account: Account,
  code: string | undefined,
  context: RegisterContext,
): Promise<RegisterOutcome> {
  const { certificate, lastChange } = account;
  if (certificate) {
    const isSame = certificate.keyFingerprint === context.request.publicKey.fingerprint;
    if (!isSame) return { outcome: "name_taken" };
    return { outcome: "repeated", account: { ...account, certificate } };
  }
  if (lastChange?.kind !== "revocation" || code === undefined) return { outcome: "name_taken" };
  const codeDigest = oneTimeCodeDigest(code);
  // Checked before all account changes are verified, so that guessing a code stays cheap.
  if (!isSameCode(codeDigest, lastChange.codeDigest ?? "")) return { outcome: "name_taken" };
  return await reissue(codeDigest, context);
}

/**
 * Gives an account another certificate after a revocation, to an applicant with the one-time code.
 *
 * The code is compared with the signed revocation. Otherwise somebody who can write the ledger's
 * file could choose the code. The ledger accepts the reissue only right after the last verified
 * statement.
 *
 * @throws {LedgerError} when an account change is not genuine
 */
async function reissue(
  codeDigest: string,
  { request, server, session, authority }: RegisterContext,
): Promise<RegisterOutcome> {
  const { ledger, changes, clock } = server;
  const { name } = request;
  let certificate: CertificateRecord | undefined;
  let registered: RegisterOutcome = { outcome: "outdated" };
  for (let tries = 0; tries < changeTriesMax && registered.outcome === "outdated"; tries++) {
    const previous = await changes.verify();
    const revocation = changes.lastChange(name);
    if (revocation?.kind !== "revocation" || revocation.codeDigest !== codeDigest) {
      return { outcome: "name_taken" };
    }
    const signed = await session.inTurn(() => {
      certificate ??= issueCertificate(request, { ...server, authority });
      const { fingerprint } = certificate;
      const terms = { kind: "reissue", name, certificate: fingerprint, previous } as const;
      const change = signAccountChange({ ...terms, atMs: clock.nowMs() }, server);
      return { name, certificate, reissue: { codeDigest, change } };
    });
    registered = await session.commit(() => ledger.register(signed));
  }
  return registered;
}

function issueCertificate(
  { name, publicKey }: CertificateRequest,
  { authority, clock, random }:
    & Pick<RegisterContext, "authority">
    & Pick<ServerContext, "clock" | "random">,
): CertificateRecord {
  const atMs = clock.nowMs();
  const der = authority.issueMember({ name, publicKey, atMs, random });
  return {
    fingerprint: sha256Hex(der),
    keyFingerprint: publicKey.fingerprint,
    der,
    issuedAtMs: atMs,
  };
}
