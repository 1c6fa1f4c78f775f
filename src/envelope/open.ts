/**
 * Opens sealed lines. The checks go from cheap to expensive: form, header, decryption, inner form,
 * signature, place. Each failure is an `EnvelopeError`. The sender learns only that the connection
 * closed.
 */
import { CertificateError, EnvelopeError } from "../errors.ts";
import { verifyChain } from "../pki/certificate_profile.ts";
import { readCertificateRequest } from "../pki/certificate_request.ts";
import { readDocument, type UnverifiedDocument, verifyDocument } from "../pki/signed_document.ts";
import type { TrustAnchor } from "../pki/trust_anchor.ts";
import { type Peer, peerPublicKey } from "./peer.ts";
import { type Address, decodeMessage, type Introduction, type Message } from "./message.ts";
import { decryptJwe, readJwe } from "./jwe.ts";
import { immediateScheduler, type Scheduler } from "./scheduler.ts";
import { importRecipientKey, type RecipientKey, type SessionKey } from "./session_key.ts";

/** Whom an accepting side admits. */
export interface Admission {
  readonly anchor: TrustAnchor;
  /** Whether it admits applicants, who have a certificate request and no certificate. */
  readonly applicants: boolean;
  /** The current time in milliseconds since the epoch. */
  readonly atMs: number;
}

/** A verified first message and its sender. */
export interface FirstMessage {
  readonly message: Message;
  readonly sender: Peer;
  /** The sender's session key, for the replies. */
  readonly recipient: RecipientKey;
}

/**
 * Opens the connecting side's first message and verifies its sender.
 *
 * @param line the line without its newline
 * @param options.scheduler runs the decryption and the checks after it
 * @throws {EnvelopeError} when any check fails
 */
export async function openFirst(
  line: string,
  { sessionKey, address, admission, scheduler = immediateScheduler }: {
    sessionKey: SessionKey;
    address: Address;
    admission: Admission;
    scheduler?: Scheduler | undefined;
  },
): Promise<FirstMessage> {
  const jwe = readJwe(line, sessionKey);
  return await scheduler.run(async () => {
    const document = readDocument(await decryptJwe(jwe, sessionKey), {
      typ: "micropay-message",
      chain: "either",
    });
    const { message, introduction } = decodeMessage(document.payload, { first: true });
    const sender = identifySender(document, introduction!, admission);
    verifyDocument(document, peerPublicKey(sender));
    checkAddress(message, address);
    return { message, sender, recipient: await importRecipientKey(introduction!.enc) };
  });
}

/**
 * Opens a later message of a known sender.
 *
 * @param line the line without its newline
 * @param options.scheduler runs the decryption and the checks after it
 * @throws {EnvelopeError} when any check fails
 */
export async function openNext(
  line: string,
  { sessionKey, address, sender, scheduler = immediateScheduler }: {
    sessionKey: SessionKey;
    address: Address;
    sender: Peer;
    scheduler?: Scheduler | undefined;
  },
): Promise<Message> {
  const jwe = readJwe(line, sessionKey);
  return await scheduler.run(async () => {
    const document = readDocument(await decryptJwe(jwe, sessionKey), {
      typ: "micropay-message",
      chain: "absent",
    });
    verifyDocument(document, peerPublicKey(sender));
    const { message } = decodeMessage(document.payload, { first: false });
    checkAddress(message, address);
    return message;
  });
}

function identifySender(
  { chain }: UnverifiedDocument,
  { csr }: Introduction,
  { anchor, applicants, atMs }: Admission,
): Peer {
  if ((chain === undefined) === (csr === undefined)) {
    throw new EnvelopeError("open a first message: it needs certificates or a request, not both");
  }
  try {
    if (chain) {
      const certificate = verifyChain(chain, { anchor, role: "member", atMs });
      return { kind: "certified", certificate };
    }
    if (!applicants) throw new EnvelopeError("open a first message: only members are served here");
    return { kind: "applicant", request: readCertificateRequest(csr!) };
  } catch (cause) {
    if (!(cause instanceof CertificateError)) throw cause;
    throw new EnvelopeError(`open a first message: ${cause.message}`, { cause });
  }
}

function checkAddress(message: Message, { conn, seq, to }: Address): void {
  // One text covers all three, for the operator's log. The sender signed the values that it shows.
  if (message.conn !== conn || message.seq !== seq || message.to !== to) {
    throw new EnvelopeError(
      `open a line: it is message ${message.seq} to ${message.to}, not message ${seq} to ${to}` +
        (message.conn === conn ? "" : ", and of another connection"),
    );
  }
}
