/**
 * Starts a server process with a faulty disk or ledger file. It prints one line and exits with 1.
 * It starts once the fault is repaired.
 */
import { assertEquals, assertMatch } from "@std/assert";
import { openScene } from "../end_to_end/driver.ts";
import { mountSmallDisk } from "../ledger/sqlite/small_disk.ts";
import { withoutRoom } from "../soak/soaked_server.ts";

type Attempt = () => Promise<void>;

Deno.test("on a ledger that is cut short or empty, or a disk that is full or read-only, a server ends with one line", async (t) => {
  await using disk = await mountSmallDisk("2m");
  await using scene = await openScene();
  const db = `${disk?.folder ?? scene.folder}/server.db`;
  const args = ["5", "--silent", "--host", "127.0.0.1", "--db", db];
  await scene.startServer({ args });
  await scene.server.stop();
  const whole = await Deno.readFile(db);
  const written = (bytes: Uint8Array) => async (attempt: Attempt) => {
    await Deno.writeFile(db, bytes);
    await attempt();
    assertEquals(await Deno.readFile(db), bytes, "it is left as it was");
    await Deno.writeFile(db, whole);
  };

  const rows: readonly {
    title: string;
    ignore?: boolean;
    during: (attempt: Attempt) => Promise<void>;
    says: RegExp;
  }[] = [
    {
      title: "cut short",
      during: written(whole.slice(0, whole.length / 2)),
      says: /: it is damaged or cut short; put a backup in its place$/,
    },
    {
      title: "empty",
      during: written(new Uint8Array()),
      says: /: the file is empty; delete it to start a new ledger there$/,
    },
    {
      title: "on a full disk",
      ignore: !disk,
      during: async (attempt) => {
        // What looking at it has left would be room enough to look again.
        for (const suffix of ["-shm", "-wal"]) await Deno.remove(`${db}${suffix}`).catch(() => {});
        await withoutRoom(disk!.folder, attempt);
      },
      says: /: there is no room left on its disk$/,
    },
    {
      title: "on a read-only disk",
      ignore: !disk,
      during: async (attempt) => {
        await disk!.setReadOnly(true);
        await attempt().finally(() => disk!.setReadOnly(false));
      },
      says:
        /: (it is read-only|it or its log cannot be opened; both and their folder have to be readable and writable for this user)$/,
    },
  ];
  for (const { title, ignore = false, during, says } of rows) {
    const attempt = async () => {
      const { code, stderr } = await scene.run(["server", "0", ...args]);
      assertEquals([code, stderr.trimEnd().split("\n").length], [1, 1], stderr);
      assertMatch(stderr.trimEnd(), /^micropay: /);
      assertMatch(stderr.trimEnd(), says);
    };
    const fn = () => during(attempt);
    await t.step({ name: title, ignore, fn, sanitizeOps: false, sanitizeResources: false });
  }
  await scene.startServer({ args });
  assertEquals((await scene.server.stop()).code, 0);
});
