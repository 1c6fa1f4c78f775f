/**
 * A member that takes and makes payments without a pause, whatever happens to its server. It
 * records every answer that it gets.
 */
import { type AccountName, parseAccountName } from "../../src/account_name.ts";
import { SqliteWalletStore } from "../../src/client/sqlite/sqlite_wallet_store.ts";
import { DataFolder } from "../../src/client/wallet/data_folder.ts";
import type { MemberAudit } from "../../src/client/ledger_audit.ts";
import type { Member } from "../../src/client/member.ts";
import type { OrderOutcome, Paid } from "../../src/client/payment/order_outcome.ts";
import { Wallet } from "../../src/client/wallet.ts";
import { systemClock } from "../../src/clock.ts";
import type { SessionKey } from "../../src/envelope/session_key.ts";
import { MicropayError, UnknownOutcomeError } from "../../src/errors.ts";
import { type Amount, parseAmount } from "../../src/money.ts";
import type { Refusal } from "../../src/protocol/request_type.ts";
import type { Receipt } from "../../src/protocol/receipt.ts";
import { makeOrderId, systemRandom } from "../../src/random.ts";
import type { Network } from "../../src/transport/byte_stream.ts";
import { tcpNetwork } from "../../src/transport/tcp_network.ts";

export interface PayingOptions {
  /** Where the servers of the ledger are reached. */
  readonly host?: string;
  readonly ports: readonly number[];
  readonly home: string;
  readonly ca: { readonly pem: string; readonly path: string };
  readonly sessionKey: SessionKey;
  readonly timeoutMs?: number;
  /** Resolves when there is a server again after one was killed. */
  readonly serverIsThere: () => Promise<void>;
  /** Told after each payment that was acknowledged. */
  readonly onPaid: () => void;
  /**
   * Awaited before a member connects to another one, which it has located and will send an order.
   */
  readonly beforePeer?: () => Promise<void>;
}

/** What to pay: somebody, directly or through the server; or to give back a payment. */
export type Plan =
  | { readonly to: AccountName; readonly viaServer: boolean }
  | { readonly refund: Receipt };

/** One payment as its payer sees it: until `paid` or `refusal` is there, it is in doubt. */
export interface Attempt {
  /** The order's. */
  readonly id: string;
  readonly plan: Plan;
  paid?: Paid;
  refusal?: Refusal;
}

const amount: Amount = parseAmount("1")!;

export class PayingMember {
  readonly name: AccountName;
  readonly attempts: Attempt[] = [];
  /** Payments that came and were not given back. */
  readonly received: Receipt[] = [];
  readonly #options: PayingOptions;
  readonly #folder: DataFolder;
  readonly #store: SqliteWalletStore;
  #member: Member | undefined;

  constructor(name: string, options: PayingOptions) {
    this.name = parseAccountName(name)!;
    this.#options = options;
    this.#folder = new DataFolder(options.home);
    this.#store = new SqliteWalletStore(this.#folder.walletFile());
  }

  async register(): Promise<void> {
    const wallet = this.#wallet();
    const outcome = await wallet.register(await wallet.connect(), this.name);
    if (outcome.outcome === "refused") throw new Error(`register ${this.name}: ${outcome.text}`);
  }

  /** Makes one payment, whatever comes of it. */
  async pay(plan: Plan): Promise<Attempt> {
    const attempt: Attempt = { id: makeOrderId(systemClock, systemRandom), plan };
    this.attempts.push(attempt);
    await this.#try(attempt);
    return attempt;
  }

  /**
   * Repeats every payment in doubt, with its id and through the server, until its outcome is known.
   */
  async settle(): Promise<void> {
    for (const attempt of this.attempts) {
      while (!attempt.paid && !attempt.refusal) await this.#try(attempt, { viaServer: true });
    }
  }

  async audit(): Promise<MemberAudit> {
    await this.connect();
    const audit = await this.#member!.audit();
    if (audit.outcome === "refused") throw new Error(`audit ${this.name}: ${audit.text}`);
    return audit;
  }

  /** Connects and is online from then on, if it was not. */
  async connect(): Promise<void> {
    if (this.#member?.context.link.isOpen) return;
    await this.#disconnect();
    const wallet = this.#wallet();
    this.#member = await wallet.member(await wallet.connect(), this.name);
    const online = await this.#member.goOnline({
      listen: { host: this.#options.host ? "0.0.0.0" : "127.0.0.1", port: 0 },
      onPayment: ({ receipt: { payload } }) =>
        payload.kind === "payment" && this.received.push(payload),
      onFault: (error) => {
        // A server that is killed does not answer; its payers find out.
        if (!(error instanceof UnknownOutcomeError)) {
          console.error(`${this.name}'s listener:`, error);
        }
      },
    });
    // 230: the server has not noticed yet that the connection before is gone.
    if (online.outcome === "refused" && online.code !== 230) {
      throw new Error(`go online as ${this.name}: ${online.text}`);
    }
  }

  async leave(): Promise<void> {
    if (this.#member?.context.link.isOpen) await this.#member.exit();
    await this.#disconnect();
    this.#store.close();
  }

  async #try(attempt: Attempt, { viaServer = false } = {}): Promise<void> {
    try {
      await this.connect();
      const outcome = await this.#send(attempt, viaServer);
      if (outcome.outcome === "paid") {
        attempt.paid = outcome;
        this.#options.onPaid();
      } else {
        attempt.refusal = outcome;
      }
    } catch (error) {
      if (!(error instanceof MicropayError)) throw error;
      await this.#disconnect();
      await this.#options.serverIsThere();
    }
  }

  #send({ id, plan }: Attempt, viaServer: boolean): Promise<OrderOutcome> {
    if ("refund" in plan) {
      return this.#member!.refund({ id: plan.refund.id, amount, refundId: id });
    }
    const terms = { payee: plan.to, amount, id, viaServer: viaServer || plan.viaServer };
    return this.#member!.pay(terms);
  }

  async #disconnect(): Promise<void> {
    await this.#member?.abandon();
    this.#member = undefined;
  }

  #wallet(): Wallet {
    const makeSessionKey = () => Promise.resolve(this.#options.sessionKey);
    const { host = "127.0.0.1", ports, ca, timeoutMs = 20_000 } = this.#options;
    const network: Network = {
      ...tcpNetwork,
      connect: async (endpoint, options) => {
        if (!ports.includes(endpoint.port)) await this.#options.beforePeer?.();
        return await tcpNetwork.connect(endpoint, options);
      },
    };
    return new Wallet({
      servers: ports.map((port) => ({ host, port })),
      folder: this.#folder,
      trust: { ca },
      timeoutMs,
    }, { network, clock: systemClock, random: systemRandom, makeSessionKey, store: this.#store });
  }
}
