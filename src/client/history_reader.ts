/** Reads the member's history from the server, page by page. */
import {
  type HistoryRequest,
  historyRequestType,
  type HistoryRow,
  unpackHistory,
} from "../protocol/history.ts";
import { answerWith, type Outcome } from "../protocol/request_type.ts";
import type { MemberContext } from "./member_context.ts";
import { SignerCertificates } from "./signer_certificates.ts";

type Reader = Pick<MemberContext, "anchor" | "identity" | "link" | "name">;

export class HistoryReader {
  readonly #member: Reader;
  #certificates: SignerCertificates | undefined;

  constructor(member: Reader) {
    this.#member = member;
  }

  /**
   * Asks for a page. Its rows are in the order that was asked for, and have complete orders and
   * receipts, whose signatures are not verified.
   *
   * @throws {ProtocolError} when a row cannot be one of the member's history
   */
  async read(
    request: HistoryRequest,
  ): Promise<Outcome<{ entries: readonly HistoryRow[]; more: boolean }>> {
    const { anchor, identity, link, name } = this.#member;
    const page = await link.ask(historyRequestType, request);
    if (page.outcome === "refused") return page;
    this.#certificates ??= new SignerCertificates(link, identity);
    const signers = await this.#certificates.find(page.answer.certificates);
    if (signers.outcome === "refused") return signers;
    const entries = unpackHistory(page.answer, {
      name,
      ledgerId: anchor.fingerprint,
      receiptChain: link.serverChain,
      chains: signers.answer,
      asked: request,
    });
    return answerWith({ entries, more: page.answer.more });
  }
}
