/**
 * A person's machine with the product's client on it, which is started again whenever it ended.
 */
import type { AccountName } from "../../src/account_name.ts";
import { DataFolder } from "../../src/client/wallet/data_folder.ts";
import type { Member } from "../../src/client/member.ts";
import { Wallet } from "../../src/client/wallet.ts";
import type { SessionKey } from "../../src/envelope/session_key.ts";
import { MicropayError } from "../../src/errors.ts";
import type { Endpoint } from "../../src/transport/byte_stream.ts";
import { type ActsSetting, MemberActs } from "./member_acts.ts";
import type { ShownLedger } from "./shown_ledger.ts";
import { SimulatedDisk } from "./simulated_disk.ts";
import type { SimulatedNetwork } from "./simulated_network.ts";
import { type SimulatedMachine, SimulatedProcess } from "./simulated_process.ts";

export interface MemberSetting extends ActsSetting {
  readonly server: Endpoint;
  readonly ca: { readonly pem: string; readonly path: string };
  readonly machine: SimulatedMachine;
  readonly network: SimulatedNetwork;
  readonly sessionKeys: readonly SessionKey[];
}

const timeoutMs = 10_000;
/** Without further faults the first try is enough, unless a dead connection is not yet noticed. */
const leaveTriesMax = 10;
const pauseMsMax = 4000;
/** Who has paid as often as it wanted to does something now and then. */
const restMsMax = 60_000;
const restartMsMax = 3000;

export class SimulatedMember {
  readonly name: AccountName;
  readonly acts: MemberActs;
  readonly machine: SimulatedMachine;
  /** The ledger that its server shows it. */
  readonly shown: ShownLedger;
  readonly #setting: MemberSetting;
  readonly #disk: SimulatedDisk;
  #process: SimulatedProcess | undefined;
  #isRegistered = false;
  #isResting = false;

  constructor(setting: MemberSetting) {
    this.#setting = setting;
    this.name = setting.name;
    this.machine = setting.machine;
    this.shown = setting.shown;
    this.#disk = new SimulatedDisk(setting.dice.fork("disk"));
    this.acts = new MemberActs(setting);
  }

  /** Kills the client at any step. It starts again only when it is time to {@link leave}. */
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

  /**
   * Starts the client again to resolve the remaining doubts. Call it when the client is at rest.
   */
  async leave<Result>(farewell: (member: Member) => Promise<Result>): Promise<Result> {
    const process = this.#boot();
    for (let tries = 1;; tries++) {
      try {
        const member = await this.#open(process);
        await this.acts.settle(member);
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
        await this.acts.settle(member);
        const online = await this.#goOnline(member);
        while (online && member.context.link.isOpen) {
          await this.#pause(this.acts.isContent ? restMsMax : pauseMsMax);
          await this.acts.act(member);
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
      servers: [server],
      folder: new DataFolder("/home", this.#disk.of(process)),
      trust: { ca },
      timeoutMs,
    }, {
      network: network.of(process),
      clock: process.clock,
      random: dice,
      makeSessionKey: () => Promise.resolve(dice.pick(sessionKeys)),
      store: this.#disk.storeOf(process),
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
      listen: { host: "::", port: 0 },
      onPayment: ({ receipt }) => void this.acts.notified.push(receipt.payload.id),
      onFault: (error) => {
        if (!(error instanceof MicropayError)) trace.fail(`${this.name}'s listener: ${error}`);
      },
    });
    trace.note(this.name, `go online: ${outcome.outcome}`);
    return outcome.outcome === "answered";
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
