/**
 * A stranger cannot fill the disk that the server's output is kept on.
 */
import { assert, assertEquals } from "@std/assert";
import { openServerLog } from "../../src/cli/server/server_log.ts";
import { logLinesMax, logSealedBytesMax, logWindowMs } from "../../src/limits.ts";
import type { JsonObject } from "../../src/strict_json.ts";
import { ManualClock } from "../manual_clock.ts";
import { makeApplicant, startServer } from "../server/test_server.ts";

/** A line of words is a notation or a text that is cut, an address, and little more. */
const wordsBytesMax = 400;

/**
 * A request of no route, one for members, a malformed one, and a registration with a wrong name.
 */
const requests: readonly { type: string; body: JsonObject }[] = [
  { type: "x", body: { a: "y".repeat(30_000) } },
  { type: "balance", body: {} },
  { type: "submit", body: { orders: ["x".repeat(10_000)] } },
  { type: "register", body: { name: "somebody" } },
];

Deno.test("log: the output that a stranger causes is bounded in lines and in bytes, for all messages", async (t) => {
  await using server = await startServer();
  // Each gives two lines.
  const messages = logLinesMax;
  await sendAsStranger(server, messages);
  const events = server.events.all;
  assertEquals(events.filter(({ kind }) => kind === "refused").length, messages);
  for (const format of ["text", "json"] as const) {
    await t.step(`as ${format}`, () => {
      const clock = new ManualClock();
      const printed: string[] = [];
      const print = (line: string) => printed.push(line);
      const log = openServerLog({ format, silent: false, clock, print });
      // That the test's own certificate ends soon is no stranger's doing.
      for (const event of events) if (event.kind !== "expiry") log.report(event);
      const bytes = printed.reduce((sum, line) => sum + line.length + 1, 0);
      // When a JSON line repeats in fields what its words say.
      const bytesMax = logSealedBytesMax + 3 * logLinesMax * wordsBytesMax;
      assertEquals(printed.filter((line) => !line.includes("listening")).length, logLinesMax);
      assert(bytes <= bytesMax, `${bytes} bytes`);
      clock.advance(logWindowMs);
      assert(/127\.0\.0\.1: \d{3,} more lines about it are left out/.test(printed.at(-1)!));
    });
  }
});

async function sendAsStranger(
  server: Awaited<ReturnType<typeof startServer>>,
  messages: number,
): Promise<void> {
  const { signer } = makeApplicant("nobody");
  const { channel } = await server.link(signer);
  for (let count = 0; count < messages; count++) {
    const { type, body } = requests[count % requests.length]!;
    await channel.send(type, body).written;
  }
  const refused = () => server.events.all.filter(({ kind }) => kind === "refused").length;
  await server.events.until(() => refused() === messages, { what: "an answer to each" });
}
