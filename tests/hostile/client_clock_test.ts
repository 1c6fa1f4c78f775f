/**
 * A member's own clock is wrong, or is set while it is connected: nothing hangs, a member who is
 * connected goes on paying, and only a new connection notices.
 */
import { assert, assertEquals } from "@std/assert";
import { systemClock } from "../../src/clock.ts";
import type { Amount } from "../../src/money.ts";
import { receiveGreeting } from "../../src/transport/connect_channel.ts";
import { tcpNetwork } from "../../src/transport/tcp_network.ts";
import { type Result, resultOf } from "../client/payment/payee_scripts.ts";
import { memberOf } from "../client/test_member.ts";
import { Member } from "../../src/client/member.ts";
import { named, startServer, timeoutMs } from "../server/test_server.ts";

const hour = 3_600_000;
const day = 24 * hour;

/** The change, whether a new connection is trusted, and the outcome of a payment on an old one. */
const rows: readonly { title: string; byMs: number; connects: boolean; result: Result }[] = [
  { title: "an hour ahead", byMs: hour, connects: true, result: "paid" },
  { title: "an hour behind", byMs: -hour, connects: true, result: "paid" },
  // A receipt is checked for the time that it names, so the member's clock has no part in it.
  { title: "400 days ahead", byMs: 400 * day, connects: false, result: "paid" },
  { title: "400 days behind", byMs: -400 * day, connects: false, result: "paid" },
];

for (const { title, byMs, connects, result } of rows) {
  Deno.test(`clock: a client that is ${title} ${connects ? "connects" : "does not connect"}, its payment is ${result}, and it pays once when the clock is right`, async () => {
    await using server = await startServer();
    const [alice] = [await server.enroll("alice"), await server.enroll("bob")];
    const right = await memberOf(server, alice);
    const clock = { ...systemClock, nowMs: () => systemClock.nowMs() + byMs };
    const wrong = new Member({ ...right.context, clock });

    const signal = new AbortController().signal;
    const resolveAnchor = () => Promise.resolve(server.anchor);
    const stream = await tcpNetwork.connect(server.endpoint, { signal });
    const options = { role: "server", resolveAnchor, clock, timeoutMs } as const;
    const connected = await receiveGreeting(stream, options).then(
      () => "trusted",
      (error) => error.code,
    );
    assertEquals(connected, connects ? "trusted" : "untrusted");
    stream.close();

    const terms = { payee: named("bob"), amount: 10 as Amount, viaServer: true };
    assertEquals(await resultOf(() => wrong.pay(terms)), result);
    assertEquals(await server.balanceOf("alice"), 9990);
    for await (const { outcome } of right.settle()) assertEquals(outcome, "done");
    assertEquals(await right.context.outbox.ids(), []);
    assertEquals(await server.balanceOf("alice"), 9990);
    assert(right.context.link.isOpen);
    await right.abandon();
  });
}
