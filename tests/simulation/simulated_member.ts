/**
 * A person with the product's client, who pays, is paid, gives back, asks, and starts the client again whenever it ended. Every payment is written
 * down with what the client said became of it.
 */
import type { AccountName } from "../../src/account_name.ts";
import { DataFolder } from "../../src/client/data_folder.ts";
import type { Member } from "../../src/client/member.ts";
import { Wallet } from "../../src/client/wallet.ts";
import type { SessionKey } from "../../src/envelope/session_key.ts";
import { MicropayError, UnknownOutcomeError } from "../../src/errors.ts";
import type { Amount } from "../../src/money.ts";
import { makeOrderId } from "../../src/random.ts";
import type { Endpoint } from "../../src/transport/byte_stream.ts";
import type { Dice } from "./dice.ts";
import { SimulatedDisk } from "./simulated_disk.ts";
import type { SimulatedNetwork } from "./simulated_network.ts";
import { type SimulatedMachine, SimulatedProcess } from "./simulated_process.ts";
import type { Trace } from "./trace.ts";

export interface MemberSetting {
  readonly name: AccountName;
  readonly others: readonly AccountName[];
  readonly server: Endpoint;
  readonly ca: { readonly pem: string; readonly path: string };
  readonly machine: SimulatedMachine;
  readonly network: SimulatedNetwork;
  readonly sessionKeys: readonly SessionKey[];
  readonly dice: Dice;
  readonly trace: Trace;
  /** Told when a payment was refused, and booked all the same. */
  readonly onContradiction: (name: AccountName) => void;
}

/** What the client said became of a payment: nothing yet, that it is booked, that it is not, or that it does not know. */
export type Said = "nothing" | "paid" | "refused" | "not_done" | "unknown";

export interface Attempt {
  readonly id: string;
  readonly to: AccountName;
  readonly amount: Amount;
  said: Said;
  /** Whether any terminal was told the server's no, which is not told again by the next start. */
  wasRefused: boolean;
}

const timeoutMs = 10_000;
/** Not online, not reached, or no room in the ledger: the order was not sent, or nothing became of it this time. */
const notSent: ReadonlySet<number> = new Set([263, 264, 510]);
/** With nothing going wrong any more the first one is enough, but for a connection that is not known to be gone. */
const leaveTriesMax = 10;
const twiceShare = 0.15;
const pauseMsMax = 4000;
/** Who has paid as often as it wanted to does something now and then. */
const restMsMax = 60_000;
const restartMsMax = 3000;
/** More than anybody begins with, now and then. */
const amountMax = 700;

export class SimulatedMember {
  readonly name: AccountName;
  readonly attempts: Attempt[] = [];
  /** Ids of payments that this member was told of as they came, as often as it was. */
  readonly notified: string[] = [];
  readonly #setting: MemberSetting;
  readonly #disk: SimulatedDisk;
  #process: SimulatedProcess | undefined;
  #paymentsLeft: number;
  #isRegistered = false;
  #isResting = false;

  constructor(setting: MemberSetting) {
    this.#setting = setting;
    this.name = setting.name;
    this.#disk = new SimulatedDisk(setting.dice.fork("disk"));
    this.#paymentsLeft = 1 + setting.dice.below(4);
  }

  /** Whether it has paid as often as it wanted to. */
  get isContent(): boolean {
    return this.#paymentsLeft === 0;
  }

  /** Ends the client in the middle of whatever it does, and does not start it again before it is time to {@link leave}. */
  rest(): void {
    this.#isResting = true;
    this.#process?.kill();
  }

  /** Starts the client and lets it go on, over however many lives it takes. */
  start(): void {
    if (this.#isResting) return;
    this.#live(this.#boot()).catch((error) => {
      this.#setting.trace.fail(`${this.name}: ${error?.stack}`);
    });
  }

  kill({ power }: { power: boolean }): void {
    const { dice, machine, trace } = this.#setting;
    if (!this.#process?.isAlive) return;
    trace.note(this.name, power ? "power cut" : "killed");
    machine.isUp = !power;
    this.#process.kill();
    machine.timeline.schedule(dice.between(10, restartMsMax), () => this.start());
  }

  /** Starts the client once more, to find out what is left to find out. To be called when it rests. */
  async leave<Result>(farewell: (member: Member) => Promise<Result>): Promise<Result> {
    const process = this.#boot();
    for (let tries = 1;; tries++) {
      try {
        const member = await this.#open(process);
        await this.#settle(member);
        const result = await farewell(member);
        await member.exit();
        process.kill();
        return result;
      } catch (error) {
        if (tries === leaveTriesMax) throw error;
        this.#noteError("leave", error);
        await this.#pause(restartMsMax);
      }
    }
  }

  #boot(): SimulatedProcess {
    const { machine } = this.#setting;
    machine.isUp = true;
    return this.#process = new SimulatedProcess(machine);
  }

  async #live(process: SimulatedProcess): Promise<void> {
    for (;;) {
      let member: Member | undefined;
      try {
        member = await this.#open(process);
        await this.#settle(member);
        const online = await this.#goOnline(member);
        while (online && member.context.link.isOpen) {
          await this.#pause(this.isContent ? restMsMax : pauseMsMax);
          await this.#act(member);
        }
      } catch (error) {
        this.#noteError("live", error);
      }
      await member?.abandon();
      await this.#pause(restartMsMax);
    }
  }

  async #open(process: SimulatedProcess): Promise<Member> {
    const { ca, dice, network, server, sessionKeys } = this.#setting;
    const wallet = new Wallet({
      server,
      folder: new DataFolder("/home", this.#disk.of(process)),
      trust: { ca },
      timeoutMs,
    }, {
      network: network.of(process),
      clock: process.clock,
      random: dice,
      sessionKey: dice.pick(sessionKeys),
    });
    if (!this.#isRegistered) {
      const outcome = await wallet.register(await wallet.connect(), this.name);
      this.#setting.trace.note(this.name, `register: ${outcome.outcome}`);
      this.#isRegistered = outcome.outcome === "answered";
    }
    return await wallet.member(await wallet.connect(), this.name);
  }

  async #goOnline(member: Member): Promise<boolean> {
    const { trace } = this.#setting;
    const outcome = await member.goOnline({
      listen: { host: "0.0.0.0", port: 0 },
      onPayment: ({ receipt }) => void this.notified.push(receipt.id),
      onFault: (error) => {
        if (!(error instanceof MicropayError)) trace.fail(`${this.name}'s listener: ${error}`);
      },
    });
    trace.note(this.name, `go online: ${outcome.outcome}`);
    return outcome.outcome === "answered";
  }

  async #act(member: Member): Promise<void> {
    const { dice, trace } = this.#setting;
    const open = this.attempts.filter(({ said }) => said === "unknown" || said === "nothing");
    if (open.length > 0 && dice.chance(0.5)) return await this.#try(member, dice.pick(open));
    if (dice.chance(0.15)) return await this.#giveBack(member);
    if (dice.chance(0.1)) {
      const audit = await member.audit();
      trace.note(this.name, `audit: ${audit.outcome}`);
      if (audit.outcome === "audited") this.#mustBeWhole(audit);
      return;
    }
    if (this.#paymentsLeft === 0) return;
    this.#paymentsLeft--;
    const attempt: Attempt = {
      id: makeOrderId(member.context.clock, dice),
      to: dice.pick(this.#setting.others),
      amount: (1 + dice.below(amountMax)) as Amount,
      said: "nothing",
      wasRefused: false,
    };
    this.attempts.push(attempt);
    await this.#try(member, attempt);
  }

  /** Pays, now and then from two terminals at once with the same id: directly, and through the server. */
  async #try(member: Member, attempt: Attempt): Promise<void> {
    const { dice } = this.#setting;
    const ways = dice.chance(twiceShare) ? [true, false] : [dice.chance(0.3)];
    const said = await Promise.all(ways.map((viaServer) => this.#pay(member, attempt, viaServer)));
    for (const word of ["paid", "unknown", "refused"] as const) {
      if (!said.includes(word)) continue;
      attempt.said = word;
      return;
    }
  }

  /** @returns what the client said; "nothing" where that is of this try alone: what was said before still holds */
  async #pay(member: Member, attempt: Attempt, viaServer: boolean): Promise<Said> {
    const { id, to, amount } = attempt;
    const { trace } = this.#setting;
    try {
      const outcome = await member.pay({ id, to, amount, viaServer });
      const isPaid = outcome.outcome === "paid";
      trace.note(this.name, `pay ${to} ${amount}: ${isPaid ? "paid" : `refused ${outcome.code}`}`);
      if (isPaid) return "paid";
      if (notSent.has(outcome.code)) return "nothing";
      attempt.wasRefused = true;
      return "refused";
    } catch (error) {
      if (!(error instanceof MicropayError)) throw error;
      trace.note(this.name, `pay ${to} ${amount}: ${error.code}`);
      return error instanceof UnknownOutcomeError ? "unknown" : "nothing";
    }
  }

  async #giveBack(member: Member): Promise<void> {
    const { dice, trace } = this.#setting;
    if (this.notified.length === 0) return;
    const id = dice.pick(this.notified);
    const amount = dice.chance(0.5) ? undefined : (1 + dice.below(50)) as Amount;
    try {
      const outcome = await member.refund({ id, amount });
      const what = outcome.outcome === "paid" ? "paid" : `refused ${outcome.code}`;
      trace.note(this.name, `refund: ${what}`);
    } catch (error) {
      if (!(error instanceof MicropayError)) throw error;
      trace.note(this.name, `refund: ${error.code}`);
    }
  }

  async #settle(member: Member): Promise<void> {
    for await (const settled of member.settle()) {
      const { id } = settled.item.order;
      this.#setting.trace.note(this.name, `settle: ${settled.outcome}`);
      const attempt = this.attempts.find((one) => one.id === id);
      if (!attempt) continue;
      if (settled.outcome === "done") {
        if (attempt.said === "refused") this.#setting.onContradiction(this.name);
        attempt.said = "paid";
      }
      if (settled.outcome === "not_done") attempt.said = "not_done";
    }
  }

  #mustBeWhole({ missing, rewrittenAt }: { missing: readonly unknown[]; rewrittenAt?: unknown }) {
    if (missing.length === 0 && rewrittenAt === undefined) return;
    this.#setting.trace.fail(`${this.name} misses ${missing.length} receipts in the ledger`);
  }

  #noteError(attempt: string, error: unknown): void {
    if (!(error instanceof MicropayError)) throw error;
    this.#setting.trace.note(this.name, `${attempt}: ${error.code}`);
  }

  #pause(msMax: number): Promise<void> {
    const { dice, machine } = this.#setting;
    const process = this.#process!;
    return process.alive(machine.timeline.sleep(dice.between(0, msMax)));
  }
}
