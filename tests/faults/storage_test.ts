/**
 * Faults of the disk under a running server: full, failing or gone. One test pauses the server's
 * process. All processes are real.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { succeeds } from "../command_succeeds.ts";
import { openScene } from "../end_to_end/driver.ts";
import { mountSmallDisk } from "../ledger/sqlite/small_disk.ts";
import { checkRound } from "../soak/check_round.ts";
import { Crowd } from "../soak/crowd.ts";
import type { PayingMember } from "../soak/paying_member.ts";
import { withoutRoom } from "../soak/soaked_server.ts";

Deno.test("whatever happens to a server's disk, it books what it acknowledged and nothing that it refused, and no doubt stays", async (t) => {
  await using disk = await mountSmallDisk("2m");
  await using scene = await openScene();
  const db = `${disk?.folder ?? scene.folder}/server.db`;
  const args = ["20", "--silent", "--host", "127.0.0.1", "--db", db];
  // Past a limit a write fails (EFBIG), where the signal that comes with it is ignored.
  const prefix = ["sh", "-c", `trap '' XFSZ; exec "$0" "$@"`];
  await scene.startServer({ args, prefix });
  const { port } = scene.server;
  const crowd = await Crowd.open(scene, { members: 2, ports: [port] });
  const [alice, bob] = crowd.members as [PayingMember, PayingMember];
  const startAgain = async (stopped: Promise<unknown>) => {
    await stopped;
    await scene.startServer({ args, port, prefix });
  };

  const acts: readonly { title: string; ignore?: boolean; act: () => Promise<void> }[] = [
    {
      title: "full: payments are refused as not booked, and go on when there is room",
      ignore: !disk,
      act: () =>
        withoutRoom(disk!.folder, async () => {
          let refusal;
          while (!refusal) ({ refusal } = await alice.pay({ to: bob.name, viaServer: true }));
          assertEquals(refusal.code, 510);
          await scene.server.program.line(/there is no room left on its disk/);
          // The payee's "no" proves nothing to its payer.
          assertEquals((await alice.pay({ to: bob.name, viaServer: false })).paid, undefined);
        }),
    },
    {
      title: "stopped by a signal: it answers when it goes on",
      act: async () => {
        scene.server.program.signal("SIGSTOP");
        const attempts = [
          alice.pay({ to: bob.name, viaServer: true }),
          bob.pay({ to: alice.name, viaServer: false }),
        ];
        await new Promise((resolve) => setTimeout(resolve, 200));
        scene.server.program.signal("SIGCONT");
        for (const { paid } of await Promise.all(attempts)) assert(paid);
      },
    },
    {
      title: "failing: the server stops with one line and 1",
      ignore: Deno.build.os !== "linux",
      act: async () => {
        const { program } = scene.server;
        await limitFileSize(program.pid, 1);
        const stopped = program.end();
        crowd.back = startAgain(stopped);
        await requireInDoubt(alice, bob);
        const { code, stderr } = await stopped;
        assertEquals(code, 1);
        assertMatch(
          stderr,
          /^micropay: cannot write the ledger [^\n]*server\.db: disk I\/O error while writing it or its log \(SQLite's code 778\); [^\n]*\n$/,
        );
      },
    },
    {
      title:
        "moved away: the server stops with one line and 1, and goes on with the file that is back",
      act: async () => {
        await Deno.rename(db, `${db}.away`);
        const stopped = scene.server.program.end();
        crowd.back = startAgain(stopped.then(() => Deno.rename(`${db}.away`, db)));
        await requireInDoubt(alice, bob);
        const { code, stderr } = await stopped;
        assertEquals(code, 1);
        assertMatch(stderr, /^micropay: [^\n]*: it was moved or deleted while in use\n$/);
      },
    },
  ];
  for (const { title, ignore = false, act } of acts) {
    const fn = async () => {
      await requirePaid(alice, bob);
      await act();
      await crowd.settle();
      await requirePaid(bob, alice);
    };
    await t.step({ name: title, ignore, fn, sanitizeOps: false, sanitizeResources: false });
  }
  await crowd.leave();
  assertEquals((await scene.server.stop()).code, 0);
  await checkRound(scene, crowd.attempts, { db });
});

async function requirePaid(from: PayingMember, { name: to }: PayingMember): Promise<void> {
  const { paid, refusal } = await from.pay({ to, viaServer: true });
  assert(paid, refusal?.text);
}

async function requireInDoubt(from: PayingMember, { name: to }: PayingMember): Promise<void> {
  const { paid, refusal } = await from.pay({ to, viaServer: true });
  assertEquals([paid, refusal], [undefined, undefined]);
}

/** Of a process that runs already, in bytes. */
async function limitFileSize(pid: number, bytes: number): Promise<void> {
  assert(await succeeds(["prlimit", "--pid", String(pid), `--fsize=${bytes}`]));
}
