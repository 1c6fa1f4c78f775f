/**
 * A member's own entries as books, from the first one on. They come from the server, so that they
 * are complete also when the wallet is new. Each one is proved by its order and its receipt.
 */
import {
  type BookEntry,
  BooksExport,
  type ExportSelection,
  type ExportWriter,
} from "../books/books_export.ts";
import { ProtocolError } from "../errors.ts";
import type { HistoryRow } from "../protocol/history.ts";
import { verifyOrder } from "../protocol/order.ts";
import { answerWith, type Outcome } from "../protocol/request_type.ts";
import type { MemberContext } from "./member_context.ts";
import { proveBooked } from "./payment/order_outcome.ts";

/** A row of a history. Its other members repeat what the documents prove. */
type Row = Pick<HistoryRow, "order" | "receipt" | "balance">;

type Reader = Pick<MemberContext, "anchor" | "name">;

/** Pages of a history from its first entry on, oldest first. */
type Pages = AsyncIterable<Outcome<{ readonly entries: readonly Row[] }>>;

/**
 * Streams an export of the own entries: its lines, a page at a time. The balances are added up from
 * the proved amounts. A server that leaves out an entry has to lie about every later balance.
 *
 * @returns a refusal as the last outcome, where the server does not answer
 * @throws {EnvelopeError} | {CertificateError} | {ProtocolError} when a row does not prove what it
 * says, or its balance is not the sum of the amounts
 */
export async function* exportOwnBooks(
  pages: Pages,
  selection: Pick<ExportSelection, "from" | "to">,
  { writer, member }: { readonly writer: ExportWriter; readonly member: Reader },
): AsyncGenerator<Outcome<readonly string[]>> {
  const books = new BooksExport({ ...selection, account: member.name }, writer);
  const own = new OwnEntries(member);
  for await (const page of pages) {
    if (page.outcome === "refused") return yield page;
    const lines = page.answer.entries.flatMap((row) => {
      const { order, receipt } = row;
      return [...books.take(own.next(row), () => ({ order, receipt }))];
    });
    yield answerWith(lines);
    if (books.isOver) break;
  }
  yield answerWith([...books.end()]);
}

/** Reads rows of a history, in their order, from the first one on. */
class OwnEntries {
  readonly #member: Reader;
  #number = 0;
  #balance = 0;

  constructor(member: Reader) {
    this.#member = member;
  }

  next(row: Row): BookEntry {
    const { anchor, name } = this.#member;
    const order = verifyOrder(row.order, { anchor });
    const { receipt: { payload } } = proveBooked(row.receipt, order, this.#member);
    const { entry: number, at, kind, id, payer, payee, amount, refunds } = payload;
    const isPayer = payer === name;
    if (!isPayer && payee !== name) {
      throw new ProtocolError(`read the history: entry ${number} is not one of ${name}`);
    }
    if (number <= this.#number) {
      throw new ProtocolError(`read the history: entry ${number} comes after ${this.#number}`);
    }
    this.#number = number;
    this.#balance += isPayer ? -amount : amount;
    if (this.#balance !== row.balance) {
      throw new ProtocolError(
        `read the history: the amounts up to entry ${number} add up to ${this.#balance}, and the ` +
          `server says ${row.balance}; tell the operator`,
      );
    }
    return {
      ...{ number, atMs: Date.parse(at), kind, id, payer, payee, amount, refunds },
      memo: order.payload.memo,
      [isPayer ? "payerBalance" : "payeeBalance"]: this.#balance,
    };
  }
}
