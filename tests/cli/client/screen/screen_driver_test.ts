/**
 * The full-screen client against a real server: what a person does and sees, without the picture.
 */
import { openAuthority } from "../../../../src/pki/certificate_folder.ts";
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Amount } from "../../../../src/money.ts";
import { fieldLengthMax } from "../../../../src/cli/client/screen/text_field.ts";
import { requestUri } from "../../../../src/cli/client/request_command.ts";
import { openSqliteLedger } from "../../../../src/ledger/sqlite/open_sqlite_ledger.ts";
import {
  activityPageRows,
  activityRowsMax,
  ordersPerSubmitMax,
  peersPeriodMs,
  reconnectMsMax,
} from "../../../../src/limits.ts";
import { inFolder } from "../../../pki/temporary_folder.ts";
import { writeIdentity } from "../../../scale/away_member.ts";
import { makeLargeLedger, readLargeLedgerFolder } from "../../../scale/large_ledger.ts";
import { named } from "../../../server/test_server.ts";
import { waitUntil } from "../../../server/wait_until.ts";
import { memberOf } from "../../../client/test_member.ts";
import { settled } from "../../../transport/streams.ts";
import { registerAlice, type ScreenScene, withScreen } from "./screen_scene.ts";
import { prepareForInk } from "../../../../src/cli/client/screen/ink_environment.ts";
import { TerminalStreams } from "./terminal_streams.ts";

prepareForInk();
const { openScreen } = await import("../../../../src/cli/client/screen/open_screen.tsx");

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
    scene.type("é\n".repeat(500_000));
    const pasted = scene.driver.state.overlay;
    assert(pasted?.kind === "form");
    assertEquals([pasted.form.fields[0]!.text.length, changes], [fieldLengthMax, 2]);
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

interface FirstScreen {
  readonly rows: number;
  /** Whether the server has further rows. */
  readonly more: boolean;
  /** Lines between the client and the server, from the start to the end. */
  readonly lines: { in: number; out: number };
}

/** Opens the screen of a member with so many entries, and leaves it. */
async function firstScreen(
  entries: number,
): Promise<FirstScreen> {
  const lines = { in: 0, out: 0 };
  let shown: FirstScreen | undefined;
  await inFolder(async (folder) => {
    await makeLargeLedger(folder, { entries, accounts: 2, threads: 1 });
    const { members, certificates } = await readLargeLedgerFolder(folder);
    const { anchor, identity } = certificates;
    const authority = openAuthority(`${folder}/certs`, Date.now());
    const file = `${folder}/server.db`;
    const ledger = await openSqliteLedger({ file, ledgerId: anchor.fingerprint });
    const member = members[0]!;
    await withScreen(async ({ keys, left, until }) => {
      const { activity } = await until(({ account, activity, balance }) =>
        account === member.name && balance !== undefined && activity.rows.length > 0
      );
      shown = { rows: activity.rows.length, more: activity.more, lines };
      keys("q");
      assertEquals(await left, ["Bye"]);
    }, {
      server: { ledger, authority, identity },
      prepare: (home) => writeIdentity(home, { member, anchor }),
      observe: (direction) => void lines[direction]++,
    });
    await ledger.close();
  });
  return shown!;
}

/** Returns how often the screen was drawn. */
function framesIn(output: string): number {
  return output.split("\x1b[?2026h").length - 1;
}

Deno.test("screen: the first screen takes the same messages and few rows, however long the history is", async () => {
  // The long one has several pages for every reader: the rows on the screen, and an audit's.
  const [none, short, long] = [await firstScreen(2), await firstScreen(4), await firstScreen(700)];
  // The opening alone, and no certificate of another member to ask for.
  const lines = { in: short.lines.in - 1, out: short.lines.out - 1 };
  assertEquals(none, { rows: 1, more: false, lines });
  assertEquals(short, { rows: 3, more: false, lines: short.lines });
  assertEquals(long, { rows: activityPageRows, more: true, lines: short.lines });
});

Deno.test("screen: in a burst of 1,000 payments it answers a key, and none is missing when a person scrolls through", async () => {
  const lines = { in: 0, out: 0 };
  const observe = (direction: "in" | "out") => void lines[direction]++;
  await withScreen(async (scene) => {
    await registerAlice(scene);
    const { bob, driver } = scene;
    const streams = new TerminalStreams({ columns: 100, rows: 30 });
    const look = { iconSet: "unicode", hasColours: true } as const;
    const closed = openScreen(driver, { run: () => scene.left, look, streams });
    await streams.until("balance 10000");
    const before = { ...lines, output: streams.output.length };
    const entries = new Set<number>();
    const pressHelp = async () => {
      const from = streams.output.length;
      streams.stdin.write("?");
      await streams.until("(4 TRANSACTION)");
      streams.stdin.write("q");
      return { frames: framesIn(streams.output.slice(from)), booked: entries.size };
    };
    let help: ReturnType<typeof pressHelp> | undefined;
    for (let left = 1000; left > 0;) {
      const count = Math.min(left, ordersPerSubmitMax);
      const outcomes = await bob.payAll(Array.from({ length: count }, () => toAlice(1)));
      for (const outcome of outcomes) {
        assert(outcome.status === "fulfilled" && outcome.value.outcome === "paid");
        entries.add(outcome.value.receipt.payload.entry);
      }
      left -= count;
      if (entries.size === 250) help = pressHelp();
    }
    assertEquals(entries.size, 1000);
    const { frames, booked } = (await help)!;
    // The frame that was due, and the one with the help. The rest of the burst comes later.
    assert(frames <= 3, `${frames} frames until the help`);
    assert(booked < 500, `${booked} payments until the help`);
    const newest = Math.max(...entries);
    await scene.until(({ activity }) => activity.rows[0]?.entry === newest);
    await scene.until(({ balance }) => balance === 11_000);
    // Each push leads to an audit and two reads at most. A frame is no larger than the screen.
    const out = lines.out - before.out;
    const pushes = lines.in - before.in - out;
    assert(out <= 3 * pushes + 4, `${out} requests after ${pushes} pushes`);
    const drawn = streams.output.slice(before.output);
    assert(drawn.length <= framesIn(drawn) * 2 * 100 * 30, `${drawn.length} characters`);
    scene.press("tab");
    const seen = new Set<number>();
    for (;;) {
      const { activity, chosen } = driver.state;
      assert(activity.rows.length <= activityRowsMax);
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
    scene.keys("q");
    await closed;
  }, { observe });
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

Deno.test("screen: a server of another ledger at the address ends the session, and the screen says why", async () => {
  await withScreen(async (scene) => {
    const { clock, driver } = scene;
    await registerAlice(scene);
    const { fingerprint } = scene.server().anchor;
    await scene.stop();
    await scene.start({ isOtherLedger: true });
    await waitUntil(() => {
      const { connection } = driver.state;
      if (connection.state === "reconnecting" && connection.reason !== undefined) {
        clock.advance(reconnectMsMax);
      }
      return connection.state === "ended";
    });
    const { account, balance, connection, notice } = driver.state;
    assertEquals([account, balance], [undefined, undefined]);
    const reason = `its ledger was ${fingerprint} and is ${scene.server().anchor.fingerprint} now`;
    assert(connection.state === "ended" && connection.reason.includes(reason));
    assertMatch(notice!.text, /ask the operator which is right; press l to log in again$/);
    // A login would find the same.
    scene.keys("l");
    scene.press("enter");
    await scene.until(({ overlay }) => overlay?.kind === "form" && !overlay.form.busy);
    assertEquals(driver.state.account, undefined);
    assertMatch(driver.state.notice!.text, /its CA has the fingerprint [0-9a-f]{64}, not /);
  });
});

Deno.test("screen: the reason for a lost connection takes the place of an older notice", async () => {
  await withScreen(async (scene) => {
    await registerAlice(scene);
    await scene.stop();
    const { notice } = await scene.until(({ connection }) =>
      connection.state === "reconnecting" && connection.reason !== undefined
    );
    assertEquals(notice, undefined);
  });
});

Deno.test("screen: a pasted request is paid after a question, and an own request is shown", async () => {
  await withScreen(async (scene) => {
    await registerAlice(scene);
    const { anchor } = scene.server();
    const request = await scene.bob.request({ amount: 6 as Amount, lifetimeMs: 60_000 });
    const uri = requestUri(request, { anchor, servers: [{ host: "127.0.0.1", port: 1 }] });
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

Deno.test("screen: one that is left while its wallet is opened connects to nobody", async () => {
  const opening = Promise.withResolvers<void>();
  await withScreen(async ({ driver, left, opened }) => {
    driver.close();
    await left;
    opening.resolve();
    await settled();
    assertEquals(opened.connections, 0);
  }, { opening: opening.promise });
});

Deno.test("screen: one that is left while it logs in neither listens nor comes online", async () => {
  let leave = () => {};
  await withScreen(async ({ driver, left, opened, press, server, type, until }) => {
    await until(({ overlay }) => overlay?.kind === "form" && overlay.form.name === "register");
    // The second message of the client is the first one of the login.
    let messages = 0;
    leave = () => void (++messages === 2 && driver.close());
    type("alice");
    press("enter", "enter");
    await left;
    const ends = () => server().events.all.filter(({ kind }) => kind === "disconnected").length;
    await waitUntil(() => ends() === 2, "the end of both connections");
    const online = server().events.all.filter(({ kind }) => kind === "online");
    assertEquals([opened.listeners, online], [0, []]);
  }, { observe: (direction) => direction === "out" && leave() });
});
