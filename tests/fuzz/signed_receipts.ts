/**
 * Receipts in which the server's key signed arbitrary content. Clients read receipts, and so does
 * any third party that is shown one.
 *
 * Must hold: a reader returns exactly the signed members, each of its type, or refuses the receipt
 * with a documented error.
 */
import { assert, assertEquals } from "@std/assert";
import { CertificateError, EnvelopeError, ProtocolError } from "../../src/errors.ts";
import { verifyReceipt } from "../../src/protocol/receipt.ts";
import { forgeJws } from "../envelope/forger.ts";
import { x5c } from "../envelope/hostile_message.ts";
import { serverKeys } from "../envelope/hostile_parties.ts";
import { anchor, server } from "../envelope/vector_parties.ts";
import { type DocumentVector, readVectors } from "../vectors/vector_files.ts";
import { changedMembers, jsonOf, type MemberChange, membersOf } from "./odd_json.ts";

const documents = await readVectors<DocumentVector[]>("documents");
const honest = documents.find(({ what }) => what === "the receipt of bob's refund")!.payload;

/** @returns how it ended */
export function readSignedReceipt(changes: readonly MemberChange[]): string {
  const payload = jsonOf(changedMembers(membersOf(honest), changes));
  const jws = forgeJws({
    header: { alg: "EdDSA", typ: "micropay-receipt", x5c: x5c(server.chain[0]!) },
    payload,
    key: serverKeys,
  });
  try {
    const { payload: receipt } = verifyReceipt(jws, { anchor });
    assertEquals({ ...receipt }, JSON.parse(payload));
    const { amount, entry, ledger } = receipt;
    for (const number of [amount, entry]) assert(Number.isSafeInteger(number) && number > 0);
    assertEquals(ledger, anchor.fingerprint);
    const unknown = Object.keys(receipt).filter((name) => !Object.hasOwn(honest, name));
    assertEquals(unknown, []);
    return "accepted: a receipt";
  } catch (error) {
    const isDocumented = error instanceof EnvelopeError || error instanceof ProtocolError ||
      error instanceof CertificateError;
    if (!isDocumented) throw error;
    return `receipt: ${error.name}`;
  }
}
