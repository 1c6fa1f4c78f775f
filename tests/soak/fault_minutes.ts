/**
 * Runs random payments for some minutes with a fault every few seconds. Then it compares every
 * answer that a member got with the ledger.
 */
import { assertEquals } from "@std/assert";
import {
  figuresText,
  hasProcessFigures,
  type ProcessFigures,
  processFigures,
} from "../faults/process_figures.ts";
import { type CheckedRound, checkRound } from "./check_round.ts";
import { Crowd, pause } from "./crowd.ts";
import { MemoryRecord } from "./memory_record.ts";
import { type Fault, SoakedServer } from "./soaked_server.ts";

export interface FaultOptions {
  readonly members: number;
  /** Whether it is enough, asked after each fault. */
  readonly isEnough: (faults: number) => boolean;
  /** Time from one fault's end to the next one. */
  readonly everyMs: number;
  /**
   * The faults in a repeating order. The default is every fault that this machine supports, with a
   * kill in every third round.
   */
  readonly faults?: readonly Fault[];
  readonly pauseMsMax?: number;
  readonly say: (line: string) => void;
}

export interface FaultFigures extends CheckedRound {
  readonly faults: Readonly<Partial<Record<Fault, number>>>;
  readonly refusals: Readonly<Record<number, number>>;
}

/** Seconds of a process's life that its memory's slope leaves out. */
const warmUpSeconds = 30;

/** @throws when at the end anything is not as it has to be */
export async function faultMinutes(options: FaultOptions): Promise<FaultFigures> {
  await using server = await SoakedServer.start();
  const { members, pauseMsMax, say } = options;
  const crowd = await Crowd.open(server.scene, {
    members,
    ports: [server.proxy.port],
    ...(pauseMsMax !== undefined && { pauseMsMax }),
  });
  const before = await bothFigures(server);
  const stopped = new AbortController();
  const paying = crowd.payUntil(stopped.signal);
  const { counts, ...records } = await sufferFaults(server, crowd, options);
  stopped.abort();
  await paying;
  await crowd.settle();
  await crowd.connect();
  await crowd.audit();
  sayFigures(before, await bothFigures(server), say);
  sayMemory(records, say);
  await crowd.leave();
  const ended = await server.scene.server.stop();
  assertEquals(ended.code, 0, ended.stderr);
  const checked = await checkRound(server.scene, crowd.attempts, { db: server.db });
  return { ...checked, faults: counts, refusals: crowd.refusals };
}

async function sufferFaults(
  server: SoakedServer,
  crowd: Crowd,
  { isEnough, everyMs, faults = thrice(server.faults), say }: FaultOptions,
) {
  const counts: Partial<Record<Fault, number>> = {};
  const lives = [new MemoryRecord()];
  const [across, own] = [new MemoryRecord(), new MemoryRecord()];
  const startMs = performance.now();
  for (let number = 0; !isEnough(number); number++) {
    await look([[server.pid, lives.at(-1)!], [server.pid, across], [Deno.pid, own]]);
    await pause(everyMs / 2);
    await look([[server.pid, lives.at(-1)!], [server.pid, across], [Deno.pid, own]]);
    await pause(everyMs / 2);
    const fault = faults[number % faults.length]!;
    const suffered = server.suffer(fault);
    crowd.back = suffered;
    await suffered;
    counts[fault] = (counts[fault] ?? 0) + 1;
    if (fault === "kill") lives.push(new MemoryRecord());
    const { length } = crowd.attempts;
    say(
      `${((performance.now() - startMs) / 1000).toFixed(0)} s: ${fault}, ${length} payments tried`,
    );
  }
  return { counts, lives, across, own };
}

/** So that the server lives long enough for its memory to be looked at. */
function thrice(faults: readonly Fault[]): Fault[] {
  const mild = faults.filter((fault) => fault !== "kill");
  return [...mild, ...mild, ...mild, "kill"];
}

async function look(records: readonly (readonly [pid: number, MemoryRecord])[]): Promise<void> {
  if (!hasProcessFigures) return;
  for (const [pid, record] of records) await record.look(pid);
}

async function bothFigures({ pid }: SoakedServer): Promise<ProcessFigures[]> {
  return hasProcessFigures ? [await processFigures(pid), await processFigures(Deno.pid)] : [];
}

function sayFigures(
  before: readonly ProcessFigures[],
  after: readonly ProcessFigures[],
  say: (line: string) => void,
): void {
  for (const [index, who] of ["server", "clients"].entries()) {
    const [first, last] = [before[index], after[index]];
    if (first && last) say(`${who}: ${figuresText(first)} before, ${figuresText(last)} after`);
  }
}

function sayMemory(
  { lives, across, own }: { lives: MemoryRecord[]; across: MemoryRecord; own: MemoryRecord },
  say: (line: string) => void,
): void {
  const text = (record: MemoryRecord) =>
    record.slope({ after: warmUpSeconds })?.toFixed(2) ?? "too short";
  for (const [index, life] of lives.entries()) {
    if (!life.last) continue;
    say(
      `server's life ${index + 1}: ${life.minutes.toFixed(1)} minutes, ends with ` +
        `${figuresText(life.last)}, MB a minute: ${text(life)}`,
    );
  }
  say(`MB a minute: server across its lives ${text(across)}, clients ${text(own)}`);
}
