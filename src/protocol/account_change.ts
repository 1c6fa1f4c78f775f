/**
 * The signed statement of an account change. Writing into the ledger's file is not enough to revoke
 * a certificate, replace one, or close an account.
 *
 * Each statement names the one before it, so none can be left out, moved or repeated.
 */
import * as v from "valibot";
import { EnvelopeError, isDocumentError } from "../errors.ts";
import { type AccountChange, changeKinds, type RecordedChange } from "../ledger/account_change.ts";
import { orderBytesMax } from "../limits.ts";
import { verifyChain } from "../pki/certificate_profile.ts";
import type { Identity } from "../pki/identity.ts";
import { readDocument, signDocument, verifyDocument } from "../pki/signed_document.ts";
import type { TrustAnchor } from "../pki/trust_anchor.ts";
import { checkDates } from "../pki/x509/validity.ts";
import { check } from "./request_type.ts";
import { accountNameShape, digestShape, instantShape } from "./shapes.ts";

const statementShape = v.strictObject({
  /** The ledger: the SHA-256 fingerprint of its CA certificate. */
  ledger: digestShape,
  kind: v.picklist(changeKinds),
  account: accountNameShape,
  /** The fingerprint of the revoked or the new certificate. */
  certificate: v.optional(digestShape),
  /** The SHA-256 of a revocation's one-time code. */
  code: v.optional(digestShape),
  /** The SHA-256 of the ledger's previous statement, or the ledger's identifier for the first. */
  previous: digestShape,
  at: instantShape,
});

type Statement = v.InferOutput<typeof statementShape>;

/** A change without its statement. */
export type ChangeTerms = Omit<AccountChange, "statementJws">;

/**
 * Signs the statement of a change.
 *
 * @returns the change, ready to be recorded
 * @throws {CertificateError} when the server's certificate is not valid at `atMs`. Nobody would
 * accept the statement, and no server would start on the ledger again.
 */
export function signAccountChange(
  terms: ChangeTerms,
  { identity, anchor }: { identity: Identity; anchor: TrustAnchor },
): AccountChange {
  const { kind, name, certificate, codeDigest, previous, atMs } = terms;
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
  return { ...terms, statementJws };
}

/**
 * Checks a recorded change against its statement, and its place after the previous statement.
 *
 * @param options.previous the digest that the statement must name
 * @returns a sentence about the fault, or `undefined` without one
 */
export function changeFault(
  change: Omit<RecordedChange, "leaf">,
  { anchor, previous }: { anchor: TrustAnchor; previous: string },
): string | undefined {
  try {
    const statement = verifyStatement(change, anchor);
    return difference(change, statement, { ledger: anchor.fingerprint, previous });
  } catch (error) {
    if (!isDocumentError(error)) throw error;
    return `its statement is not a genuine one: ${error.message}`;
  }
}

function verifyStatement(
  { statementJws }: Pick<RecordedChange, "statementJws">,
  anchor: TrustAnchor,
): Statement {
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
  change: Omit<RecordedChange, "leaf">,
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
