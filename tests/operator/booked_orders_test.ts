/**
 * Members sign anything, and the server's clock is set at will. Then the audit and `verify` accept
 * everything that the server booked, and the payee would have submitted it.
 */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { AccountName } from "../../src/account_name.ts";
import { IncomingPayments } from "../../src/client/payment/incoming_payments.ts";
import type { MemberContext } from "../../src/client/member_context.ts";
import { submitOrder } from "../server/submit_order.ts";
import { readHandedOrder, submitHandedOrder } from "../../src/client/payment/payee.ts";
import type { ServerLink } from "../../src/client/server_link.ts";
import { SubmitQueue } from "../../src/client/submit_queue.ts";
import { checkReceipt } from "../../src/client/receipt_check.ts";
import { orderFutureMsMax, orderLifetimeMsMax } from "../../src/limits.ts";
import { type Identity, openIdentity } from "../../src/pki/identity.ts";
import { derToPem } from "../../src/pki/pem.ts";
import { SigningKey } from "../../src/pki/signing_key.ts";
import type { Code } from "../../src/protocol/code.ts";
import { orderText, verifyOrder } from "../../src/protocol/order.ts";
import { type PackedReceipt, unpackReceipt } from "../../src/protocol/receipt.ts";
import type { Outcome } from "../../src/protocol/request_type.ts";
import { signDocument } from "../../src/pki/signed_document.ts";
import { DecisionPushes } from "../../src/server/decision_pushes.ts";
import { LedgerFaults } from "../../src/server/ledger_faults.ts";
import { FairQueue } from "../../src/server/fair_queue.ts";
import { submitRoute } from "../../src/server/handlers/submit.ts";
import { MemberSessions } from "../../src/server/session/member_sessions.ts";
import { makeOrderId, systemRandom } from "../../src/random.ts";
import { type Books, named, openBooks } from "./books.ts";
import { codePoint } from "../code_point.ts";

type Submitted = Outcome<{ readonly receipt: PackedReceipt }>;

const hosts = ["localhost"];
const [future, lifetime] = [orderFutureMsMax / 1000, orderLifetimeMsMax / 1000];

/** Values around each limit, and random ones. */
const secondsAround = (...limits: readonly number[]) =>
  fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...limits.flatMap((one) => [one - 1, one, one + 1])) },
    { weight: 1, arbitrary: fc.integer({ min: -200_000, max: 200_000 }) },
  );

/** An order that a member signs, and the time of its submission. */
interface Act {
  readonly sides: readonly [string, string];
  readonly amount: number;
  readonly memo: string | undefined;
  /** An earlier order to refund, to copy the id of, or to submit again. */
  readonly earlier: { readonly at: number; readonly as: "none" | "refunds" | "id" | "order" };
  /** The clock: around the time of booking, or the start or end of the payer's certificate. */
  readonly clock: { readonly at: "now" | "notBefore" | "notAfter"; readonly ms: number };
  /** The time of signing, in seconds after that. */
  readonly made: number;
  /** Its lifetime in seconds. */
  readonly lives: number;
  readonly certificates: "one" | "two" | "with the CA's";
}

const wild: fc.Arbitrary<Act> = fc.record({
  sides: fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom<Act["sides"]>(["alice", "bob"], ["bob", "alice"]) },
    { weight: 1, arbitrary: fc.constantFrom<Act["sides"]>(["alice", "alice"], ["alice", "carol"]) },
  ),
  amount: fc.constantFrom(1, 2, 40, 1000, 1001, 0, -1, 2 ** 53),
  memo: fc.oneof(
    fc.constantFrom(undefined, undefined, "lunch", "", "x".repeat(257), "𝄞 ✓", "a\u200bb"),
    fc.string({ unit: "grapheme", minLength: 1, maxLength: 256 }),
    fc.string({ unit: codePoint, minLength: 1, maxLength: 20 }),
  ),
  earlier: fc.record({
    at: fc.nat(30),
    as: fc.constantFrom("refunds", "id", "order"),
  }),
  clock: fc.record({
    at: fc.constantFrom("now", "notBefore", "notAfter"),
    ms: fc.constantFrom(-60_000, -1001, -1000, -999, -1, 0, 1, 999, 1000, 60_000),
  }),
  made: secondsAround(0, future, -120, -lifetime, -7200),
  lives: secondsAround(0, 120, lifetime, 7200),
  certificates: fc.constantFrom("two", "with the CA's"),
});
const usual: Act = {
  sides: ["alice", "bob"],
  amount: 1,
  memo: "lunch",
  earlier: { at: 0, as: "none" },
  clock: { at: "now", ms: 0 },
  made: 0,
  lives: 120,
  certificates: "one",
};

/**
 * A valid order with one to four changes. Otherwise nearly all would be refused for the same few
 * reasons.
 */
const acts: fc.Arbitrary<Act> = fc.tuple(
  wild,
  fc.subarray(Object.keys(usual) as (keyof Act)[], { minLength: 1, maxLength: 4 }),
).map(([act, odd]) => ({ ...usual, ...Object.fromEntries(odd.map((name) => [name, act[name]])) }));

interface Order {
  readonly id: string;
  readonly jws: string;
  readonly isRefund: boolean;
}

/** A server whose certificate ends with the CA's, and the orders that members sign for it. */
class Scene {
  readonly #books: Books;
  readonly #server: Identity;
  readonly #orders: Order[] = [];
  /** The compact JWS of each booked order. */
  readonly booked = new Set<string>();

  private constructor(books: Books, server: Identity) {
    this.#books = books;
    this.#server = server;
  }

  static async open(books: Books): Promise<Scene> {
    for (const name of ["alice", "bob", "carol"]) await books.register(name);
    const { certificates: { authority, anchor }, clock } = books;
    const { signingKey: { publicKey }, pem: privateKeyPem } = SigningKey.generate();
    const atMs = clock.nowMs();
    const options = { publicKey, hosts, days: 10_000, atMs, random: systemRandom };
    const certificatePem = derToPem(authority.issueServer(options), "CERTIFICATE");
    const of = { anchor, role: "server", atMs } as const;
    return new Scene(books, openIdentity({ certificatePem, privateKeyPem, ...of }));
  }

  /** Signs an order, which its payee submits as the program does. */
  async act(act: Act): Promise<void> {
    this.#setClock(act);
    const order = this.#orderOf(act);
    this.#orders.push(order);
    const [payer, payee] = act.sides.map(named) as [AccountName, AccountName];
    let submitted: Submitted | undefined;
    const ask = async () => {
      const answer = await this.#submit(order.jws, payee);
      const link = { ask: () => Promise.resolve(answer) } as unknown as ServerLink;
      submitted = await submitOrder(link, order.jws);
      return answer;
    };
    const said = await this.#askPayee(order.jws, { payer, payee, ask });
    // A refund goes through the server, and so does an order that the payee refuses.
    const isByPayee = submitted !== undefined;
    if (submitted) assertEquals(said.isTold, submitted.outcome === "answered");
    if (!isByPayee) await ask();
    const decided = submitted!;
    if (decided.outcome === "answered") {
      assert(isByPayee || order.isRefund || this.booked.has(order.jws));
      const { anchor } = this.#books;
      const verified = verifyOrder(order.jws, { anchor });
      const receipt = unpackReceipt(decided.answer.receipt, verified, {
        serverChain: this.#server.leaf,
      });
      const checked = checkReceipt(receipt, order.jws, { anchor });
      assertEquals(checked.order?.payload.id, order.id);
      this.booked.add(order.jws);
    } else if (said.refused && !order.isRefund && act.earlier.as === "none") {
      assertEquals(said.refused, decided.code);
    }
  }

  #setClock({ clock: { at, ms }, sides }: Act): void {
    const { clock, members } = this.#books;
    const { notBeforeMs, notAfterMs } = members.get(sides[0]!)!.certificate;
    const baseMs = {
      now: Date.UTC(2026, 10, 23, 12),
      notBefore: notBeforeMs,
      notAfter: notAfterMs,
    };
    clock.jump(baseMs[at] + ms - clock.nowMs());
  }

  #orderOf(act: Act): Order {
    const { sides: [payer, payee], amount, memo, earlier, made, lives, certificates } = act;
    const { anchor, clock, members } = this.#books;
    const known = this.#orders[earlier.at % this.#orders.length];
    if (known && earlier.as === "order") return known;
    const { signingKey, chain: [leaf] } = members.get(payer!)!;
    const id = known && earlier.as === "id" ? known.id : makeOrderId(clock, systemRandom);
    const refunds = known && earlier.as === "refunds" ? { refunds: known.id } : {};
    const iat = Math.floor(clock.nowMs() / 1000) + made;
    const rest = { ...(memo !== undefined && { memo }), ...refunds, iat, exp: iat + lives };
    const payload = { id, ledger: anchor.fingerprint, payer, payee, amount, ...rest };
    const chains = { one: [leaf!], two: [leaf!, leaf!], "with the CA's": [leaf!, anchor.der] };
    const jws = signDocument("micropay-order", payload, {
      signingKey,
      chain: chains[certificates],
    });
    return { id, jws, isRefund: "refunds" in refunds };
  }

  async #submit(order: string, name: AccountName): Promise<unknown> {
    const { ledger, clock, anchor } = this.#books;
    const [identity, sessions] = [this.#server, new MemberSessions()];
    const queue = new FairQueue({ inFlightMax: 1 });
    const onFailure = (error: unknown) => assert(false, String(error));
    const server = {
      ledger,
      clock,
      anchor,
      identity,
      sessions,
      decisions: new DecisionPushes({ sessions, queue, identity, anchor, onFailure }),
      ledgerFaults: new LedgerFaults({ report: () => {} }),
      report: () => {},
    };
    const session = {
      channel: { remote: { host: "127.0.0.1", port: 1 } },
      commit: (task: () => Promise<unknown>) => task(),
    };
    const ignored = { dismiss: () => {}, push: () => {}, reportRequest: () => {} };
    const context = { server, session, name, ...ignored };
    assert(submitRoute.admits === "member");
    return await submitRoute.handle(
      { orders: [order] },
      context as unknown as Parameters<typeof submitRoute.handle>[1],
    );
  }

  /**
   * Sends an order to its payee. @returns the payee's own refusal, and whether it was notified of a
   * payment
   */
  async #askPayee(
    order: string,
    { payer, payee, ask }: { payer: AccountName; payee: AccountName; ask: () => Promise<unknown> },
  ): Promise<{ refused?: Code; isTold: boolean }> {
    const { anchor, clock } = this.#books;
    const receipts = { add: () => Promise.resolve(true) };
    const serverChain = this.#server.leaf;
    const link = { nowMs: () => clock.nowMs(), serverChain, ask } as unknown as ServerLink;
    const member = { name: payee, anchor, clock, link, receipts } as unknown as MemberContext;
    const told: unknown[] = [];
    const incoming = new IncomingPayments(member, {
      onPayment: (payment) => told.push(payment),
      onFault: (error) => assert(false, String(error)),
    });
    const { certificate } = this.#books.members.get(payer)!;
    const read = readHandedOrder({ order }, { payer, certificate, member });
    if ("outcome" in read) return { refused: read.code, isTold: false };
    const handed = { order: read, way: "direct" } as const;
    await submitHandedOrder(handed, { member, incoming, submits: new SubmitQueue(link) });
    return { isTold: told.length === 1 };
  }
}

Deno.test("property: the audit, verify and the payee accept everything that the server books", async () => {
  let booked = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(acts, { minLength: 10, maxLength: 30 }), async (all) => {
      await using books = await openBooks();
      const scene = await Scene.open(books);
      for (const one of all) await scene.act(one);
      const { anchor: { fingerprint: ledgerId } } = books;
      for (const jws of scene.booked) {
        const { id } = verifyOrder(jws, books).payload;
        assertEquals(orderText((await books.ledger.entry(id))!, { ledgerId }), jws);
      }
      const report = await books.audit();
      assertEquals(report, { ...report, outcome: "in_order", entries: 3 + scene.booked.size });
      booked += scene.booked.size;
    }),
    { numRuns: 8 },
  );
  assert(booked > 10, `${booked} booked`);
});
