/** A network namespace for a process, joined to this machine by a filtered link. Linux, as root. */
import { succeeds } from "../command_succeeds.ts";

export interface NetworkNamespace extends AsyncDisposable {
  /** The address that is inside. */
  readonly host: string;
  /** Words before a command that is to run inside. */
  readonly prefix: readonly string[];
  /** Appends a rule of `iptables` inside, or deletes it. */
  filter(action: "-A" | "-D", rule: readonly string[]): Promise<void>;
}

/** @returns `undefined` where none can be made, or not filtered */
export async function openNamespace(): Promise<NetworkNamespace | undefined> {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return undefined;
  const mark = String(10_000 + Math.floor(Math.random() * 50_000));
  const [name, outside, inside] = [`mp${mark}`, `mpo${mark}`, `mpi${mark}`];
  // Four addresses of a block that is reserved for benchmarks of network devices (RFC 2544).
  const block = Number(mark) * 4;
  const address = (last: number) => `198.18.${(block >> 8) & 255}.${(block & 252) + last}`;
  const within = ["ip", "netns", "exec", name];
  const steps = [
    ["ip", "netns", "add", name],
    ["ip", "link", "add", outside, "type", "veth", "peer", "name", inside, "netns", name],
    ["ip", "address", "add", `${address(1)}/30`, "dev", outside],
    ["ip", "link", "set", outside, "up"],
    [...within, "ip", "address", "add", `${address(2)}/30`, "dev", inside],
    [...within, "ip", "link", "set", inside, "up"],
    [...within, "iptables", "-L", "-n"],
  ];
  for (const step of steps) {
    if (await succeeds(step)) continue;
    await succeeds(["ip", "netns", "delete", name]);
    return undefined;
  }
  return {
    host: address(2),
    prefix: within,
    async filter(action, rule) {
      const command = [...within, "iptables", action, ...rule];
      if (!await succeeds(command)) throw new Error(`cannot run ${command.join(" ")}`);
    },
    async [Symbol.asyncDispose]() {
      await succeeds(["ip", "netns", "delete", name]);
    },
  };
}
