/**
 * The statement of an account change: signed by the server's identity, so that nobody can revoke a certificate, give an
 * account another one or close it by writing into the ledger's file.
 *
 * Each statement names the one before it. So none can be left out, moved, or used a second time.
 */
import * as v from "valibot";
import { CertificateError, EnvelopeError, ProtocolError } from "../errors.ts";
import {
  type AccountChange,
  type ChangeKind,
  changeKinds,
  type RecordedChange,
} from "../ledger/account_change.ts";
import type { AccountName } from "../account_name.ts";
import { orderBytesMax } from "../limits.ts";
import { verifyChain } from "../pki/certificate_profile.ts";
import type { Identity } from "../pki/identity.ts";
import { readDocument, signDocument, verifyDocument } from "../pki/signed_document.ts";
import type { TrustAnchor } from "../pki/trust_anchor.ts";
import { checkDates } from "../pki/x509/validity.ts";
import { check } from "./exchange.ts";
import { accountNameShape, digestShape, instantShape } from "./shapes.ts";

const statementShape = v.strictObject({
  /** The ledger: the SHA-256 fingerprint of its CA's certificate. */
  ledger: digestShape,
  kind: v.picklist(changeKinds),
  account: accountNameShape,
  /** Fingerprint of the certificate that is revoked or new. */
  certificate: v.optional(digestShape),
  /** Of a revocation: SHA-256 of the one-time code. */
  code: v.optional(digestShape),
  /** SHA-256 over the compact JWS of the ledger's statement before this one; the ledger's identifier before the first. */
  previous: digestShape,
  at: instantShape,
});

type Statement = v.InferOutput<typeof statementShape>;

/** What the server's identity states. */
export interface ChangeTerms {
  readonly kind: ChangeKind;
  readonly name: AccountName;
  readonly certificate?: string | undefined;
  readonly codeDigest?: string | undefined;
  /** What the ledger gives as `lastStatement`. */
  readonly previous: string;
  readonly atMs: number;
}

/**
 * Signs the statement of a change.
 *
 * @throws {CertificateError} when the server's certificate is not valid then: nobody would believe the statement, and no server
 * would start again on a ledger that has it
 */
export function signAccountChange(
  { kind, name, certificate, codeDigest, previous, atMs }: ChangeTerms,
  { identity, anchor }: { identity: Identity; anchor: TrustAnchor },
): AccountChange {
  checkDates(identity.certificate, { what: "the server's certificate", atMs });
  const statement: Statement = {
    ledger: anchor.fingerprint,
    kind,
    account: name,
    ...(certificate !== undefined && { certificate }),
    ...(codeDigest !== undefined && { code: codeDigest }),
    previous,
    at: new Date(atMs).toISOString(),
  };
  const statementJws = signDocument("micropay-account-change", statement, {
    signingKey: identity.signingKey,
    chain: identity.leaf,
  });
  return {
    kind,
    name,
    ...(certificate !== undefined && { certificate }),
    ...(codeDigest !== undefined && { codeDigest }),
    previous,
    statementJws,
    atMs,
  };
}

/**
 * Whether a recorded change is what the server's identity stated, after the statement that comes before it.
 *
 * @param options `previous` is what the statement has to name
 * @returns a sentence about what is wrong, or `undefined`
 */
export function changeFault(
  change: RecordedChange,
  { anchor, previous }: { anchor: TrustAnchor; previous: string },
): string | undefined {
  try {
    const statement = verifyStatement(change, anchor);
    return difference(change, statement, { ledger: anchor.fingerprint, previous });
  } catch (error) {
    const isForged = error instanceof EnvelopeError || error instanceof CertificateError ||
      error instanceof ProtocolError;
    if (!isForged) throw error;
    return `its statement is not a genuine one: ${error.message}`;
  }
}

function verifyStatement({ statementJws }: RecordedChange, anchor: TrustAnchor): Statement {
  if (statementJws.length > orderBytesMax) throw new EnvelopeError("read a statement: too long");
  const document = readDocument(statementJws, {
    typ: "micropay-account-change",
    chain: "required",
  });
  const statement = check(statementShape, document.payload, "read a statement");
  const atMs = Date.parse(statement.at);
  const { publicKey } = verifyChain(document.chain!, { anchor, role: "server", atMs });
  verifyDocument(document, publicKey);
  return statement;
}

function difference(
  change: RecordedChange,
  statement: Statement,
  { ledger, previous }: { readonly ledger: string; readonly previous: string },
): string | undefined {
  const pairs: readonly [string, unknown, unknown][] = [
    ["ledger", ledger, statement.ledger],
    ["kind", change.kind, statement.kind],
    ["username", change.name, statement.account],
    ["certificate", change.certificate, statement.certificate],
    ["code_digest", change.codeDigest, statement.code],
    ["at", new Date(change.atMs).toISOString(), statement.at],
  ];
  const other = pairs.find(([, recorded, stated]) => recorded !== stated);
  if (other) return `its ${other[0]} is ${other[1]}, its statement says ${other[2]}`;
  return statement.previous === previous
    ? undefined
    : "its statement does not follow the account change before it";
}
