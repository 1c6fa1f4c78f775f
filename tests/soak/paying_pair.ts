/**
 * Two people who pay and are paid without a pause, through whatever happens to their server. What they are told is written down.
 */
import { parseAccountName } from "../../src/account_name.ts";
import { DataFolder } from "../../src/client/data_folder.ts";
import type { Member } from "../../src/client/member.ts";
import type { Paid } from "../../src/client/payment_result.ts";
import { Wallet } from "../../src/client/wallet.ts";
import { systemClock } from "../../src/clock.ts";
import type { SessionKey } from "../../src/envelope/session_key.ts";
import { MicropayError } from "../../src/errors.ts";
import { parseAmount } from "../../src/money.ts";
import type { Refusal } from "../../src/protocol/exchange.ts";
import { makeOrderId, systemRandom } from "../../src/random.ts";
import { tcpNetwork } from "../../src/transport/tcp_network.ts";

export interface PairOptions {
  readonly port: number;
  readonly home: string;
  readonly ca: { readonly pem: string; readonly path: string };
  readonly sessionKey: SessionKey;
  /** Resolves when there is a server again after one was killed. */
  readonly serverIsThere: () => Promise<void>;
  /** Told after each payment that was acknowledged. */
  readonly onPaid: () => void;
}

/** One payment as its payer sees it: until `paid` or `refusal` is there, it is in doubt. */
export interface Attempt {
  readonly id: string;
  readonly amount: number;
  paid?: Paid;
  refusal?: Refusal;
}

const amount = parseAmount("1")!;

export class PayingPair {
  readonly attempts: Attempt[] = [];
  readonly #options: PairOptions;
  readonly #names: readonly [payer: string, payee: string];
  #payer: Member | undefined;
  #payee: Member | undefined;

  constructor(index: number, options: PairOptions) {
    this.#options = options;
    this.#names = [`payer${index}`, `payee${index}`];
  }

  async register(): Promise<void> {
    for (const text of this.#names) {
      const wallet = this.#wallet();
      const outcome = await wallet.register(await wallet.connect(), parseAccountName(text)!);
      if (outcome.outcome === "refused") throw new Error(`register ${text}: ${outcome.text}`);
    }
  }

  /** Pays until it is told to stop; what fails because the server is gone is tried again when it is back. */
  async payUntil(stopped: AbortSignal): Promise<void> {
    while (!stopped.aborted) {
      const attempt: Attempt = { id: makeOrderId(systemClock, systemRandom), amount };
      this.attempts.push(attempt);
      await this.#try(attempt);
    }
  }

  /** Tries every payment in doubt again with its id, until each is known. */
  async settle(): Promise<void> {
    for (const attempt of this.attempts) {
      while (!attempt.paid && !attempt.refusal) await this.#try(attempt);
    }
  }

  async leave(): Promise<void> {
    if (this.#isConnected(this.#payer)) await this.#payer?.exit();
    if (this.#isConnected(this.#payee)) await this.#payee?.exit();
    await this.#disconnect();
  }

  async #try(attempt: Attempt): Promise<void> {
    try {
      await this.#connect();
      const to = parseAccountName(this.#names[1])!;
      const outcome = await this.#payer!.pay({ to, amount, id: attempt.id });
      if (outcome.outcome === "paid") {
        attempt.paid = outcome;
        this.#options.onPaid();
      } else if (outcome.code < 262 || outcome.code > 264) {
        attempt.refusal = outcome;
      }
    } catch (error) {
      if (!(error instanceof MicropayError)) throw error;
      await this.#disconnect();
      await this.#options.serverIsThere();
    }
  }

  async #connect(): Promise<void> {
    if (this.#isConnected(this.#payer) && this.#isConnected(this.#payee)) return;
    await this.#disconnect();
    this.#payee = await this.#open(this.#names[1]);
    const online = await this.#payee.goOnline({
      listen: { host: "127.0.0.1", port: 0 },
      onPayment: () => {},
      onFault: (error) => console.error("a payee's listener:", error),
    });
    if (online.outcome === "refused") throw new Error(`go online: ${online.text}`);
    this.#payer = await this.#open(this.#names[0]);
  }

  #isConnected(member: Member | undefined): boolean {
    return member !== undefined && member.context.link.isOpen;
  }

  async #disconnect(): Promise<void> {
    await this.#payer?.abandon();
    await this.#payee?.abandon();
    this.#payer = this.#payee = undefined;
  }

  async #open(text: string): Promise<Member> {
    const wallet = this.#wallet();
    return await wallet.member(await wallet.connect(), parseAccountName(text)!);
  }

  #wallet(): Wallet {
    const { port, home, ca, sessionKey } = this.#options;
    return new Wallet({
      server: { host: "127.0.0.1", port },
      folder: new DataFolder(home),
      trust: { ca },
      timeoutMs: 20_000,
    }, { network: tcpNetwork, clock: systemClock, random: systemRandom, sessionKey });
  }
}
