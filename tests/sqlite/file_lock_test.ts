/**
 * Actions under one lock run one by one, within a process and between two processes. The modes that
 * exclude each other are in a table in `ledger_lock_test.ts`.
 */
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { FileError } from "../../src/errors.ts";
import { LockTakenError, takeFileLock, whileLocked } from "../../src/sqlite/file_lock.ts";
import { inFolder } from "../pki/temporary_folder.ts";

Deno.test("actions under one path run one by one", () =>
  inFolder(async (folder) => {
    const seen: string[] = [];
    const run = (name: string, path: string) =>
      whileLocked(path, async () => {
        seen.push(`${name} begins`);
        await Promise.resolve();
        seen.push(`${name} ends`);
        if (name === "one") throw new TypeError("one failed");
      });
    const one = run("one", `${folder}/.lock`);
    const two = run("two", `${folder}/./.lock`);
    await assertRejects(() => one, TypeError, "one failed");
    await two;
    assertEquals(seen, ["one begins", "one ends", "two begins", "two ends"]);
    assertEquals(Deno.statSync(`${folder}/.lock`).mode! & 0o777, 0o600);
  }));

Deno.test("an action does not run when its lock cannot be made", () =>
  inFolder(async (folder) => {
    const locked = () => whileLocked(`${folder}/none/.lock`, () => "ran");
    await assertRejects(locked, FileError, `cannot make the file ${folder}/none/.lock: `);
  }));

Deno.test("another process with the lock excludes this one, until it is killed", () =>
  inFolder(async (folder) => {
    const path = `${folder}/.lock`;
    const source = new URL("../../src/sqlite/file_lock.ts", import.meta.url).href;
    const script = `import { whileLocked } from "${source}";
      await whileLocked("${path}", () => {
        console.log("held");
        Deno.stdin.readSync(new Uint8Array(1));
      });`;
    await Deno.writeTextFile(`${folder}/holder.ts`, script);
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-prompt", "--no-lock", "--allow-all", `${folder}/holder.ts`],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const reader = child.stdout.getReader();
    assertEquals((await reader.read()).done, false);
    assertThrows(() => takeFileLock(path, { mode: "shared", waitMs: 0 }), LockTakenError);
    child.kill("SIGKILL");
    await child.status;
    await reader.cancel();
    await child.stdin.close().catch(() => {});
    assertEquals(await whileLocked(path, () => "ran"), "ran");
  }));
