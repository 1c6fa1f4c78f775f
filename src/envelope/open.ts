/**
 * Opening a sealed line. Checks go from cheap to expensive: form, header, decryption, inner form, signature, place. Every failure
 * is an `EnvelopeError`; whoever sent the line learns nothing from it but a closed connection.
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

/** What an accepting side admits as first message. */
export interface Admission {
  readonly anchor: TrustAnchor;
  /** Whether somebody without a certificate may introduce itself by a certificate request. */
  readonly applicants: boolean;
  readonly atMs: number;
}

export interface FirstMessage {
  readonly message: Message;
  readonly sender: Peer;
  /** Where answers are sealed to. */
  readonly recipient: RecipientKey;
}

/**
 * Opens the connecting side's first message and learns who it is.
 *
 * @throws {EnvelopeError} when anything about it is not as it must be
 */
export async function openFirst(
  line: string,
  { sessionKey, address, admission, scheduler = immediateScheduler }: {
    sessionKey: SessionKey;
    address: Address;
    admission: Admission;
    /** Runs the decryption and the checks after it. */
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
 * Opens any later message of a sender that is known.
 *
 * @throws {EnvelopeError} when anything about it is not as it must be
 */
export async function openNext(
  line: string,
  { sessionKey, address, sender, scheduler = immediateScheduler }: {
    sessionKey: SessionKey;
    address: Address;
    sender: Peer;
    /** Runs the decryption and the checks after it. */
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
  // One text for the three, the values only for the operator: all of them come from a sender whose signature was good.
  if (message.conn !== conn || message.seq !== seq || message.to !== to) {
    throw new EnvelopeError(
      `open a line: it is message ${message.seq} to ${message.to}, not message ${seq} to ${to}` +
        (message.conn === conn ? "" : ", and of another connection"),
    );
  }
}
