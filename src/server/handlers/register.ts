/** REGISTER: a new account, its certificate and its starting balance. */
import { encodeBase64Url } from "../../base64.ts";
import type { CertificateRecord } from "../../ledger/ledger.ts";
import { isAmount } from "../../money.ts";
import type { CertificateRequest } from "../../pki/certificate_request.ts";
import { sha256Hex } from "../../pki/signing_key.ts";
import { codes } from "../../protocol/code.ts";
import { answered, refuse } from "../../protocol/exchange.ts";
import { signIssue } from "../../protocol/issue.ts";
import { oneTimeCodeDigest, registerExchange } from "../../protocol/register.ts";
import { applicantRoute } from "../route.ts";
import type { ServerContext } from "../server_context.ts";

export const registerRoute = applicantRoute({
  exchange: registerExchange,
  notation: ({ name }) => `REGISTER#${name}`,
  async handle({ name, code }, { request, server, session }) {
    if (name !== request.name) return refuse(210);
    // Looked at before a certificate is issued for nothing; decided by the ledger, when two ask for a name at once.
    const current = (await server.ledger.account(name))?.certificate;
    if (current && current.keyFingerprint !== request.keyFingerprint) return refuse(210);
    const { remote } = session.channel;
    if (!current && !server.registrations.take(remote)) return refuse(211);
    const { initialBalance } = server;
    const { opening, certificate } = await session.inTurn(async () => ({
      opening: isAmount(initialBalance)
        ? await signIssue({ kind: "opening", name, amount: initialBalance }, server)
        : undefined,
      certificate: current ?? await issueCertificate(request, server),
    }));
    const registered = await server.ledger.register({
      name,
      certificate,
      ...(opening && { opening }),
      ...(code !== undefined && { codeDigest: await oneTimeCodeDigest(code) }),
      accountsMax: server.registrations.accountsMax,
    });
    switch (registered.outcome) {
      case "registered":
      case "reissued":
      // The answer to the first request got lost; the same key asks again and gets the same certificate.
      case "repeated":
        return answered({
          certificate: encodeBase64Url(registered.account.certificate.der),
          balance: registered.account.balance,
          existed: registered.outcome !== "registered",
        });
      case "too_many_accounts":
        server.registrations.reachedMax(remote);
        return refuse(212);
      case "name_taken":
        return refuse(210);
      case "issue_exhausted":
        return refuse(
          210,
          `${codes[210].text}: the ledger has no more money to open accounts with`,
        );
    }
  },
});

async function issueCertificate(
  { name, publicKey, keyFingerprint }: CertificateRequest,
  { authority, clock, random }: ServerContext,
): Promise<CertificateRecord> {
  const atMs = clock.nowMs();
  const der = await authority.issueMember({ name, publicKey, atMs, random });
  return { fingerprint: await sha256Hex(der), keyFingerprint, der, issuedAtMs: atMs };
}
