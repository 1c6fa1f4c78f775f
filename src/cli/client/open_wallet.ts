/**
 * Opens the wallet of a client's command line: its folder, its servers and its trust.
 */
import { resolve } from "node:path";
import type { SqliteWalletStore } from "../../client/sqlite/sqlite_wallet_store.ts";
import type { DataFolder } from "../../client/wallet/data_folder.ts";
import type { CaFile, LedgerSource } from "../../client/wallet/trust.ts";
import type { AskPassphrase } from "../../client/wallet/key_opener.ts";
import { Wallet, type WalletOptions } from "../../client/wallet.ts";
import { systemClock } from "../../clock.ts";
import type { SessionKey } from "../../envelope/session_key.ts";
import { answerTimeoutMsDefault } from "../../limits.ts";
import { systemRandom } from "../../random.ts";
import type { Network } from "../../transport/byte_stream.ts";
import { resolveHost } from "../../transport/host_addresses.ts";
import type { LineObserver } from "../../transport/channel.ts";
import { nearbyCaPath, readGivenFile, readNearbyCa } from "../given_file.ts";
import { askYesNo } from "../line_input.ts";
import { type PassphraseIo, Passphrases } from "../passphrase.ts";
import type { AddressedRequest } from "./choose_ledger.ts";
import { waitingText } from "./output.ts";

interface WalletIo extends PassphraseIo {
  readonly folder: DataFolder;
  readonly store: SqliteWalletStore;
  readonly network: Network;
  readonly makeSessionKey: () => Promise<SessionKey>;
}

/** How a wallet asks and tells the person who uses it. */
export interface WalletDialogue extends Pick<WalletOptions, "onWaiting" | "observe"> {
  readonly onKnown: (text: string) => void;
  /** Absent when nobody can be asked. The lines end with the question. */
  readonly confirm?: ((lines: readonly string[]) => Promise<boolean>) | undefined;
  readonly askPassphrase: AskPassphrase;
}

/**
 * @param given what differs from a dialogue in lines
 * @throws {FileError} when the given CA cannot be read
 */
export async function openWallet(
  request: AddressedRequest,
  io: WalletIo,
  given: Partial<WalletDialogue> = {},
): Promise<Wallet> {
  const { folder, store, network, makeSessionKey } = io;
  const { askPassphrase, confirm, onKnown, ...told } = {
    ...dialogueInLines(request, io),
    ...given,
  };
  return new Wallet(
    {
      servers: request.servers,
      folder,
      account: request.joined?.account,
      trust: {
        ca: await readCa(request),
        fingerprint: request.fingerprint,
        expected: expectedLedger(request),
        readNearbyCa: () => {
          const pem = readNearbyCa();
          return pem === undefined ? undefined : { pem, path: resolve(nearbyCaPath) };
        },
        onKnown: (found, address) =>
          onKnown(`${address} is pinned now, to the ledger ${found}, which is known here`),
        ...(confirm && { confirm: (found) => confirm(confirmationLines(found)) }),
      },
      askPassphrase: request.passphraseFile === undefined
        ? askPassphrase
        : new Passphrases(request.passphraseFile, io).ofKey,
      timeoutMs: request.timeoutSeconds === undefined
        ? answerTimeoutMsDefault
        : request.timeoutSeconds * 1000,
      boundsWaiting: request.timeoutSeconds !== undefined,
      forbidsRelay: !request.relay,
      ...told,
    },
    {
      network,
      resolveHost,
      clock: systemClock,
      random: systemRandom,
      makeSessionKey,
      store,
    },
  );
}

function expectedLedger({ joining, joined }: AddressedRequest): LedgerSource | undefined {
  if (joining !== undefined) {
    return { fingerprint: joining.fingerprint, name: "the join line" };
  }
  return joined && { fingerprint: joined.ledger, name: `the joined ledger ${joined.name}` };
}

async function readCa({ ca }: AddressedRequest): Promise<CaFile | undefined> {
  if (ca === undefined) return undefined;
  return { pem: await readGivenFile(ca, `read the CA ${ca}`), path: resolve(ca) };
}

function confirmationLines(fingerprint: string): string[] {
  return [
    "This ledger is not known here yet. The SHA-256 fingerprint of its CA is",
    fingerprint,
    "Is it the one the operator told you?",
  ];
}

function dialogueInLines({ verbose }: AddressedRequest, io: WalletIo): WalletDialogue {
  const { input, isTerminal, say } = io;
  return {
    onKnown: say,
    onWaiting: (place) => say(waitingText(place)),
    askPassphrase: new Passphrases(undefined, io).ofKey,
    ...(verbose && { observe: (...message) => say(messageText(...message)) }),
    ...(isTerminal() && {
      confirm: (lines) => {
        lines.slice(0, -1).forEach(say);
        return askYesNo(lines.at(-1)!, { input, say });
      },
    }),
  };
}

/** Returns an encrypted message as `-v` shows it. */
export function messageText(...[direction, line]: Parameters<LineObserver>): string {
  return `${direction === "in" ? "←" : "→"} ${line}`;
}
