/**
 * What goes wrong in a history, and when.
 */
import type { Dice } from "./dice.ts";
import type { SimulatedMember } from "./simulated_member.ts";
import type { SimulatedNetwork } from "./simulated_network.ts";
import type { SimulatedServer } from "./simulated_server.ts";
import type { Trace } from "./trace.ts";

export interface Cast {
  readonly network: SimulatedNetwork;
  readonly server: SimulatedServer;
  readonly members: readonly SimulatedMember[];
  readonly trace: Trace;
}

const faultsMax = 8;
const pauseMsMax = 6000;
const brokenMsMax = 20_000;
const storageMsMax = 8000;
const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const jumpsMs = [hour, -hour, minute, -minute, 1000];

type Fault = (cast: Cast, dice: Dice) => void;

const faults: Readonly<Record<string, Fault>> = {
  "kill the server": ({ server }) => server.kill({ power: false }),
  "cut the server's power": ({ server }) => server.kill({ power: true }),
  "kill a client": ({ members }, dice) => dice.pick(members).kill({ power: false }),
  "cut a client's power": ({ members }, dice) => dice.pick(members).kill({ power: true }),
  "cut a connection": ({ network }, dice) => {
    if (network.open.length === 0) return;
    const { near, far } = dice.pick(network.open);
    // One end may find out long before the other, or alone.
    if (dice.chance(0.7)) near.reset();
    if (near.isClosed ? dice.chance(0.7) : true) far.reset();
  },
  "break a way": ({ network }, dice) => {
    const [one, other] = [dice.pick(network.machines).host, dice.pick(network.machines).host];
    network.breakWay(one, other);
    network.timeline.schedule(dice.between(0, brokenMsMax), () => network.heal(one, other));
  },
  "fill the disk": storageFault("full"),
  "lock the ledger": storageFault("busy"),
  "fail the next commit": ({ server }) => void (server.storage.state = "failing"),
  "set the server's clock": ({ server: { machine } }, dice) =>
    machine.setClock(machine.clockOffsetMs + dice.pick(jumpsMs)),
  "set a client's clock": ({ members }, dice) => {
    const { machine } = dice.pick(members);
    // Orders carry the server's time. A clock that is further off only keeps the client from
    // trusting peers.
    machine.setClock(dice.pick([...jumpsMs, 400 * day, -400 * day]));
  },
};

function storageFault(state: "full" | "busy"): Fault {
  return ({ network, server: { storage } }, dice) => {
    storage.state = state;
    network.timeline.schedule(dice.between(0, storageMsMax), () => {
      if (storage.state === state) storage.state = "good";
    });
  };
}

/**
 * Causes faults for a while. When it resolves, only what was closed or killed is still faulty.
 *
 * @returns the number of faults
 */
export async function letThingsGoWrong(cast: Cast, dice: Dice): Promise<number> {
  const { network, server, trace } = cast;
  const names = Object.keys(faults);
  const count = dice.below(faultsMax + 1);
  for (let done = 0; done < count; done++) {
    await network.timeline.sleep(dice.between(0, pauseMsMax));
    const name = dice.pick(names);
    trace.note("fault", name);
    faults[name]!(cast, dice);
  }
  await network.timeline.sleep(dice.between(0, pauseMsMax));
  network.healAll();
  server.storage.state = "good";
  for (const machine of network.machines) machine.setClock(0);
  trace.note("fault", "no more");
  return count;
}
