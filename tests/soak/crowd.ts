/**
 * Members who pay each other at random: directly, through the server, and some of it back.
 */
import { assertEquals } from "@std/assert";
import { sessionKeys } from "../envelope/vector_session_keys.ts";
import type { Scene } from "../end_to_end/driver.ts";
import { type Attempt, PayingMember, type PayingOptions, type Plan } from "./paying_member.ts";

export interface CrowdOptions extends Pick<PayingOptions, "host" | "ports" | "timeoutMs"> {
  readonly members: number;
  /** The longest pause that a member makes between two payments; none when absent. */
  readonly pauseMsMax?: number;
}

/** Out of a hundred payments. */
const sharesOf = { refund: 5, viaServer: 45 };

export class Crowd {
  readonly members: readonly PayingMember[];
  /** Resolves when there is a server to connect to. */
  back: Promise<unknown> = Promise.resolve();
  /** Told after each payment that was acknowledged. */
  onPaid: () => void = () => {};
  /** Waited for before one member connects to another. */
  beforePeer: () => Promise<void> = () => Promise.resolve();
  readonly #pauseMsMax: number;
  #durationsMs: number[] = [];

  private constructor(
    options: CrowdOptions,
    rest: Pick<PayingOptions, "home" | "ca" | "sessionKey">,
  ) {
    this.#pauseMsMax = options.pauseMsMax ?? 0;
    this.members = Array.from(
      { length: options.members },
      (_, index) =>
        new PayingMember(`member${index}`, {
          ...options,
          ...rest,
          // So that each server has a member that needs it, and the others change servers.
          ports: index < options.ports.length ? [options.ports[index]!] : options.ports,
          serverIsThere: async () => void await this.back,
          onPaid: () => this.onPaid(),
          beforePeer: () => this.beforePeer(),
        }),
    );
  }

  /** Registers all of them and brings them online. */
  static async open(scene: Scene, options: CrowdOptions): Promise<Crowd> {
    const path = scene.path("certs", "CA.pem");
    const crowd = new Crowd(options, {
      home: scene.home("all"),
      ca: { path, pem: await Deno.readTextFile(path) },
      sessionKey: sessionKeys.alice,
    });
    for (const member of crowd.members) await member.register();
    await crowd.connect();
    return crowd;
  }

  get attempts(): Attempt[] {
    return this.members.flatMap(({ attempts }) => attempts);
  }

  /** How many payments were refused, by code. */
  get refusals(): Record<number, number> {
    const counts: Record<number, number> = {};
    for (const { refusal } of this.attempts) {
      if (refusal) counts[refusal.code] = (counts[refusal.code] ?? 0) + 1;
    }
    return counts;
  }

  async connect(): Promise<void> {
    await Promise.all(this.members.map((member) => member.connect()));
  }

  /**
   * All members pay until they are told to stop. A payment fails when the server is gone and stays
   * in doubt.
   */
  async payUntil(stopped: AbortSignal): Promise<void> {
    await Promise.all(this.members.map(async (member) => {
      while (!stopped.aborted) {
        const beganMs = performance.now();
        await member.pay(this.#planOf(member));
        this.#durationsMs.push(performance.now() - beganMs);
        if (this.#pauseMsMax > 0) await pause(Math.random() * this.#pauseMsMax);
      }
    }));
  }

  /** How long each payment took since this was last asked. */
  takeDurationsMs(): number[] {
    const taken = this.#durationsMs;
    this.#durationsMs = [];
    return taken;
  }

  /** Until nothing is in doubt. */
  async settle(): Promise<void> {
    await Promise.all(this.members.map((member) => member.settle()));
  }

  /** @throws when the ledger lacks a payment that a member has a receipt for, or was rewritten */
  async audit(): Promise<void> {
    for (const member of this.members) {
      const { missing, rewrittenAt } = await member.audit();
      assertEquals({ missing, rewrittenAt }, { missing: [], rewrittenAt: undefined }, member.name);
    }
  }

  async leave(): Promise<void> {
    for (const member of this.members) await member.leave();
  }

  #planOf(member: PayingMember): Plan {
    const dice = Math.random() * 100;
    const refund = dice < sharesOf.refund ? member.received.pop() : undefined;
    if (refund) return { refund };
    const others = this.members.filter((other) => other !== member);
    const { name: to } = others[Math.floor(Math.random() * others.length)]!;
    return { to, viaServer: dice < sharesOf.viaServer };
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
