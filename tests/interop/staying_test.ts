/**
 * Shows that `docs/protocol.md` tells another client how to stay online. The client was written
 * from it. It answers the server's liveness question.
 */
import { assertEquals } from "@std/assert";
import { memberIdleMs } from "../../src/limits.ts";
import { tcpNetwork } from "../../src/transport/tcp_network.ts";
import { testWith } from "../installed_tool.ts";
import { ManualClock } from "../manual_clock.ts";
import { waitUntil } from "../server/wait_until.ts";
import { startServer } from "../server/test_server.ts";
import { Program } from "./program.ts";

testWith(
  ["node", "openssl"],
  "a client of another make that says nothing is asked whether it is there, answers, and stays",
  async () => {
    const clock = new ManualClock(Date.now());
    await using server = await startServer({ clock, network: tcpNetwork });
    const caFile = await Deno.makeTempFile();
    try {
      await Deno.writeTextFile(caFile, server.anchor.pem);
      const { host, port } = server.endpoint;
      const script = new URL("./stay.mjs", import.meta.url).pathname;
      await using other = new Program("node", [script, host, String(port), caFile, "node", "3"]);
      await other.lineWith(/"step":"login".*"code":110/);
      for (let round = 0; round < 3; round++) {
        const isWaiting = () => clock.delays.includes(memberIdleMs);
        await waitUntil(isWaiting, "the server to wait for the next message");
        clock.advance(memberIdleMs);
        await other.lineWith(/"step":"push","type":"ping"/);
        // Not answered it would be closed in less: the next round waits in vain then.
      }
      await other.lineWith(/"step":"balance".*"balance":10000/);
      assertEquals(await other.status(), 0);
      assertEquals(server.events.all.some(({ kind }) => kind === "line_refused"), false);
    } finally {
      await Deno.remove(caFile);
    }
  },
);
