/**
 * A member: it pays, is paid, and checks what it is told. Written from docs/protocol.md alone.
 */
import { verify, X509Certificate } from "node:crypto";
import { Newcomer } from "./newcomer.mjs";
import {
  documentsOf,
  makeOrder,
  packOrder,
  readOrder,
  receiptTextOf,
  refusalAt,
  verifyReceipt,
  wholeOrder,
} from "./proofs.mjs";
import { isConsistent, rootsOver } from "./tree.mjs";
import {
  Connection,
  deferred,
  demand,
  listen,
  sha256,
  verifyChain,
  verifyDetached,
} from "./wire.mjs";

const ordersMax = 25;
const patienceMs = 10_000;
/** The codes that say "again": with them nothing is decided. */
const undecided = [500, 510, 520];
const texts = {
  261: "transfer FAIL: the order is not valid",
  265: "transfer FAIL: the order has expired",
  280: "transfer FAIL: payer and payee are the same",
  410: "the request is not valid",
  500: "the server failed; ask for the status before paying again",
};

export class Member {
  /** Who waits for the outcome of an order, by the digest of the order. */
  #outcomes = new Map();
  /** The connections to payees that are kept, by the name of the payee. */
  #payees = new Map();
  /** What payers handed over and the server was not asked about so far. */
  #taken = [];
  #isSubmitting = false;
  /** The certificates that signed orders of the history, by fingerprint. */
  #signers = new Map();
  /** What this member saw of the ledger, to show to peers. */
  #seen;
  /** What each peer saw, until it is checked. */
  #seenByPeers = new Map();
  /** Called with each payment that came in: its order, its receipt, and which way it came. */
  onPayment = () => {};
  /** May refuse an order of a payer: returns the code, or undefined. */
  objection = () => undefined;
  /** How many results each `result` brought. */
  resultSizes = [];

  /** Makes an account with a new key, and connects. `told` is called with the reply. */
  static async join({ host, port, caFile, name, told }) {
    const newcomer = new Newcomer({ host, port, caFile, name });
    const member = new Member();
    const { ca } = newcomer;
    const me = await newcomer.register(told);
    const server = await newcomer.toServer(me);
    Object.assign(member, { name, ca, ledger: sha256(ca.raw), me, server });
    server.onPush = (push) => member.#takePush(push);
    return member;
  }

  makeOrder(terms) {
    const { ledger, name: payer, server: { time } } = this;
    return makeOrder(this.me, { ledger, payer, time, ...terms });
  }

  #takePush({ type, body }) {
    if (type === "result") {
      this.resultSizes.push(body.results.length);
      for (const { order, ...outcome } of body.results) {
        this.#outcomes.get(order)?.(outcome);
        this.#outcomes.delete(order);
      }
    }
    if (type === "payment") {
      for (const { order, receipt } of body.payments) this.#takePayment(order, receipt, "pushed");
    }
  }

  #takePayment(jws, receipt, way) {
    const order = readOrder(jws, this.ca);
    demand(order.payee === this.name, "a payment to somebody else");
    this.onPayment({ order, receipt: this.#receiptOf(receipt, jws), way });
  }

  // As payer.

  /** Hands the orders to their payee, all at once and on one connection that is kept. */
  async pay(payee, orders) {
    const isKept = this.#payees.has(payee);
    const peer = await this.#connectionTo(payee);
    return Promise.all(orders.map((order) => this.#outcomeOf(order, { payee, peer, isKept })));
  }

  async #connectionTo(payee) {
    const kept = this.#payees.get(payee);
    if (kept) return kept;
    const { code, text, answer } = await this.server.ask("locate", { name: payee });
    demand(code === 300, text);
    demand(answer.name === payee, "the place of another");
    const { ip: host, port } = answer;
    const peer = await Connection.open({ host, port, ca: this.ca, role: "member" });
    demand(peer.uri === `micropay:account:${payee}`, "another than the payee answers");
    // Nothing is sent to a payee that shows what no server signed.
    if (peer.seen) this.#takeSeen(payee, peer.seen);
    peer.introduce(this.me);
    this.#payees.set(payee, peer);
    return peer;
  }

  /** The server's result. Without one, what the server says when it is asked for the status. */
  async #outcomeOf(order, { payee, peer, isKept }) {
    const result = deferred();
    const digest = sha256(order.jws);
    this.#outcomes.set(digest, result.resolve);
    const isDecided = () => !this.#outcomes.has(digest);
    const silence = new Promise((resolve) => setTimeout(resolve, patienceMs, 500).unref());
    const refusal = this.#refusalBy(order, { payee, peer, isKept, isDecided });
    const doubt = Promise.race([refusal, silence]).then((code) =>
      isDecided() ? result.promise : this.#doubt(order, code)
    );
    return this.#proven(await Promise.race([result.promise, doubt]), order);
  }

  /**
   * The code of the payee's reply, 500 when there is none. A kept connection may have ended before the outcome: then a new one is tried.
   */
  async #refusalBy(order, { payee, peer, isKept, isDecided }) {
    try {
      const seen = peer.hasShown ? undefined : this.#seen;
      peer.hasShown = true;
      return (await peer.ask("pay", { order: packOrder(order.jws), ...(seen && { seen }) })).code;
    } catch {
      if (this.#payees.get(payee) === peer) this.#payees.delete(payee);
      if (!isKept || isDecided()) return 500;
    }
    try {
      const another = await this.#connectionTo(payee);
      return await this.#refusalBy(order, { payee, peer: another, isKept: false, isDecided });
    } catch {
      return 500;
    }
  }

  async #doubt(order, refused) {
    const { code, text, answer } = await this.status(order, { isVoid: refused !== 500 });
    return code === 130 ? { code, text, receipt: answer.receipt } : { code: refused, text };
  }

  #proven({ code, text, receipt }, order) {
    if (code !== 130) return { code, text };
    return { code, text, receipt: this.#receiptOf(receipt, order.jws) };
  }

  /** The members of a receipt that came in a message. */
  #receiptOf(receipt, jws) {
    const text = receiptTextOf(receipt, readOrder(jws, this.ca), this.server.other.der);
    return verifyReceipt(text, jws, this.ca);
  }

  // As anybody.

  /** Hands orders to the server, all in one message. Returns their outcomes in their order. */
  async submit(orders) {
    const { code, text, answer } = await this.server.ask("submit", {
      orders: orders.map(({ jws }) => packOrder(jws)),
    });
    demand(code === 300, text);
    demand(answer.results.length === orders.length, "results for other orders");
    return answer.results.map(({ order, ...outcome }, index) => {
      demand(order === sha256(orders[index].jws), "results in another order");
      return this.#proven(outcome, orders[index]);
    });
  }

  async status({ id, jws }, { isVoid = false } = {}) {
    const reply = await this.server.ask("status", { id, ...(isVoid && { void: jws }) });
    if (reply.code === 130) {
      const isPacked = reply.answer.order === packOrder(jws);
      demand(isPacked || reply.answer.order === jws, "the status of another order");
      this.#receiptOf(reply.answer.receipt, jws);
    }
    return reply;
  }

  /** All own entries, oldest first, each checked. */
  async history(limit) {
    const entries = [];
    for (let after = 0, more = true; more; after = entries.at(-1)?.entry) {
      const { answer } = await this.server.ask("history", { limit, after });
      const signers = await this.#certificatesOf(answer.certificates);
      let balance;
      for (const row of answer.entries) {
        const { order, receipt } = documentsOf(row, {
          ledger: this.ledger,
          signer: signers[row[9]],
          server: this.server.other.der,
        });
        const proof = verifyReceipt(receipt, order, this.ca);
        const { memo } = readOrder(order, this.ca);
        const change = proof.payee === this.name ? proof.amount : -proof.amount;
        balance = balance === undefined ? answer.balance : balance + change;
        entries.push({ ...proof, ...(memo !== undefined && { memo }), balance, order, receipt });
      }
      more = answer.more;
    }
    return entries;
  }

  /** The certificates of these fingerprints. Those that were asked for before are kept. */
  async #certificatesOf(references) {
    while (true) {
      const fingerprints = references.filter((one) => !this.#signers.has(one)).slice(0, 50);
      if (fingerprints.length === 0) break;
      const { code, text, answer } = await this.server.ask("certificates", { fingerprints });
      demand(code === 300, text);
      for (const [index, der] of answer.certificates.map(bytesOf).entries()) {
        const found = Buffer.from(sha256(der), "hex").toString("base64url");
        demand(found === fingerprints[index], "another certificate");
        this.#signers.set(found, der);
      }
    }
    return references.map((one) => this.#signers.get(one));
  }

  /**
   * Checks that the ledger has these own entries, and grew from the head after each of them. It must also have grown from what each peer saw.
   */
  async auditLedger(entries) {
    const proofs = entries.map(({ order, receipt }) => verifyReceipt(receipt, order, this.ca));
    const peers = [...this.#seenByPeers.values()].slice(0, 5);
    this.#seenByPeers.clear();
    let known = peers;
    for (let at = 0; at === 0 || at < proofs.length; at += 20) {
      const part = proofs.slice(at, at + 20);
      const question = {
        checkpoints: known.map(({ from, text }) => ({ size: from, digest: sha256(text) })),
        receipts: part.map(({ entry }, index) => ({
          entry,
          digest: sha256(entries[at + index].receipt),
        })),
      };
      const { answer } = await this.server.ask("proof", question);
      const { signature, checkpoint, consistency, inclusion } = answer;
      const signed = { ...question, checkpoint, consistency, inclusion };
      verifyDetached("micropay-proof", signed, { signature, key: this.server.other.publicKey });
      const tree = this.#readCheckpoint(checkpoint, this.server.other.publicKey);
      for (const [index, earlier] of known.entries()) {
        demand(isConsistent(earlier, tree, consistency[index].map(bytesOf)), "another ledger");
      }
      for (const [index, { entry, leaf, head }] of part.entries()) {
        const proof = inclusion[index].map(bytesOf);
        const place = { leaf: Buffer.from(leaf, "hex"), index: entry - 1, size: tree.to, proof };
        const roots = rootsOver(place);
        demand(roots.root?.equals(tree.root), "an own entry");
        demand(roots.head.toString("hex") === head, "the head of a receipt");
      }
      known = [{ from: tree.to, head: tree.root, text: checkpoint }];
      const serverCertificate = this.server.other.der.toString("base64");
      this.#seen = { checkpoint, serverCertificate };
    }
    const [{ from, head }] = known;
    return { last: from, head: head.toString("hex"), peers: peers.length };
  }

  /** Keeps what a peer saw, until the server has proven that its ledger grew from there. */
  #takeSeen(name, seen) {
    demand(Object.keys(seen).join() === "checkpoint,serverCertificate", "what a peer saw");
    const { checkpoint: text, serverCertificate } = seen;
    const der = Buffer.from(serverCertificate, "base64");
    // The server's certificate may have ended since.
    const time = Date.parse(new X509Certificate(der).validFrom);
    const { publicKey } = verifyChain([der], { ca: this.ca, role: "server", time });
    const { to: from, root: head } = this.#readCheckpoint(text, publicKey);
    if (from > 0) this.#seenByPeers.set(name, { from, head, text });
  }

  /** What a server signed about its tree. */
  #readCheckpoint(checkpoint, publicKey) {
    const origin = `micropay:ledger:${this.ledger}`;
    const lines = checkpoint.split("\n");
    const [log, size, root, time, , note] = lines;
    const [dash, name, encoded] = note.split(" ");
    demand(lines.length === 7 && lines[4] === "" && lines[6] === "", "the form of a checkpoint");
    demand(log === origin && name === origin && dash === "—", "the checkpoint of another ledger");
    demand(/^(0|[1-9]\d*)$/.test(size) && /^time \d+$/.test(time), "the numbers of a checkpoint");
    const point = publicKey.export({ type: "spki", format: "der" }).subarray(-32);
    const keyId = sha256(Buffer.concat([Buffer.from(`${origin}\n\x01`), point])).slice(0, 8);
    const signature = Buffer.from(encoded, "base64");
    demand(signature.subarray(0, 4).toString("hex") === keyId, "the key of a checkpoint");
    const signed = Buffer.from(`${log}\n${size}\n${root}\n${time}\n`);
    demand(verify(null, signed, publicKey, signature.subarray(4)), "a checkpoint's signature");
    return { to: Number(size), root: Buffer.from(root, "base64") };
  }

  // As payee.

  /** Listens for payers and goes online. */
  async goOnline() {
    this.listener = await listen({
      me: this.me,
      ca: this.ca,
      seen: () => this.#seen,
      take: (request, peer) => this.#takeRequest(request, peer),
    });
    return this.server.ask("login", { name: this.name, port: this.listener.port });
  }

  #takeRequest({ type, seq, body }, peer) {
    const refuse = (code) => peer.refuse(seq, code, texts[code]);
    const hasShape = type === "pay" && /^order(,seen)?$/.test(Object.keys(body).join()) &&
      /^[\w-]+\.[\w-]+\.[\w-]+$/.test(body.order) && body.order.length <= 12_288;
    if (!hasShape) return refuse(410);
    try {
      if (body.seen) this.#takeSeen(peer.uri, body.seen);
    } catch {
      return refuse(410);
    }
    const jws = wholeOrder(body.order, peer.other.der);
    const code = this.#refusalOf(jws, peer);
    if (code !== undefined) return refuse(code);
    this.#taken.push({ jws, refuse });
    this.#submitTaken();
  }

  #refusalOf(jws, peer) {
    try {
      const order = readOrder(jws, this.ca);
      demand(peer.uri === `micropay:account:${order.payer}`, "the order of another");
      demand(order.payee === this.name && order.refunds === undefined, "an order to another");
      return refusalAt(order, this.server.time) ?? this.objection(order);
    } catch {
      return 261;
    }
  }

  /** One `submit` at a time. What comes meanwhile goes with the next, as much as one message may have. */
  async #submitTaken() {
    if (this.#isSubmitting) return;
    this.#isSubmitting = true;
    while (this.#taken.length > 0) {
      const taken = this.#taken.splice(0, ordersMax);
      try {
        const outcomes = await this.submit(taken);
        outcomes.forEach(({ code, receipt }, index) => {
          const { jws, refuse } = taken[index];
          if (undecided.includes(code)) refuse(500);
          if (receipt) this.onPayment({ order: readOrder(jws, this.ca), receipt, way: "direct" });
        });
      } catch {
        for (const { refuse } of taken) refuse(500);
      }
    }
    this.#isSubmitting = false;
  }

  async exit() {
    const reply = await this.server.ask("exit", {});
    this.listener?.close();
    for (const peer of this.#payees.values()) peer.close();
    this.server.close();
    return reply;
  }
}

function bytesOf(text) {
  return Buffer.from(text, "base64url");
}
