/**
 * Clients that know several servers of one ledger. The servers run in the test's own process.
 */
import { assertEquals, assertMatch } from "@std/assert";
import { Command } from "./command.ts";
import { type Ended } from "./program.ts";
import { MemoryLedger } from "../ledger/memory/memory_ledger.ts";
import { keepOpen } from "../server/kept_ledger.ts";
import { makeAuthority, startServer } from "../server/test_server.ts";

Deno.test("receive goes on at another server when its own stops, and prints each payment once", async () => {
  const authority = makeAuthority();
  const ledger = keepOpen(new MemoryLedger({ ledgerId: authority.anchor.fingerprint }));
  await using one = await startServer({ authority, ledger });
  await using two = await startServer({ authority, ledger });
  const folder = await Deno.makeTempDir();
  const start = (as: string, ...words: readonly string[]) =>
    new Command(["client", addressesOf([one, two]), "1", ...words], {
      env: {
        MICROPAY_HOME: `${folder}/${as}`,
        MICROPAY_FINGERPRINT: authority.anchor.fingerprint,
      },
    });
  const act = async (as: string, ...words: readonly string[]): Promise<Ended> => {
    const ended = await start(as, ...words).end();
    assertEquals(ended.code, 0, `${words}: ${ended.stdout}${ended.stderr}`);
    return ended;
  };
  try {
    await act("alice", "register", "alice");
    await act("bob", "register", "bob");
    const bob = start("bob", "receive", "--json", "--count", "2");
    await bob.line(/^\{"event":"online"/);
    await act("alice", "pay", "bob", "5");
    await bob.line(/"amount":5,/);
    const isAt = (server: typeof one) => server.events.all.some(({ kind }) => kind === "online");
    assertEquals([isAt(one), isAt(two)].filter(Boolean).length, 1);
    await (isAt(one) ? one : two).server.stop();
    await bob.line(/^\{"event":"online"/);
    await act("alice", "pay", "bob", "7");
    const { code, stdout } = await bob.end();
    assertEquals(code, 0);
    const amounts = [...stdout.matchAll(/"event":"payment".*?"amount":(\d+)/g)].map(([, it]) => it);
    assertEquals(amounts, ["5", "7"]);
    await one.server.stop();
    await two.server.stop();
    const { code: away, stderr } = await start("alice", "balance").end();
    assertEquals(away, 1);
    assertMatch(
      stderr,
      /connect to one of 2 servers: 127\.0\.0\.1:\d+ \(.+\); 127\.0\.0\.1:\d+ \(/,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

function addressesOf(servers: readonly { readonly endpoint: { host: string; port: number } }[]) {
  return servers.map(({ endpoint: { host, port } }) => `${host}:${port}`).join(",");
}
