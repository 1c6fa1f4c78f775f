/**
 * What the system says about a process, from /proc: its memory and its open descriptors. Linux only.
 */

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

/** `84.1 MB, 31 descriptors` */
export function figuresText({ residentBytes, descriptors }: ProcessFigures): string {
  return `${(residentBytes / 1e6).toFixed(1)} MB, ${descriptors} descriptors`;
}
