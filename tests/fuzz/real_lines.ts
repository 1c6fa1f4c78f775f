/**
 * Lines of every kind from the real encoders, each with its reader. The keys are those of the
 * golden vectors, so that a seed reproduces a finding.
 */
import { assert } from "@std/assert";
import { signerUri } from "../../src/envelope/peer.ts";
import { readGreeting } from "../../src/envelope/greeting.ts";
import { openFirst, openNext } from "../../src/envelope/open.ts";
import { anchor, atMs, signers } from "../envelope/vector_parties.ts";
import { sessionKeys } from "../envelope/vector_session_keys.ts";
import { type DocumentVector, type MessageVector, readVectors } from "../vectors/vector_files.ts";

export interface RealLine {
  readonly what: string;
  readonly line: string;
  /** Reads any line as the one that has to come here; throws when it is another. */
  read(line: string): Promise<unknown>;
}

const trust = { anchor, atMs };
const documents = await readVectors<DocumentVector[]>("documents");
const messages = await readVectors<MessageVector[]>("messages");

export const clearLines: readonly RealLine[] = documents.flatMap<RealLine>(
  ({ what, typ, signer, jws }) => {
    if (typ !== "micropay-greeting") return [];
    const role = signer === "server" ? "server" : "member";
    return [{ what, line: jws, read: (line) => readGreeting(line, { ...trust, role }) }];
  },
);

export const sealedLines: readonly RealLine[] = messages.map((message) => ({
  what: message.what,
  line: message.line,
  read: (line) => open(message, line),
}));

async function open({ from, to, first, payload }: MessageVector, line: string): Promise<unknown> {
  const sessionKey = sessionKeys[to];
  const { conn, seq } = payload as { conn: string; seq: number };
  const address = { conn, seq, to: signerUri(signers[to]) };
  if (first) {
    const admission = { anchor, applicants: true, atMs };
    return await openFirst(line, { sessionKey, address, admission });
  }
  const signer = signers[from];
  assert(signer.kind === "certified");
  const sender = { kind: "certified", certificate: signer.identity.certificate } as const;
  return await openNext(line, { sessionKey, address, sender });
}
