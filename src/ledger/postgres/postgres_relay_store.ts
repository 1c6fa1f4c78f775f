/** The table `relayed_message`: what servers pass on to each other of relayed connections. */
import type { AccountName } from "../../account_name.ts";
import { integerIn, textIn } from "../rows.ts";
import type { PassedMessage, RelayStore } from "../relay_store.ts";
import { namedAnswers } from "./answers.ts";
import type { Reading } from "./reader_pool.ts";
import { arrayText, type Parameter, type Row, type Session } from "./session.ts";
import { sql } from "./statements.ts";

export class PostgresRelayStore implements RelayStore {
  readonly #run: <T>(reading: Reading<T>) => Promise<T>;

  /** @param run runs a statement that takes no part in a batch. It may run twice */
  constructor(run: <T>(reading: Reading<T>) => Promise<T>) {
    this.#run = run;
  }

  send({ to, from, connection, number, opening, data, isEnd }: PassedMessage): Promise<boolean> {
    return this.#run(async (session) => {
      if (isEnd) {
        await change(session, sql.endRelayed, [to, connection, number, from]);
        return true;
      }
      const { payer = null, payee = null } = opening ?? {};
      const values = [to, connection, number, from, payer, payee, data ?? null];
      return (await change(session, sql.sendRelayed, values)).length === 1;
    });
  }

  receive(server: string, except: readonly string[]): Promise<PassedMessage[]> {
    return this.#run(async (session) => {
      const rows = await session.query(sql.receiveRelayed, [server, arrayText(except)]);
      return rows.map(messageIn);
    });
  }

  remove({ to, connection, number, isEnd }: PassedMessage): Promise<void> {
    return this.#run(async (session) => {
      await change(session, sql.removeRelayed, [to, connection, number, isEnd ? 1 : 0]);
    });
  }
}

/**
 * Changes a row without waiting for the disk or a standby. Otherwise each message would keep a
 * connection to the database while the standby is away. After a crash a message can be missing:
 * that ends its relayed connection. Or it can be there again: its number shows that.
 */
async function change(
  session: Session,
  text: string,
  parameters: readonly Parameter[],
): Promise<Row[]> {
  const { rows } = await namedAnswers<"begin" | "quick" | "rows" | "commit", Row[]>({
    begin: session.query("BEGIN"),
    quick: session.query(sql.commitAtOnce),
    rows: session.query(text, parameters),
    commit: session.commit().then(() => []),
  });
  return rows;
}

function messageIn(row: Row): PassedMessage {
  const { payer, payee, data } = row;
  return {
    to: textIn(row, "server"),
    from: textIn(row, "sender"),
    connection: textIn(row, "connection"),
    number: integerIn(row, "number"),
    ...(payer !== null && payee !== null && {
      opening: {
        payer: textIn(row, "payer") as AccountName,
        payee: textIn(row, "payee") as AccountName,
      },
    }),
    ...(data !== null && { data: textIn(row, "data") }),
    isEnd: integerIn(row, "is_end") === 1,
  };
}
