/**
 * Damage inside a valid JWS. A member or an applicant signs and seals anything for the real server.
 *
 * Must hold: the reply is a code or a closed connection, and the server reports no fault. The money
 * adds up to zero. The ledger changes only where the reply says so, as the signed order says.
 * Others are still served.
 */
import { resultsShape, submitRequestType } from "../../src/protocol/transfer.ts";
import { assert, assertEquals } from "@std/assert";
import { lineOf } from "../../src/cli/server/server_log.ts";
import type { Signer } from "../../src/envelope/peer.ts";
import { messageOf } from "../../src/errors.ts";
import { strangerLineEveryMs } from "../../src/limits.ts";
import type { Identity } from "../../src/pki/identity.ts";
import { check, decodeOutcome, type Reply } from "../../src/protocol/request_type.ts";
import { packDocument } from "../../src/protocol/packed_document.ts";
import { isPong } from "../../src/protocol/ping.ts";
import { routes } from "../../src/server/routes.ts";
import { forgeJws } from "../envelope/forger.ts";
import { x5c } from "../envelope/hostile_message.ts";
import { isServed, Scene } from "../hostile/scene.ts";
import { orderPayload } from "../server/order_maker.ts";
import { makeApplicant, named } from "../server/test_server.ts";
import type { FuzzTarget } from "./fuzz_rounds.ts";
import { type Input, inputs, type Name, type Said } from "./member_inputs.ts";
import { changedMembers, jsonOf, type Members, membersOf } from "./odd_json.ts";
import { RawSpeaker } from "./raw_speaker.ts";
import { readSignedReceipt } from "./signed_receipts.ts";

export async function insideJws(): Promise<FuzzTarget<Input>> {
  const scene = await Scene.open({ initialBalance: 1_000_000_000 });
  const { server } = scene;
  const identities = { alice: await server.enroll("alice"), bob: await server.enroll("bob") };
  const dave = makeApplicant("dave");
  const witness = await scene.link(await server.enroll("witness"));
  const signers: Record<Name, Signer> = {
    alice: { kind: "certified", identity: identities.alice },
    bob: { kind: "certified", identity: identities.bob },
    dave: dave.signer,
  };
  // The server must know the witness. Otherwise it would turn the witness's address away because of
  // the other peers' messages.
  assert(await isServed(witness));
  const rounds = new Rounds(scene, signers, identities);
  let count = 0;
  return {
    inputs,
    honest: {
      speaker: "bob",
      order: { from: "alice", changes: [] },
      request: { type: "submit", body: {} },
      bodyChanges: [],
      messageChanges: [],
    },
    round: async (input) => {
      if ("receipt" in input) return readSignedReceipt(input.receipt);
      const end = await rounds.run(input);
      if (++count % 16 === 0) assert(await isServed(witness), "somebody else is not served");
      return end;
    },
    [Symbol.asyncDispose]: async () => {
      rounds.close();
      await scene[Symbol.asyncDispose]();
    },
  };
}

class Rounds {
  readonly #scene: Scene;
  readonly #signers: Readonly<Record<Name, Signer>>;
  readonly #identities: Readonly<Record<"alice" | "bob", Identity>>;
  readonly #speakers = new Map<Name, RawSpeaker>();

  constructor(
    scene: Scene,
    signers: Readonly<Record<Name, Signer>>,
    identities: Readonly<Record<"alice" | "bob", Identity>>,
  ) {
    this.#scene = scene;
    this.#signers = signers;
    this.#identities = identities;
  }

  async run(input: Said): Promise<string> {
    const { ledger } = this.#scene.server;
    const speaker = await this.#speaker(input.speaker);
    const order = input.order && this.#signedOrder(input.order);
    const body = changedMembers(
      membersOf(order === undefined ? input.request.body as object : { orders: [order] }),
      input.bodyChanges,
    );
    const members = this.#members(speaker, { ...input, body });
    const payload = jsonOf(members);
    // It is not answered, so there is nothing to wait for.
    if (isSilent(payload)) return "pong";
    const before = await this.#standing();
    const reply = await speaker.say(payload);
    const after = await this.#standing();
    this.#checkEvents();
    assertEquals((await ledger.totals()).balanceSum, 0);
    const code = reply === "closed" ? undefined : codeOf(input.request.type, reply);
    const paid = code === 130 && input.request.type === "submit";
    const isNew = reply !== "closed" && reply.code === 100;
    if (paid && after.entries > before.entries) checkPaid(order!, before, after);
    else if (!isNew) assertEquals(after, before, "the ledger changed");
    if (reply === "closed") return "closed";
    assert(areUnique(members), "a member twice is answered");
    const isAsMade = members.some(([, json]) => json === jsonOf(body));
    assert(!isAsMade || areUnique(body), "a member of the body twice is answered");
    checkAnswer(input.request.type, reply);
    return `${code === 130 ? "accepted: " : ""}${input.request.type} ${code}`;
  }

  close(): void {
    for (const speaker of this.#speakers.values()) speaker.close();
  }

  async #speaker(name: Name): Promise<RawSpeaker> {
    const known = this.#speakers.get(name);
    if (known?.isOpen) return known;
    // The server opens first lines of unproven senders at a bounded rate, by its own clock.
    this.#scene.clock.advance(strangerLineEveryMs);
    const speaker = await RawSpeaker.connect(this.#scene, this.#signers[name]);
    this.#speakers.set(name, speaker);
    return speaker;
  }

  #members(
    speaker: RawSpeaker,
    { request, body, messageChanges }: Said & { body: Members },
  ): Members {
    const { conn, seq } = speaker;
    const iat = Math.floor(this.#scene.clock.nowMs() / 1000);
    const honest = { type: request.type, seq, conn, to: "micropay:server", iat };
    const introduction = membersOf(speaker.introduction());
    const members = [...membersOf(honest), ["body", jsonOf(body)] as const, ...introduction];
    return changedMembers(members, messageChanges);
  }

  #signedOrder({ from, changes, refersTo }: NonNullable<Said["order"]>): string {
    const identity = this.#identities[from];
    // By the server's clock, which the machine's clock leaves behind.
    const iat = Math.floor(this.#scene.clock.nowMs() / 1000);
    const honest = orderPayload(identity, this.#scene.server.anchor, {
      iat,
      exp: iat + 120,
      payee: from === "alice" ? "bob" : "alice",
      amount: 1,
    });
    const text = forgeJws({
      header: { alg: "EdDSA", typ: "micropay-order", x5c: x5c(...identity.chain) },
      payload: jsonOf(changedMembers(membersOf(honest), changes)),
      key: identity.signingKey,
    });
    return refersTo ? packDocument({ text, signer: this.#identities[refersTo].certificate }) : text;
  }

  async #standing(): Promise<Standing> {
    const { ledger } = this.#scene.server;
    const { entries, head } = await ledger.totals();
    const balances: Record<string, number | undefined> = {};
    for (const name of ["alice", "bob", "dave", "witness", "nobody"]) {
      balances[name] = (await ledger.account(named(name)))?.balance;
    }
    return { entries, head, balances };
  }

  #checkEvents(): void {
    for (const event of this.#scene.server.events.all.splice(0)) {
      if (event.kind === "fault") {
        throw new Error(`a fault: ${event.attempt}: ${messageOf(event.error)}`, {
          cause: event.error,
        });
      }
      const line = lineOf(event, { withSealed: false });
      // deno-lint-ignore no-control-regex -- it is what must not be there
      assert(!/[\u0000-\u001f\u007f-\u009f\u202e\u2028]/.test(line), `printed: ${line}`);
    }
  }
}

interface Standing {
  readonly entries: number;
  readonly head: string;
  readonly balances: Readonly<Record<string, number | undefined>>;
}

/** One entry, as the order says, and nobody else's money. */
function checkPaid(order: string, before: Standing, after: Standing): void {
  assertEquals(after.entries, before.entries + 1);
  const [, payload] = order.split(".");
  const text = atob(payload!.replaceAll("-", "+").replaceAll("_", "/"));
  const { payer, payee, amount } = JSON.parse(text) as Record<"payer" | "payee", string> & {
    amount: number;
  };
  assert(Number.isSafeInteger(amount) && amount > 0 && payer !== payee);
  const expected = {
    ...before.balances,
    [payer]: before.balances[payer]! - amount,
    [payee]: before.balances[payee]! + amount,
  };
  assertEquals(after.balances, expected);
}

/** The code of a reply; of a reply to `submit`, the code of its order's result. */
function codeOf(type: string, { code, answer }: Reply): number {
  if (type !== submitRequestType.type || code !== submitRequestType.success) return code;
  return check(resultsShape, answer, "read results").results[0]!.code;
}

/** The client's own reader has to understand it. */
function checkAnswer(type: string, reply: Reply): void {
  const route = routes.get(type);
  if (route) decodeOutcome(route.requestType, reply);
}

function areUnique(members: Members): boolean {
  return new Set(members.map(([name]) => name)).size === members.length;
}

function isSilent(payload: string): boolean {
  try {
    return isPong(JSON.parse(payload));
  } catch {
    return false;
  }
}
