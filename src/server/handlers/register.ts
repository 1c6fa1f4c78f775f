/** REGISTER: a new account with its certificate and its starting balance, or another certificate for one that was revoked. */
import { encodeBase64Url } from "../../base64.ts";
import { LedgerBusyError } from "../../errors.ts";
import type { CertificateRecord, RegisterOutcome } from "../../ledger/ledger.ts";
import { changeTriesMax } from "../../limits.ts";
import { isAmount } from "../../money.ts";
import type { CertificateRequest } from "../../pki/certificate_request.ts";
import { sha256Hex } from "../../pki/signing_key.ts";
import { signAccountChange } from "../../protocol/account_change.ts";
import { answerWith, type Outcome, refuse } from "../../protocol/request_type.ts";
import { signIssue } from "../../protocol/issue.ts";
import {
  isSameCode,
  oneTimeCodeDigest,
  type RegisterAnswer,
  registerRequestType,
} from "../../protocol/register.ts";
import { applicantRoute } from "../route.ts";
import type { ServerContext } from "../server_context.ts";
import type { Session } from "../session/session.ts";

export const registerRoute = applicantRoute({
  requestType: registerRequestType,
  notation: ({ name }) => `REGISTER#${name}`,
  async handle({ name, code }, { request, server, session }) {
    if (name !== request.name) return refuse(210);
    // Looked at before a certificate is issued for nothing; decided by the ledger, when two ask for a name at once.
    const account = await server.ledger.account(name);
    const current = account?.certificate;
    if (current && current.keyFingerprint !== request.publicKey.fingerprint) return refuse(210);
    const { remote } = session.channel;
    if (account && !current) {
      const { lastChange } = account;
      if (lastChange?.kind !== "revocation" || code === undefined) return refuse(210);
      const codeDigest = oneTimeCodeDigest(code);
      // Before every change of the ledger is verified: whoever guesses must not have the server do that again and again.
      if (!isSameCode(codeDigest, lastChange.codeDigest ?? "")) return refuse(210);
      return outcomeOf(await reissue(request, { codeDigest, server, session }));
    }
    // Only a new account counts: a name that is there, whoever asks for it, takes nothing from others at its address.
    if (!account && !server.registrations.take(remote)) return refuse(211);
    const { initialBalance } = server;
    const { opening, certificate } = await session.inTurn(() => ({
      opening: isAmount(initialBalance)
        ? signIssue({ kind: "opening", name, amount: initialBalance }, server)
        : undefined,
      certificate: current ?? issueCertificate(request, server),
    }));
    const { accountsMax } = server.registrations;
    const registration = { name, certificate, ...(opening && { opening }), accountsMax };
    const registered = await session.commit(() => server.ledger.register(registration));
    if (registered.outcome === "too_many_accounts") server.registrations.reportFullLedger(remote);
    return outcomeOf(registered);
  },
});

function outcomeOf(registered: RegisterOutcome): Outcome<RegisterAnswer> {
  switch (registered.outcome) {
    case "registered":
    case "reissued":
    // The answer to the first request got lost; the same key asks again and gets the same certificate.
    case "repeated":
      return answerWith({
        certificate: encodeBase64Url(registered.account.certificate.der),
        balance: registered.account.balance,
        existed: registered.outcome !== "registered",
      });
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

/**
 * Another certificate for an account whose certificate was revoked, for somebody who brings the code that lies in the ledger.
 *
 * The code is compared with what the server's identity signed, not with what lies in the ledger: somebody who can write its
 * file would otherwise choose the code. The ledger takes the reissue only right after the last statement that was verified.
 *
 * @throws {LedgerError} when an account change is not genuine
 */
async function reissue(
  request: CertificateRequest,
  { codeDigest, server, session }: {
    codeDigest: string;
    server: ServerContext;
    session: Session;
  },
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
      certificate ??= issueCertificate(request, server);
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
  { authority, clock, random }: ServerContext,
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
