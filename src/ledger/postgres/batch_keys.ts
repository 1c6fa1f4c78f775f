/** The keys of the rows that the operations of a batch may read. */
import type { AccountName } from "../../account_name.ts";
import type { EntrySide } from "../entry.ts";

/** What an operation may read, by the keys of the rows. */
export interface BatchKeys {
  /** Ids of entries. */
  readonly entries?: readonly string[];
  /** Ids of payments whose refunds are added up. */
  readonly refunded?: readonly string[];
  /** Digests of void orders. */
  readonly digests?: readonly string[];
  /** Names whose balance and current certificate are read, and their void floor. */
  readonly sides?: readonly EntrySide[];
  /** Names that are read with all certificates and the last change. */
  readonly accounts?: readonly AccountName[];
  /** Payers of orders to void. */
  readonly voiders?: readonly AccountName[];
  /** Fingerprints of certificates of the server. */
  readonly certificates?: readonly string[];
  /** Digests of tokens. */
  readonly invitations?: readonly string[];
  readonly invitationNumbers?: readonly number[];
  /** Ids of servers that say that they are alive. */
  readonly servers?: readonly string[];
}

/** The keys of all operations of a batch, each once. */
export interface MergedKeys {
  readonly entries: string[];
  readonly refunded: string[];
  readonly digests: string[];
  readonly sides: string[];
  readonly accounts: string[];
  readonly voiders: string[];
  readonly certificates: string[];
  readonly invitations: string[];
  readonly invitationNumbers: number[];
  readonly servers: string[];
  readonly needsCounts: boolean;
}

/** Returns the keys of several operations together. */
export function mergeKeys(keys: readonly BatchKeys[]): MergedKeys {
  const all = <Key extends string | number>(
    list: (one: BatchKeys) => readonly Key[] | undefined,
  ) => [
    ...new Set(keys.flatMap((one) => list(one) ?? [])),
  ];
  const [accounts, voiders] = [all((one) => one.accounts), all((one) => one.voiders)];
  const certificates = all((one) => one.certificates);
  const invitations = all((one) => one.invitations);
  return {
    entries: all((one) => one.entries),
    refunded: all((one) => one.refunded),
    digests: all((one) => one.digests),
    sides: [...new Set([...all((one) => one.sides), ...accounts, ...voiders])],
    accounts,
    voiders,
    certificates,
    invitations,
    invitationNumbers: all((one) => one.invitationNumbers),
    servers: all((one) => one.servers),
    needsCounts: accounts.length + certificates.length + invitations.length > 0,
  };
}
