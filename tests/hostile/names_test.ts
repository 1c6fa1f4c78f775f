/**
 * Hostile names and memos over the wire: refused, or shown and stored harmlessly.
 */
import { assert, assertEquals } from "@std/assert";
import { lineOf } from "../../src/cli/server/server_log.ts";
import { isMemo } from "../../src/memo.ts";
import { parseAccountName } from "../../src/account_name.ts";
import { printable } from "../../src/printable.ts";
import { historyRequestType } from "../../src/protocol/history.ts";
import { locateRequestType } from "../../src/protocol/locate.ts";
import { loginRequestType } from "../../src/protocol/login.ts";
import { submitRequestType } from "../../src/protocol/transfer.ts";
import { orderPayload, signPayload } from "../server/order_maker.ts";
import { hostileTexts } from "./hostile_texts.ts";
import { isServed, Scene } from "./scene.ts";
import { submitOrder } from "../server/submit_order.ts";

/** Those that are names or memos like any other. */
const names = ["constructor"];

Deno.test("names: the client and the server refuse every hostile name, and it locates nobody", async (t) => {
  await using scene = await Scene.open();
  const link = await scene.link(await scene.server.enroll("bob"));
  for (const { what, text } of hostileTexts.filter(({ text }) => text.length < 1000)) {
    await t.step(what, async () => {
      const isName = names.includes(text);
      assertEquals(parseAccountName(text) !== undefined, isName);
      // As a client would that checks nothing.
      const located = await link.ask(locateRequestType as never, { name: text });
      assertEquals(located.outcome === "refused" && located.code, isName ? 262 : 410);
      const online = await link.ask(loginRequestType as never, { name: text, port: 1 });
      assertEquals(online.outcome === "refused" && online.code, isName ? 220 : 410);
    });
  }
  assert(await isServed(link));
  assertLinesHarmless(scene);
});

Deno.test("memos: every hostile memo is refused, or booked and returned unchanged", async (t) => {
  await using scene = await Scene.open();
  const { server } = scene;
  const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
  const link = await scene.link(bob);
  for (const { what, text } of hostileTexts.filter(({ text }) => text.length < 1000)) {
    await t.step(what, async () => {
      const payload = orderPayload(alice, server.anchor, { amount: 1, memo: text });
      const order = signPayload(payload, alice);
      const outcome = await submitOrder(link, order);
      assertEquals(outcome.outcome === "answered" ? 130 : outcome.code, isMemo(text) ? 130 : 261);
      if (!isMemo(text)) return;
      const history = await link.ask(historyRequestType, { limit: 1 });
      const memo = history.outcome === "answered" && history.answer.entries[0]![5];
      assertEquals(memo, text);
      assertEquals(printable(text).replaceAll("\\\\", "\\"), text);
    });
  }
  assertLinesHarmless(scene);
});

Deno.test("memos: a memo of 64 KiB does not fit into a line, and closes its connection", async () => {
  await using scene = await Scene.open();
  const { server } = scene;
  const alice = await server.enroll("alice");
  const payload = orderPayload(alice, server.anchor, { memo: "a".repeat(65_536) });
  const channel = await scene.channel(alice);
  const { written } = channel.send(submitRequestType.type, {
    orders: [signPayload(payload, alice)],
  });
  const error = await written.then(() => undefined, (error) => error);
  assert(error instanceof Error && error.message.includes("more than 65536"), String(error));
  await scene.allGone();
});

function assertLinesHarmless({ server }: Scene): void {
  for (const event of server.events.all) {
    // deno-lint-ignore no-control-regex -- it is what must not be there
    assert(!/[\u0000-\u001f\u007f-\u009f\u202e\u2028]/.test(lineOf(event, { withSealed: false })));
  }
}
