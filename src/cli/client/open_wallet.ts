/**
 * Opens the wallet of a client's command line: its folder, its server and its trust.
 */
import { resolve } from "node:path";
import type { SqliteWalletStore } from "../../client/sqlite/sqlite_wallet_store.ts";
import type { DataFolder } from "../../client/wallet/data_folder.ts";
import type { CaFile, LedgerSource } from "../../client/wallet/trust.ts";
import { Wallet } from "../../client/wallet.ts";
import { systemClock } from "../../clock.ts";
import type { SessionKey } from "../../envelope/session_key.ts";
import { answerTimeoutMsDefault } from "../../limits.ts";
import { systemRandom } from "../../random.ts";
import { endpointText, type Network } from "../../transport/byte_stream.ts";
import { nearbyCaPath, readGivenFile, readNearbyCa } from "../given_file.ts";
import { askYesNo, type LineInput } from "../line_input.ts";
import { type PassphraseIo, Passphrases } from "../passphrase.ts";
import type { AddressedRequest } from "./choose_ledger.ts";

interface WalletIo extends PassphraseIo {
  readonly folder: DataFolder;
  readonly store: SqliteWalletStore;
  readonly network: Network;
  readonly makeSessionKey: () => Promise<SessionKey>;
}

/** @throws {FileError} when the given CA cannot be read */
export async function openWallet(
  request: AddressedRequest,
  io: WalletIo,
): Promise<Wallet> {
  const { folder, store, input, isTerminal, network, say, makeSessionKey } = io;
  const server = { host: request.serverHost, port: request.serverPort };
  const address = endpointText(server);
  return new Wallet(
    {
      server,
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
        onKnown: (found) =>
          say(`${address} is pinned now, to the ledger ${found}, which is known here`),
        ...(isTerminal() && { confirm: (found) => confirmFingerprint(found, { input, say }) }),
      },
      askPassphrase: new Passphrases(request.passphraseFile, io).ofKey,
      timeoutMs: request.timeoutSeconds === undefined
        ? answerTimeoutMsDefault
        : request.timeoutSeconds * 1000,
      boundsWaiting: request.timeoutSeconds !== undefined,
      forbidsRelay: !request.relay,
      onWaiting: (place) => say(`waiting, place ${place}: the server is full`),
      ...(request.verbose &&
        { observe: (direction, line) => say(`${direction === "in" ? "←" : "→"} ${line}`) }),
    },
    {
      network,
      clock: systemClock,
      random: systemRandom,
      makeSessionKey,
      store,
    },
  );
}

function expectedLedger({ command, joined }: AddressedRequest): LedgerSource | undefined {
  if (command.name === "join") {
    return { fingerprint: command.uri.fingerprint, name: "the join line" };
  }
  return joined && { fingerprint: joined.ledger, name: `the joined ledger ${joined.name}` };
}

async function readCa({ ca }: AddressedRequest): Promise<CaFile | undefined> {
  if (ca === undefined) return undefined;
  return { pem: await readGivenFile(ca, `read the CA ${ca}`), path: resolve(ca) };
}

function confirmFingerprint(
  fingerprint: string,
  { input, say }: { readonly input: LineInput; readonly say: (line: string) => void },
): Promise<boolean> {
  say("This ledger is not known here yet. The SHA-256 fingerprint of its CA is");
  say(fingerprint);
  return askYesNo("Is it the one the operator told you?", { input, say });
}
