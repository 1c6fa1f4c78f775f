/**
 * The product's server, one life after the other, on a ledger that stays.
 */
import type { SessionKey } from "../../src/envelope/session_key.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import type { CertificateAuthority } from "../../src/pki/certificate_authority.ts";
import type { Identity } from "../../src/pki/identity.ts";
import { MicropayError } from "../../src/errors.ts";
import { ChangeHistory } from "../../src/protocol/change_history.ts";
import { Server } from "../../src/server/server.ts";
import type { ServerEvent } from "../../src/server/server_event.ts";
import { SessionKeys } from "../../src/server/session/session_keys.ts";
import type { Endpoint } from "../../src/transport/byte_stream.ts";
import type { Dice } from "./dice.ts";
import { FailingStorage } from "./failing_storage.ts";
import type { SimulatedNetwork } from "./simulated_network.ts";
import { type SimulatedMachine, SimulatedProcess } from "./simulated_process.ts";
import type { Trace } from "./trace.ts";

/** Made once for all histories: making keys takes longer than a history. */
export interface Authorities {
  readonly authority: CertificateAuthority;
  readonly identity: Identity;
  readonly sessionKeys: readonly SessionKey[];
}

export interface ServerSetting extends Authorities {
  readonly machine: SimulatedMachine;
  readonly network: SimulatedNetwork;
  readonly ledger: Ledger;
  readonly dice: Dice;
  readonly trace: Trace;
  /** How many connections of members are served at a time. */
  readonly userLimit: number;
}

export const initialBalance = 1000;
const port = 8888;
const accountsMax = 100;
/** New connections get another key so often: many times in a history. */
const rekeyMs = 20_000;
const restartMsMax = 4000;

export class SimulatedServer {
  readonly endpoint: Endpoint;
  readonly storage: FailingStorage;
  readonly machine: SimulatedMachine;
  readonly #setting: ServerSetting;
  #process: SimulatedProcess | undefined;
  #server: Server | undefined;

  constructor(setting: ServerSetting) {
    this.#setting = setting;
    this.machine = setting.machine;
    this.endpoint = { host: setting.machine.host, port };
    this.storage = new FailingStorage(setting.ledger, setting.dice.fork("storage"));
  }

  async start(): Promise<void> {
    const { authority, dice, identity, machine, network, sessionKeys, trace, userLimit } =
      this.#setting;
    await this.#takeEverybodyOffline();
    machine.isUp = true;
    const process = new SimulatedProcess(machine);
    this.#process = process;
    const generate = () => Promise.resolve(dice.pick(sessionKeys));
    const keys = await SessionKeys.open({ generate, clock: process.clock, everyMs: rekeyMs });
    if (!process.isAlive) return;
    const ledger = this.storage.openedBy(process);
    const listener = network.of(process).listen(this.endpoint);
    const server = new Server({ listener, userLimit, initialBalance, accountsMax }, {
      ledger,
      changes: new ChangeHistory({ ledger, anchor: authority.anchor }),
      anchor: authority.anchor,
      authority,
      identity,
      sessionKeys: keys,
      clock: process.clock,
      random: dice,
      report: (event) => process.isAlive && this.#note(event),
    });
    this.#server = server;
    server.stopped.catch((error) => {
      trace.note("server", `stopped: ${error.message}`);
      this.kill({ power: false });
    });
  }

  /**
   * Kills it at any step and starts it again some time later. Does nothing when it is already down.
   */
  kill({ power }: { power: boolean }): void {
    const { dice, machine, trace } = this.#setting;
    if (!this.#process?.isAlive) return;
    trace.note("server", power ? "power cut" : "killed");
    machine.isUp = !power;
    this.#process.kill();
    machine.timeline.schedule(dice.between(10, restartMsMax), () => this.start());
  }

  /** Ends it in good order, and for good. */
  async stop(): Promise<void> {
    await this.#server!.stop();
    this.#process!.kill();
  }

  /** Everybody is offline when a ledger is opened. */
  async #takeEverybodyOffline(): Promise<void> {
    const { ledger } = this.#setting;
    for (const { name } of await ledger.online({ limit: 200 })) await ledger.takeOffline(name);
  }

  #note(event: ServerEvent): void {
    const { trace } = this.#setting;
    trace.note("server", serverEventText(event));
    // The server continues after these faults. Only the storage or the network may have caused
    // them.
    if (event.kind === "fault" && !(event.error instanceof MicropayError)) {
      trace.fail(`the server met what it did not expect: ${(event.error as Error)?.stack}`);
    }
  }
}

/** Without what is different every time: the sealed line. */
function serverEventText(event: ServerEvent): string {
  switch (event.kind) {
    case "message":
      return `message ${event.notation.replace(/[0-9a-f-]{36}/, "…")}`;
    case "refused":
      return `refused ${event.code}`;
    case "line_refused":
      return `line refused: ${event.reason}`;
    case "fault":
      return `fault: ${event.attempt}`;
    default:
      return "remote" in event ? `${event.kind} ${event.remote.host}` : event.kind;
  }
}
