/**
 * `deno task load`: the time of a payment through the real server under load by strangers. First
 * 10,000 connections close at once. Then 900 send a byte every ten seconds and 100 never send,
 * which is as many as a server keeps. It also prints the resources of the server's process before
 * and after. All processes share this machine's processors.
 */
import { assert, assertEquals } from "@std/assert";
import { openScene } from "../end_to_end/driver.ts";
import { Crowd } from "../soak/crowd.ts";
import { firstMessageTimeoutMs } from "../../src/limits.ts";
import { figuresText, processFigures } from "./process_figures.ts";
import { closeAtOnce, StrangersAbroad } from "./strangers.ts";

const members = 8;
const userLimit = 20;
const aloneMs = 20_000;
const byteEveryMs = 10_000;

await using scene = await openScene();
await scene.startServer({ args: [String(userLimit), "--silent", "--host", "127.0.0.1"] });
const { port, program } = scene.server;
const crowd = await Crowd.open(scene, { members, ports: [port], pauseMsMax: 200 });
const before = await processFigures(program.pid);
console.log(`server: ${figuresText(before)}`);
console.log("strangers                              payments  median ms  99th pct ms");
await measure("none", () => pause(aloneMs));
await measure("10,000 that close at once", () => closeAtOnce(port, 10_000));
await sayFigures("after them");
await using strangers = new StrangersAbroad(port);
await measure("900 that come, and 100", () => strangers.come({ slow: 900, silent: 100 }));
await sayFigures("with them");
await measure("a byte every 10 s from 900", async () => {
  const endMs = performance.now() + firstMessageTimeoutMs + byteEveryMs;
  while (strangers.open > 0 && performance.now() < endMs) {
    await Promise.race([pause(byteEveryMs), strangers.allClosed]);
    strangers.sendByte();
  }
});
assertEquals(strangers.open, 0, "strangers whose time is up and who are not closed");
await measure("none", () => pause(aloneMs));
await sayFigures("after them");
assertEquals((await processFigures(program.pid)).descriptors, before.descriptors);
await crowd.leave();
assertEquals((await scene.server.stop()).code, 0);

async function measure(title: string, action: () => Promise<void>): Promise<void> {
  const stopped = new AbortController();
  const paying = crowd.payUntil(stopped.signal);
  await action();
  stopped.abort();
  await paying;
  const times = crowd.takeDurationsMs().sort((a, b) => a - b);
  assert(crowd.attempts.every(({ paid, refusal }) => paid ?? refusal), "a payment is in doubt");
  const at = (share: number) => times[Math.ceil(share * times.length) - 1]!.toFixed(1);
  console.log(
    `${title.padEnd(37)}  ${String(times.length).padStart(8)}  ${at(0.5).padStart(9)}  ` +
      `${at(0.99).padStart(11)}`,
  );
}

async function sayFigures(when: string): Promise<void> {
  console.log(`server ${when}: ${figuresText(await processFigures(program.pid))}`);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
