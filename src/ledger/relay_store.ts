/**
 * What the servers of one ledger pass on to each other: the bytes of relayed connections between
 * members at two servers. A message is gone when it is delivered.
 */
import type { AccountName } from "../account_name.ts";

/** A message of a relayed connection on its way to the server of one of its ends. */
export interface PassedMessage {
  /** The server that it is for. */
  readonly to: string;
  /** The server that it comes from. */
  readonly from: string;
  /** The name of the connection, which only its two ends and their servers know. */
  readonly connection: string;
  /** Counts the messages of one direction from 1. The same number is the same message. */
  readonly number: number;
  /** The two members, in the first message of a connection. */
  readonly opening?: { readonly payer: AccountName; readonly payee: AccountName };
  /** The bytes, as in `relay_data`. */
  readonly data?: string;
  /** Whether the connection ends after it. */
  readonly isEnd: boolean;
}

/** Holds at most one message of each connection and direction. */
export interface RelayStore {
  /**
   * Leaves a message for a server, for `relayedKeptMsMax` at most. An end joins the message
   * of its connection that is there.
   *
   * @returns whether it is there: not while an earlier message of the connection and direction is,
   * or while `relayedBacklogMax` messages wait for that server. An end is always taken
   */
  send(message: PassedMessage): Promise<boolean>;
  /**
   * Returns some messages for a server, the oldest first. They stay there.
   *
   * @param except connections whose messages are left out
   */
  receive(server: string, except: readonly string[]): Promise<PassedMessage[]>;
  /** Removes a message that was received, unless its connection's end has joined it meanwhile. */
  remove(message: PassedMessage): Promise<void>;
}
