import { assertEquals } from "@std/assert";
import { watchExpiry } from "../../src/server/expiry_watch.ts";
import type { ServerEvent } from "../../src/server/server_event.ts";
import { ManualClock } from "../manual_clock.ts";
import { startServer } from "./test_server.ts";

const dayMs = 86_400_000;
const hourMs = 3_600_000;

/** What is reported for certificates that last so many days, at the start and after each day. */
function watched({ server, ca }: { server: number; ca: number }) {
  const clock = new ManualClock();
  const startMs = clock.nowMs();
  const reported: string[] = [];
  const stop = watchExpiry({
    clock,
    report: (event: ServerEvent) => {
      if (event.kind !== "expiry") return;
      const day = Math.floor((clock.nowMs() - startMs) / dayMs);
      reported.push(`day ${day}: ${event.certificate}, ${event.daysLeft} left`);
    },
    serverNotAfterMs: startMs + server * dayMs,
    caNotAfterMs: startMs + ca * dayMs,
  });
  return {
    reported,
    stop,
    clock,
    pass(days: number) {
      for (let hours = 0; hours < days * 24; hours++) clock.advance(hourMs);
    },
  };
}

Deno.test("the server says 30, 14, 7, 3 and 1 days before its certificate ends, and when it has ended", () => {
  const { reported, pass, stop } = watched({ server: 40, ca: 3650 });
  assertEquals(reported, []);
  pass(50);
  assertEquals(reported, [
    "day 10: server, 30 left",
    "day 26: server, 14 left",
    "day 33: server, 7 left",
    "day 37: server, 3 left",
    "day 39: server, 1 left",
    "day 40: server, 0 left",
  ]);
  stop();
});

Deno.test("a certificate that ends soon is reported at the start, once for the day that was reached", () => {
  const { reported, pass, stop } = watched({ server: 10, ca: 3650 });
  assertEquals(reported, ["day 0: server, 10 left"]);
  pass(3);
  assertEquals(reported.slice(1), ["day 3: server, 7 left"]);
  stop();
});

Deno.test("a CA that ends soon is reported, and not the server's certificate that ends with it", () => {
  const { reported, stop } = watched({ server: 5, ca: 5 });
  assertEquals(reported, ["day 0: ca, 5 left"]);
  stop();
  const both = watched({ server: 2, ca: 20 });
  assertEquals(both.reported, ["day 0: ca, 20 left", "day 0: server, 2 left"]);
  both.stop();
});

Deno.test("nothing more is reported after the server has stopped, and nothing twice when a clock is set back", () => {
  const { reported, clock, pass, stop } = watched({ server: 15, ca: 3650 });
  pass(2);
  clock.jump(-2 * dayMs);
  pass(2);
  assertEquals(reported, ["day 0: server, 15 left", "day 1: server, 14 left"]);
  stop();
  pass(20);
  assertEquals(reported.length, 2);
});

Deno.test("a server whose certificate ends within a day says so as soon as it listens", async () => {
  await using server = await startServer();
  const { all } = server.events;
  assertEquals(all.map(({ kind }) => kind), ["listening", "expiry"]);
  const [, expiry] = all;
  assertEquals(expiry!.kind === "expiry" && [expiry.certificate, expiry.daysLeft], ["server", 1]);
});
