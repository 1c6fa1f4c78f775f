/**
 * A wallet's store in memory. Several stores may share their data, as several processes share a
 * file.
 */
import type { AccountName } from "../../../src/account_name.ts";
import type { FileError } from "../../../src/errors.ts";
import { requestsListedMax } from "../../../src/limits.ts";
import {
  changedLimits,
  exceededLimit,
  isRaise,
  limitDayMs,
  noLimits,
  type PaymentLimits,
} from "../../../src/client/wallet/payment_limits.ts";
import type { Order } from "../../../src/protocol/order.ts";
import type { SignedPaymentRequest } from "../../../src/protocol/payment_request.ts";
import type { Receipt } from "../../../src/protocol/receipt.ts";
import type {
  AccountStore,
  LastAudit,
  StoredOrder,
  StoredReceipt,
  WalletStore,
} from "../../../src/client/wallet/wallet_store.ts";

/** What is kept, as it stays when the process that wrote it is gone. */
export class KeptWallet {
  readonly pins = new Map<string, string>();
  /** Why nothing can be written for now. */
  failure: FileError | undefined;
  readonly #accounts = new Map<string, KeptAccount>();

  account(ledger: string, name: AccountName): KeptAccount {
    const key = `${ledger}/${name}`;
    const there = this.#accounts.get(key);
    if (there) return there;
    const [orders, receipts] = [new Map(), new Map()];
    const made: KeptAccount = {
      orders,
      receipts,
      audited: new Set(),
      givenUp: new Set(),
      last: undefined,
      limits: noLimits,
      requests: new Map(),
    };
    this.#accounts.set(key, made);
    return made;
  }
}

interface KeptAccount {
  readonly orders: Map<string, StoredOrder & { readonly order: Order }>;
  readonly receipts: Map<string, StoredReceipt & { readonly payload: Receipt }>;
  /** Ids of receipts. */
  readonly audited: Set<string>;
  readonly givenUp: Set<string>;
  last: LastAudit | undefined;
  limits: PaymentLimits;
  readonly requests: Map<string, SignedPaymentRequest>;
}

/** How a step takes its time, fails, or is never done. Resolves with what the action returns. */
export interface StorePace {
  read<Result>(action: () => Result): Promise<Result>;
  change<Result>(action: () => Result): Promise<Result>;
}

function atOnce(kept: KeptWallet): StorePace {
  return {
    read: (action) => Promise.resolve().then(action),
    change: (action) =>
      Promise.resolve().then(() => {
        if (kept.failure) throw kept.failure;
        return action();
      }),
  };
}

export class MemoryWalletStore implements WalletStore {
  readonly file = "wallet.db in memory";
  readonly #kept: KeptWallet;
  readonly #pace: StorePace;

  constructor(kept: KeptWallet = new KeptWallet(), pace: StorePace = atOnce(kept)) {
    this.#kept = kept;
    this.#pace = pace;
  }

  pinOf(server: string): Promise<string | undefined> {
    return this.#pace.read(() => this.#kept.pins.get(server));
  }

  pin(server: string, ledger: string, { replace }: { readonly replace: boolean }): Promise<string> {
    return this.#pace.change(() => {
      const pinned = this.#kept.pins.get(server);
      if (pinned !== undefined && !replace) return pinned;
      this.#kept.pins.set(server, ledger);
      return ledger;
    });
  }

  serversOf(ledger: string): Promise<string[]> {
    return this.#pace.read(() =>
      [...this.#kept.pins].filter(([, pinned]) => pinned === ledger).map(([server]) => server)
        .sort()
    );
  }

  close(): void {}

  account(ledger: string, name: AccountName): AccountStore {
    const kept = this.#kept.account(ledger, name);
    const { orders, receipts, audited, givenUp } = kept;
    const pace = this.#pace;
    const paid = (atMs: number, { exceptId }: { readonly exceptId?: string } = {}) => {
      const booked = [...receipts.values()].filter(({ payload: { payer, kind, at } }) =>
        payer === name && kind !== "withdrawal" && Date.parse(at) > atMs - limitDayMs
      ).map(({ payload: { amount } }) => amount);
      const open = [...orders].filter(([id, { order, state }]) =>
        order.payer === name && state === "recorded" && id !== exceptId
      ).map(([, { order: { amount } }]) => amount);
      return [...booked, ...open].reduce((sum, amount) => sum + amount, 0);
    };
    const receiptsOf = async function* (ids: () => string[]) {
      for (const id of await pace.read(ids)) yield await pace.read(() => stored(receipts.get(id)!));
    };
    const ids = () => [...receipts.keys()].sort();
    return {
      outbox: {
        add: ({ payload: order, text }, { replaces, ignoresLimits = false } = {}) =>
          pace.change(() => {
            const { id, amount, iat } = order;
            const there = orders.get(id);
            if (there && there.text !== replaces?.text) return openOrder(there);
            const paidBefore = () => paid(iat * 1000, { exceptId: id });
            const limits = ignoresLimits ? noLimits : kept.limits;
            const exceeded = exceededLimit(amount, limits, paidBefore);
            if (exceeded) return exceeded;
            const recorded = { text, state: "recorded", order } as const;
            orders.set(id, recorded);
            return openOrder(recorded);
          }),
        markRefused: ({ payload: { id }, text }) =>
          pace.change(() => {
            const there = orders.get(id);
            if (there?.text === text) orders.set(id, { ...there, state: "refused" });
          }),
        remove: ({ payload: { id }, text }) =>
          pace.change(() => {
            if (orders.get(id)?.text === text) orders.delete(id);
          }),
        get: (id) =>
          pace.read(() => {
            const there = orders.get(id);
            return there && openOrder(there);
          }),
        ids: () => pace.read(() => [...orders.keys()].sort()),
      },
      receipts: {
        has: (id) => pace.read(() => receipts.has(id)),
        count: () => pace.read(() => receipts.size),
        add: ({ payload, text: receipt }, { text: order }) =>
          pace.change(() => {
            const { id } = payload;
            if (orders.get(id)?.text === order) orders.delete(id);
            if (receipts.has(id)) return false;
            receipts.set(id, { id, receipt, order, payload });
            return true;
          }),
        find: (payment) =>
          pace.read(() =>
            [...receipts.values()].filter((one) =>
              "id" in payment ? one.id === payment.id : one.payload.entry === payment.entry
            ).map(stored)
          ),
        all: () => receiptsOf(ids),
        auditable: () => receiptsOf(() => ids().filter((id) => !givenUp.has(id))),
        unaudited: () =>
          receiptsOf(() => ids().filter((id) => !audited.has(id) && !givenUp.has(id))),
      },
      audits: {
        last: () => pace.read(() => kept.last),
        keep: (head, found) =>
          pace.change(() => {
            for (const id of found) audited.add(id);
            const acceptedAt = kept.last?.acceptedAt;
            if (kept.last && kept.last.entry >= head.entry) return;
            kept.last = { ...head, ...(acceptedAt !== undefined && { acceptedAt }) };
          }),
        accept: (head, { acceptedAt, givenUp: lost }) =>
          pace.change(() => {
            audited.clear();
            for (const id of lost) givenUp.add(id);
            kept.last = { ...head, acceptedAt };
          }),
      },
      limits: {
        read: (atMs) => pace.read(() => ({ limits: kept.limits, paid: paid(atMs) })),
        set: (change, { mayRaise }) =>
          pace.change(() => {
            if (!mayRaise && isRaise(change, kept.limits)) return false;
            kept.limits = changedLimits(change, kept.limits);
            return true;
          }),
      },
      requests: {
        add: (request) => pace.change(() => void kept.requests.set(request.id, request)),
        listed: ({ nowMs }) =>
          pace.read(() => {
            const isOpen = ({ id, payload }: SignedPaymentRequest) =>
              payload.exp * 1000 > nowMs && !kept.receipts.has(id);
            return [...kept.requests.values()].reverse()
              .sort((a, b) => Number(isOpen(b)) - Number(isOpen(a)))
              .slice(0, requestsListedMax).map(({ text }) => text);
          }),
      },
    };
  }
}

function openOrder({ text, state }: StoredOrder): StoredOrder {
  return { text, state };
}

function stored({ id, receipt, order }: StoredReceipt): StoredReceipt {
  return { id, receipt, order };
}
