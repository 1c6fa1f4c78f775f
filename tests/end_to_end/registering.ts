/**
 * Accounts for a scene whose subject is not registering: the client's own code, in this process, with one session key for all of
 * them. A process of its own for each would take most of a scene's time.
 */
import { parseAccountName } from "../../src/account_name.ts";
import { DataFolder } from "../../src/client/data_folder.ts";
import { Wallet } from "../../src/client/wallet.ts";
import { systemClock } from "../../src/clock.ts";
import { generateSessionKey, type SessionKey } from "../../src/envelope/session_key.ts";
import { systemRandom } from "../../src/random.ts";
import { tcpNetwork } from "../../src/transport/tcp_network.ts";

let sessionKey: Promise<SessionKey> | undefined;

export interface RegisteringOptions {
  /** The server's. */
  readonly port: number;
  /** File of the CA. */
  readonly ca: string;
  /** The person's data folder. */
  readonly home: string;
}

/** @throws when the server refuses it */
export async function registerInProcess(
  name: string,
  { port, ca, home }: RegisteringOptions,
): Promise<void> {
  sessionKey ??= generateSessionKey(2048);
  const wallet = new Wallet(
    {
      server: { host: "127.0.0.1", port },
      folder: new DataFolder(home),
      trust: { ca: { pem: await Deno.readTextFile(ca), path: ca } },
      timeoutMs: 60_000,
    },
    {
      network: tcpNetwork,
      clock: systemClock,
      random: systemRandom,
      sessionKey: await sessionKey,
    },
  );
  const outcome = await wallet.register(await wallet.connect(), parseAccountName(name)!);
  if (outcome.outcome === "refused") throw new Error(`register ${name}: ${outcome.text}`);
}
