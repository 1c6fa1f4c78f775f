/**
 * The full-screen client against a real server: what a person does and sees, without the picture.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Amount } from "../../../../src/money.ts";
import { fieldLengthMax } from "../../../../src/cli/client/screen/text_field.ts";
import { requestUri } from "../../../../src/cli/client/request_command.ts";
import { ordersPerSubmitMax, peersPeriodMs, reconnectMsMax } from "../../../../src/limits.ts";
import { named } from "../../../server/test_server.ts";
import { waitUntil } from "../../../server/wait_until.ts";
import { memberOf } from "../../../client/test_member.ts";
import { registerAlice, type ScreenScene, withScreen } from "./screen_scene.ts";

const toAlice = (amount: number, memo?: string) => ({
  payee: named("alice"),
  amount: amount as Amount,
  memo,
  viaServer: true,
});

/** Lets bob log in, so that he can be paid directly. */
async function bobOnline({ bob, clock, until }: ScreenScene): Promise<void> {
  const outcome = await bob.goOnline({
    listen: { host: "127.0.0.1", port: 0 },
    onPayment: () => {},
    onFault: (error) => {
      throw error;
    },
  });
  assertEquals(outcome.outcome, "answered");
  clock.advance(peersPeriodMs);
  await until(({ peers }) => peers.includes("bob"));
}

Deno.test("screen: a new user registers, sees the peers live, pays one, and leaves", async () => {
  await withScreen(async (scene) => {
    await registerAlice(scene);
    await bobOnline(scene);
    scene.keys("p");
    const { overlay } = scene.driver.state;
    assert(overlay?.kind === "form");
    assertEquals(overlay.form.fields.map(({ text }) => text), ["bob", "", ""]);
    assertEquals(overlay.form.fields[0]!.completions, ["bob", "carol"]);
    scene.type("7");
    scene.press("enter");
    scene.type("soup");
    scene.press("enter");
    const paid = await scene.until(({ activity, overlay }) =>
      !overlay && activity.rows[0]?.state === "paid" && activity.rows[0].memo === "soup"
    );
    const { other, amount, entry, way } = paid.activity.rows[0]!;
    assertEquals([other, amount, way], ["bob", 7, "direct"]);
    assert(entry !== undefined);
    await scene.until(({ balance }) => balance === 9993);
    assertMatch(
      scene.driver.state.notice!.text,
      /^transfer OK; paid 7 to bob, balance 9993, entry/,
    );
    scene.press("tab", "enter");
    const shown = await scene.until(({ overlay }) => overlay?.kind === "details");
    assert(shown.overlay?.kind === "details");
    assertMatch(shown.overlay.lines.join("\n"), /directly[^]*receipt is in [^]* receipt \d+$/);
    scene.press("escape");
    scene.keys("q");
    assertEquals(await scene.left, ["Bye"]);
  });
});

Deno.test("screen: a form keeps its texts while payments arrive, and takes keys afterwards", async () => {
  await withScreen(async (scene) => {
    await registerAlice(scene);
    scene.keys("p");
    scene.type("bo");
    assertEquals((await scene.bob.pay(toAlice(5, "早い昼食"))).outcome, "paid");
    const { notice, overlay } = await scene.until(({ activity }) =>
      activity.rows[0]?.other === "bob"
    );
    assertMatch(notice!.text, /^\[Notification\] bob just sent you \$5!/);
    assert(overlay?.kind === "form");
    assertEquals(overlay.form.fields[0]!.text, "bo");
    scene.type("b");
    const now = scene.driver.state.overlay;
    assert(now?.kind === "form");
    assertEquals(now.form.fields[0]!.text, "bob");
    // A terminal without bracketed paste sends a paste as typed keys.
    let changes = 0;
    scene.driver.subscribe(() => changes++);
    scene.keys("x".repeat(100_000));
    const pasted = scene.driver.state.overlay;
    assert(pasted?.kind === "form");
    assertEquals([pasted.form.fields[0]!.text.length, changes], [fieldLengthMax, 1]);
  });
});

Deno.test("screen: a payee who is away is paid through the server after a question", async () => {
  await withScreen(async (scene) => {
    await registerAlice(scene);
    scene.keys("p");
    scene.type("bob");
    scene.press("enter");
    scene.type("3");
    scene.press("enter", "enter");
    const asked = await scene.until(({ overlay }) => overlay?.kind === "question");
    assert(asked.overlay?.kind === "question");
    assertEquals(asked.overlay.lines.at(-1), "Pay 3 to bob through the server?");
    assertEquals(asked.activity.rows[0]?.state, "failed");
    scene.keys("y");
    await scene.until(({ activity }) =>
      activity.rows[0]?.state === "paid" && activity.rows[0].way === "server"
    );
    assertEquals(scene.driver.state.activity.rows.some(({ state }) => state === "failed"), false);
  });
});

Deno.test("screen: the chosen payment is refunded, and a second refund is refused", async () => {
  await withScreen(async (scene) => {
    await registerAlice(scene);
    await scene.bob.pay(toAlice(5));
    await scene.until(({ activity }) => activity.rows[0]?.other === "bob");
    scene.press("tab");
    scene.keys("f");
    scene.press("enter");
    const { activity } = await scene.until(({ activity, overlay }) =>
      !overlay && activity.rows[0]?.state === "paid" && activity.rows[0].entry !== undefined
    );
    assertEquals(activity.rows[0]!.amount, 5);
    scene.keys("j");
    scene.keys("f");
    scene.press("enter");
    const { notice, overlay } = await scene.until(({ notice }) => notice?.kind === "failed");
    assertMatch(notice!.text, /nothing is left of entry/);
    assert(overlay?.kind === "form" && !overlay.form.busy);
  });
});

Deno.test("screen: of 1,000 payments in a burst none is missing when a person scrolls through", async () => {
  await withScreen(async (scene) => {
    await registerAlice(scene);
    const { bob, driver } = scene;
    const entries = new Set<number>();
    for (let left = 1000; left > 0;) {
      const count = Math.min(left, ordersPerSubmitMax);
      const outcomes = await bob.payAll(Array.from({ length: count }, () => toAlice(1)));
      for (const outcome of outcomes) {
        assert(outcome.status === "fulfilled" && outcome.value.outcome === "paid");
        entries.add(outcome.value.receipt.payload.entry);
      }
      left -= count;
    }
    assertEquals(entries.size, 1000);
    const newest = Math.max(...entries);
    await scene.until(({ activity }) => activity.rows[0]?.entry === newest);
    await scene.until(({ balance }) => balance === 11_000);
    scene.press("tab");
    const seen = new Set<number>();
    for (;;) {
      const { activity, chosen } = driver.state;
      assert(activity.rows.length <= 500);
      for (const { entry, state } of activity.rows) if (state === "received") seen.add(entry!);
      const id = activity.rows[chosen.activity]!.id;
      scene.press("page down");
      await scene.until(({ activity }) => !activity.isLoading);
      const now = driver.state;
      if (now.activity.rows[now.chosen.activity]!.id === id && !now.activity.more) break;
    }
    for (const entry of entries) assert(seen.has(entry), `entry ${entry} is missing`);
    // Back to the newest one.
    scene.keys("g");
    await scene.until(({ activity }) => activity.rows[0]?.entry === newest && !activity.newer);
  });
});

Deno.test("screen: after a restart of the server it is online again and shows what it missed", async () => {
  await withScreen(async (scene) => {
    await registerAlice(scene);
    await scene.stop();
    await scene.until(({ connection }) => connection.state === "reconnecting");
    await scene.start();
    const bob = await memberOf(scene.server(), scene.bob.context.identity);
    assertEquals((await bob.pay(toAlice(4))).outcome, "paid");
    await bob.exit();
    await waitUntil(() => {
      const { connection } = scene.driver.state;
      // The reason stands there during the pause before the next attempt.
      if (connection.state === "reconnecting" && connection.reason !== undefined) {
        scene.clock.advance(reconnectMsMax);
      }
      return connection.state === "connected";
    });
    await scene.until(({ activity }) => activity.rows[0]?.amount === 4);
    await scene.until(({ balance }) => balance === 10_004);
    assertEquals(scene.driver.state.account, "alice");
    scene.keys("q");
    assertEquals(await scene.left, ["Bye"]);
  });
});

Deno.test("screen: a pasted request is paid after a question, and an own request is shown", async () => {
  await withScreen(async (scene) => {
    await registerAlice(scene);
    const { anchor } = scene.server();
    const request = await scene.bob.request({ amount: 6 as Amount, lifetimeMs: 60_000 });
    const uri = requestUri(request, { anchor, serverHost: "127.0.0.1", serverPort: 1 });
    await bobOnline(scene);
    scene.keys("u");
    scene.type(uri);
    scene.press("enter");
    const asked = await scene.until(({ overlay }) => overlay?.kind === "question");
    assert(asked.overlay?.kind === "question");
    assertMatch(asked.overlay.lines[0]!, /^bob asks for 6, until /);
    scene.keys("y");
    await scene.until(({ activity }) =>
      activity.rows[0]?.state === "paid" && activity.rows[0].id === request.id
    );
    scene.keys("r");
    scene.type("9");
    scene.press("enter", "enter", "enter", "enter");
    const { overlay } = await scene.until(({ overlay }) => overlay?.kind === "details");
    assert(overlay?.kind === "details");
    assertMatch(overlay.lines.join("\n"), /^micropay:\/\/127\.0\.0\.1:1\/pay\?[^]*9 from anybody/);
  });
});
