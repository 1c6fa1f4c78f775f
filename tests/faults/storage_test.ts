/**
 * The disk under a running server: full, read-only, failing, gone; and the server's process stopped for a while. What is refused was
 * not booked, what was acknowledged is in the ledger, and nobody stays in doubt.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { openScene, type Scene } from "../end_to_end/driver.ts";
import { mountSmallDisk, type SmallDisk } from "../ledger/sqlite/small_disk.ts";
import { checkRound } from "../soak/check_round.ts";
import { Crowd } from "../soak/crowd.ts";
import type { PayingMember } from "../soak/paying_member.ts";
import { withoutRoom } from "../soak/soaked_server.ts";

const probe = await mountSmallDisk("64k");
await probe?.[Symbol.asyncDispose]();
if (!probe) console.log("ignored: no file system of a given size can be mounted here");

interface Stage {
  readonly scene: Scene;
  readonly crowd: Crowd;
  readonly alice: PayingMember;
  readonly bob: PayingMember;
  readonly db: string;
  readonly args: readonly string[];
}

/** A server with its ledger in a folder, and two members who are online. At the end everything is held against the ledger. */
async function onStage(
  { folder, prefix }: { folder?: string; prefix?: readonly string[] },
  act: (stage: Stage) => Promise<void>,
): Promise<void> {
  await using scene = await openScene();
  const db = `${folder ?? scene.folder}/server.db`;
  const args = ["20", "--silent", "--host", "127.0.0.1", "--db", db];
  await scene.startServer({ args, ...(prefix && { prefix }) });
  const crowd = await Crowd.open(scene, { members: 2, port: scene.server.port });
  const [alice, bob] = crowd.members as [PayingMember, PayingMember];
  await requirePaid(alice, bob);
  await act({ scene, crowd, alice, bob, db, args });
  await crowd.settle();
  await requirePaid(bob, alice);
  await crowd.leave();
  assertEquals((await scene.server.stop()).code, 0);
  await checkRound(scene, crowd.attempts, { db });
}

async function requirePaid(from: PayingMember, { name: to }: PayingMember): Promise<void> {
  const { paid, refusal } = await from.pay({ to, viaServer: true });
  assert(paid, refusal?.text);
}

async function onDisk(size: string, act: (disk: SmallDisk) => Promise<void>): Promise<void> {
  await using disk = (await mountSmallDisk(size))!;
  await act(disk);
}

Deno.test({
  name: "on a full disk payments are refused as not booked, and go on when there is room",
  ignore: !probe,
}, () =>
  onDisk("2m", ({ folder }) =>
    onStage({ folder }, async ({ scene, alice, bob }) => {
      await withoutRoom(folder, async () => {
        let refusal;
        while (!refusal) ({ refusal } = await alice.pay({ to: bob.name, viaServer: true }));
        assertEquals(refusal.code, 510);
        await scene.server.program.line(/there is no room left on its disk/);
        // The payee's "no" proves nothing, so this one is in doubt; the server knows that it was not booked.
        const direct = await alice.pay({ to: bob.name, viaServer: false });
        assertEquals(direct.paid, undefined);
        assertEquals((await scene.client(["list"], { as: "all", env: asAlice })).code, 0);
      });
      await requirePaid(alice, bob);
    })));

const asAlice = { MICROPAY_AS: "member0" };

Deno.test("a server that is stopped for a while answers when it goes on, and its clients' doubts are resolved", () =>
  onStage({}, async ({ scene, alice, bob }) => {
    scene.server.program.signal("SIGSTOP");
    const attempts = [
      alice.pay({ to: bob.name, viaServer: true }),
      bob.pay({ to: alice.name, viaServer: false }),
    ];
    await new Promise((resolve) => setTimeout(resolve, 500));
    scene.server.program.signal("SIGCONT");
    for (const { paid } of await Promise.all(attempts)) assert(paid);
  }));

Deno.test("when writing fails the server stops with one line and 1; started again it knows what was booked", () =>
  onStage({
    // Past the limit a write fails (EFBIG), where the signal for that is ignored.
    prefix: ["sh", "-c", `trap '' XFSZ; exec "$0" "$@"`],
  }, async ({ scene, crowd, alice, bob, args }) => {
    const { program, port } = scene.server;
    await limitFileSize(program.pid, 1);
    const stopped = program.end();
    crowd.back = stopped.then(() => scene.startServer({ args, port }));
    const { paid, refusal } = await alice.pay({ to: bob.name, viaServer: true });
    assertEquals([paid, refusal], [undefined, undefined], "in doubt");
    const { code, stderr } = await stopped;
    assertEquals([code, stderr.trimEnd().split("\n").length], [1, 1], stderr);
    assertMatch(stderr, /^micropay: cannot write the ledger .*server\.db: disk I\/O error$/m);
  }));

Deno.test("when the ledger's file is moved away the server stops with one line and 1, and goes on when it is back", () =>
  onStage({}, async ({ scene, crowd, alice, bob, db, args }) => {
    const { program, port } = scene.server;
    await Deno.rename(db, `${db}.away`);
    const stopped = program.end();
    crowd.back = stopped.then(async () => {
      await Deno.rename(`${db}.away`, db);
      await scene.startServer({ args, port });
    });
    const { paid, refusal } = await alice.pay({ to: bob.name, viaServer: true });
    assertEquals([paid, refusal], [undefined, undefined], "in doubt");
    const { code, stderr } = await stopped;
    assertEquals(code, 1);
    assertMatch(
      stderr,
      /^micropay: cannot write the ledger .* it was moved or deleted while in use$/m,
    );
  }));

/** Of a process that runs already, in bytes. */
async function limitFileSize(pid: number, bytes: number): Promise<void> {
  const { success } = await new Deno.Command("prlimit", {
    args: ["--pid", String(pid), `--fsize=${bytes}`],
  }).output();
  assert(success);
}
