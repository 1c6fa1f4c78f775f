/**
 * A greeting outside this machine's time is refused with both dates and the difference of the
 * clocks.
 */
import { assertEquals, assertRejects } from "@std/assert";
import { systemClock } from "../../src/clock.ts";
import { readGreeting, writeGreeting } from "../../src/envelope/greeting.ts";
import { EnvelopeError } from "../../src/errors.ts";
import { makeNonce, systemRandom } from "../../src/random.ts";
import { serverIdentity, sessionKey, startServer } from "../server/test_server.ts";

const hourMs = 3_600_000;

Deno.test("greeting: the refusal for a wrong clock names dates and hours", async () => {
  await using server = await startServer();
  const { anchor, authority } = server;
  const atMs = Math.floor(systemClock.nowMs() / 1000) * 1000;
  const line = writeGreeting({
    identity: serverIdentity(authority),
    sessionKey,
    nonce: makeNonce(systemRandom),
    atMs,
  });
  const read = (now: number) => readGreeting(line, { anchor, role: "server", atMs: now });
  assertEquals((await read(atMs)).issuedAtMs, atMs);
  const now = atMs + 5 * hourMs;
  const { message } = await assertRejects(() => read(now), EnvelopeError);
  const date = (ms: number) => new Date(ms).toISOString();
  assertEquals(
    message,
    `read a greeting: it is valid from ${date(atMs)} to ${date(atMs + hourMs)}, and this ` +
      `machine's clock says ${
        date(now)
      }, 5 hours from the other side's; set the clock that is wrong`,
  );
});
