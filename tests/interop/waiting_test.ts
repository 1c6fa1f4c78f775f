/**
 * Shows that `docs/protocol.md` tells another client how to wait for its turn. The client was
 * written from it. It reads its places in the waiting room, and then the reply.
 */
import { assertEquals } from "@std/assert";
import { balanceRequestType } from "../../src/protocol/balance.ts";
import { testWith } from "../installed_tool.ts";
import { named, startServer } from "../server/test_server.ts";
import { Program } from "./program.ts";

testWith(
  ["node", "openssl"],
  "a client of another make waits for its turn at a full server, and is answered when it comes",
  async () => {
    await using server = await startServer({ userLimit: 1 });
    const held = await server.link(await server.enroll("alice"));
    assertEquals((await held.ask(balanceRequestType, {})).outcome, "answered");
    const caFile = await Deno.makeTempFile();
    try {
      await Deno.writeTextFile(caFile, server.anchor.pem);
      const { host, port } = server.endpoint;
      const script = new URL("./stay.mjs", import.meta.url).pathname;
      await using other = new Program("node", [script, host, String(port), caFile, "node", "0"]);
      const waiting = await server.events.until(({ kind }) => kind === "waiting");
      assertEquals("name" in waiting && waiting.name, named("node"));
      await held.end();
      await other.lineWith(/"step":"login".*"code":110/);
      await other.lineWith(/"step":"pushes".*"types":\["waiting"\]/);
      assertEquals(await other.status(), 0);
      assertEquals(server.events.all.some(({ kind }) => kind === "line_refused"), false);
    } finally {
      await Deno.remove(caFile);
    }
  },
);
