/** Reads the memory use and the number of open descriptors of a process from /proc. Linux only. */
import { readTextIfThere } from "../../src/durable_files.ts";

export interface ProcessFigures {
  /** Bytes of memory that it really has (VmRSS). */
  readonly residentBytes: number;
  /** Sockets, files and pipes that it has open. */
  readonly descriptors: number;
}

/** Whether this machine tells. */
export const hasProcessFigures = Deno.build.os === "linux";

export async function processFigures(pid: number): Promise<ProcessFigures> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  const kilobytes = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)![1]);
  const descriptors = await Array.fromAsync(Deno.readDir(`/proc/${pid}/fd`));
  return { residentBytes: kilobytes * 1024, descriptors: descriptors.length };
}

/** Clock ticks of `/proc/PID/stat` in a second. Linux shows 100 to programs on every processor. */
const ticksPerSecond = 100;

/** CPU time that a process has taken so far; `undefined` where this machine does not tell. */
export async function processCpuMs(
  pid: number,
): Promise<{ readonly userMs: number; readonly systemMs: number } | undefined> {
  if (!hasProcessFigures) return undefined;
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
  // The second field is the program's name in brackets, and may hold blanks.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ms = (field: string | undefined) => Number(field) * 1000 / ticksPerSecond;
  return { userMs: ms(fields[11]), systemMs: ms(fields[12]) };
}

/**
 * Returns the CPU time of all threads that a running process has, to the nanosecond. Linux only.
 */
export async function cpuMsOf(pid: number): Promise<number> {
  let nanoseconds = 0;
  for await (const { name } of Deno.readDir(`/proc/${pid}/task`)) {
    const thread = `/proc/${pid}/task/${name}/schedstat`;
    // A thread may end between both reads.
    const [onCpu = "0"] = (readTextIfThere(thread) ?? "").split(" ");
    nanoseconds += Number(onCpu);
  }
  return nanoseconds / 1e6;
}

/** Returns the most memory that a running process ever had (VmHWM), in bytes. Linux only. */
export async function peakBytesOf(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)![1]) * 1024;
}

/** `84.1 MB, 31 descriptors` */
export function figuresText({ residentBytes, descriptors }: ProcessFigures): string {
  return `${(residentBytes / 1e6).toFixed(1)} MB, ${descriptors} descriptors`;
}
