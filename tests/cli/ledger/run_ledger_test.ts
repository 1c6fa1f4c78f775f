/**
 * The operator's commands beside a real server whose members pay each other.
 */
import { DatabaseSync } from "node:sqlite";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { systemProcessIo } from "../../../src/cli/process_io.ts";
import { run } from "../../../src/cli/run.ts";
import { ManualClock } from "../../manual_clock.ts";
import { openBooks } from "../../operator/books.ts";
import { type Ended, isExecutable } from "../../end_to_end/program.ts";
import {
  json,
  jsonLines,
  openScene,
  openSceneInProcess,
  type Scene,
  step,
} from "../../end_to_end/driver.ts";

/** Runs a command as a process of its own, as an operator does. */
async function ledger(scene: Scene, ...args: readonly string[]) {
  return await scene.run(["ledger", ...args]);
}

/** Runs a command that has to succeed, as a process. @returns its JSON */
async function asked(scene: Scene, ...args: readonly string[]) {
  return succeeded(await ledger(scene, ...args, "--json"));
}

/** Runs a command that has to succeed, in this process. @returns its JSON */
async function found(scene: Scene, ...args: readonly string[]) {
  return succeeded(await scene.ledgerInProcess(...args, "--json"));
}

function succeeded({ code, stdout, stderr }: Ended) {
  assertEquals([code, stderr], [0, ""]);
  return jsonLines(stdout);
}

Deno.test("ledger: an operator looks, corrects and exports beside the running server", async (t) => {
  await using scene = await openSceneInProcess(["alice", "bob"]);
  await using bob = await scene.receiver("bob");
  const paid = await scene.inProcess(["pay", "bob", "2000", "--memo", "lunch", "--json"]);
  const { id } = json(paid.stdout);
  await bob.line(/"event":"payment"/);

  await step(t, "balances", async () => {
    assertEquals(await asked(scene, "balances"), [
      { account: "@issuer", balance: -20_000, online: false, closed: false },
      { account: "alice", balance: 8000, online: false, closed: false },
      { account: "bob", balance: 12_000, online: true, closed: false },
    ]);
    const { stdout } = await scene.ledgerInProcess("balances");
    assertMatch(stdout, /^bob +12000$/m);
  });

  await step(t, "show: an account, an entry by number and by id, and an unknown name", async () => {
    const [account] = await found(scene, "show", "alice");
    assertMatch(String(account!.certificate), /^[0-9a-f]{64}$/);
    assertEquals((account!.entries as { number: number }[]).map(({ number }) => number)[0], 3);
    const [entry] = await found(scene, "show", "3");
    assertEquals(await found(scene, "show", String(id)), [entry!]);
    const { memo, amount, order, order_digest, subtrees, head } = entry as Record<string, unknown>;
    assertEquals([memo, amount, (order as { id: string }).id], ["lunch", 2000, id]);
    const receipt = json(atob(String(json(paid.stdout).receipt).split(".")[1]!));
    assertEquals(
      [receipt.order, receipt.leaf, receipt.head],
      [order_digest, String(subtrees).slice(0, 64), head],
    );
    const nothing = await scene.ledgerInProcess("show", "nobody");
    assertEquals([nothing.code, nothing.stdout], [5, "unknown\n"]);
  });

  await step(t, "deposit and withdraw", async () => {
    const [deposit] = await found(scene, "deposit", "alice", "500", "--memo", "grant");
    assertEquals([deposit!.code, deposit!.entry], [130, 4]);
    const withdrawal = await scene.ledgerInProcess("withdraw", "alice", "8500");
    assertMatch(withdrawal.stdout, /^transfer OK\nentry 5, id /);
    const rows: readonly [string[], number][] = [
      [["withdraw", "alice", "1"], 270],
      [["deposit", "nobody", "1"], 262],
      [["withdraw", "nobody", "1"], 262],
    ];
    for (const [args, refusal] of rows) {
      const { code, stdout, stderr } = await scene.ledgerInProcess(...args, "--json");
      assertEquals([code, json(stdout).code, stderr], [5, refusal, ""]);
    }
    assertEquals(json((await scene.inProcess(["balance", "--json"])).stdout).balance, 0);
    const rest = jsonLines((await scene.inProcess(["history", "--json"])).stdout);
    assertEquals(rest[1]!.memo, "grant");
  });

  await step(t, "export", async () => {
    const { code, stdout } = await scene.ledgerInProcess("export", "--account", "alice");
    assertEquals(code, 0);
    const rows = stdout.trim().split("\n").slice(1).map((row) => row.split(","));
    assertEquals(rows.map((row) => Number(row[6])), [10_000, -2000, 500, -8500]);
    const dates = ["--from", "2026-02-01", "--to", "2026-01-01"];
    const backwards = await scene.ledgerInProcess("export", ...dates, "--json");
    assertEquals([backwards.code, json(backwards.stderr).error], [2, "usage"]);
  });

  await step(t, "audit", async () => {
    const [report] = await found(scene, "audit");
    assertEquals([report!.outcome, report!.entries, report!.accounts], ["in_order", 5, 2]);
    assert(Number(report!.entriesPerSecond) > 0);
    const { code, stdout, stderr } = await scene.ledgerInProcess("audit");
    assertEquals([code, stderr], [0, ""]);
    assertMatch(report!.lastAt as string, /^20\d\d-.*Z$/);
    assertMatch(stdout, /\nAll correct: tree, signatures, [^\n]+\n$/);
    assertMatch(
      stdout,
      /^entries +5\nchanges +0\nlast entry +20\d\d-.*Z\naccounts +2\ncertificates +2\nhead +[0-9a-f]{64}\ncheckpoint +5:[0-9a-f]{64}\nrate +\d/,
    );
  });

  await step(t, "audit since a checkpoint that an audit kept", async () => {
    const kept = scene.path("audited.checkpoint");
    const [full] = await found(scene, "audit", "--full", "--checkpoint", kept);
    await scene.ledgerInProcess("deposit", "alice", "5");
    const [report] = await found(scene, "audit", "--since", kept, "--checkpoint", kept);
    assertEquals([report!.since, report!.entries, report!.size], [5, 1, 6]);
    const tree = `${report!.size}:${report!.head}`;
    const { stdout } = await scene.ledgerInProcess("audit", "--since", tree);
    assertMatch(stdout, /^entries +0\n/);
    assertMatch(stdout, /\nAll correct after row 6\. .* --full checks the rows\.\n/);
    const nothing = await found(scene, "audit", "--since", kept);
    assertEquals(nothing[0]!.entries, 0);
    const wrong = await scene.ledgerInProcess("audit", "--since", `6:${full!.head}`);
    assertEquals(wrong.code, 1);
    assertMatch(wrong.stdout, /^The ledger is wrong: the head of its first 6 rows is /);
  });

  await step(t, "audit since a checkpoint that another server signed", async () => {
    const [kept, second] = [scene.path("second.checkpoint"), scene.path("second")];
    await scene.gencert("--ca-from", scene.path("certs"), "--out", second);
    await found(scene, "audit", "--certs", second, "--checkpoint", kept);
    const refused = await scene.ledgerInProcess("audit", "--since", kept);
    assertEquals(refused.code, 1);
    assertStringIncludes(refused.stderr, "the server did not sign it");
    await Deno.copyFile(`${second}/server.crt`, scene.path("certs", "second.crt"));
    assertEquals((await found(scene, "audit", "--since", kept))[0]!.entries, 0);
  });

  await step(t, "audit refuses a checkpoint of another ledger, or none at all", async () => {
    const other = scene.path("other.checkpoint");
    await Deno.writeTextFile(other, "micropay\n");
    const rows: readonly [string[], number, string][] = [
      [["--since", other], 1, "it is not a signed note of one"],
      [["--since", scene.path("missing")], 1, "there is no such file"],
      [["--since", other, "--full"], 2, "--full checks everything"],
    ];
    for (const [args, code, text] of rows) {
      const refused = await scene.ledgerInProcess("audit", ...args);
      assertEquals([refused.code, refused.stdout], [code, ""]);
      assertStringIncludes(refused.stderr, text);
    }
  });
});

Deno.test("ledger: a command in the wrong folder names the folder and the options to give", async (t) => {
  await using scene = await openScene();
  const folder = await Deno.realPath(scene.folder);
  const noLedger = `no ledger ${folder}/server.db`;
  const noCa = `no CA certificate ${folder}/certs/CA.pem`;
  const rows: readonly [string[], string, string][] = [
    [["balances"], noLedger, "--db FILE"],
    [["show", "alice"], noLedger, "--db FILE"],
    [["export"], noLedger, "--db FILE"],
    [["backup", "b.db"], noLedger, "--db FILE"],
    [["audit"], `${noLedger} and ${noCa}`, "--db FILE and --certs DIR"],
    [["deposit", "alice", "5"], `${noLedger} and ${noCa}`, "--db FILE and --certs DIR"],
    [["withdraw", "alice", "5"], `${noLedger} and ${noCa}`, "--db FILE and --certs DIR"],
    [["reissue", "alice"], `${noLedger} and ${noCa}`, "--db FILE and --certs DIR"],
    [["close", "alice"], `${noLedger} and ${noCa}`, "--db FILE and --certs DIR"],
    [["restore", "b.db"], `no backup ${folder}/b.db and ${noCa}`, "its path and --certs DIR"],
  ];
  for (const [args, none, give] of rows) {
    await step(t, args.join(" "), async () => {
      const expected = (here: string) =>
        `micropay: cannot run ledger ${args[0]}: there is ${none}; this folder is ${here}: ` +
        `go to the server's folder, or give ${give}\n`;
      // A process runs in the scene's folder, and shows that relative names begin there.
      if (isExecutable || ["balances", "restore"].includes(args[0]!)) {
        const { code, stdout, stderr } = await ledger(scene, ...args);
        assertEquals([code, stdout, stderr], [1, "", expected(folder)]);
      } else {
        const { code, stdout, stderr } = await scene.ledgerInProcess(...args);
        const said = stderr.replace(`no ledger ${scene.folder}`, `no ledger ${folder}`)
          .replace(`no CA certificate ${scene.folder}`, `no CA certificate ${folder}`);
        assertEquals([code, stdout, said], [1, "", expected(Deno.cwd())]);
      }
    });
  }
  assertEquals([...Deno.readDirSync(folder)].filter(({ name }) => name.includes(".db")), []);
});

Deno.test("ledger: after its CA has expired, a ledger can be audited, exported and restored", async () => {
  await using scene = await openScene();
  const books = await openBooks({ folder: scene.folder, clock: new ManualClock(Date.UTC(2010)) });
  await books.register("alice");
  await books.ledger.close();
  const kept = scene.path("kept.db");
  await found(scene, "backup", kept);
  for (const args of [["audit"], ["restore", kept], ["audit"]]) {
    const [report] = await found(scene, ...args);
    assertEquals([report?.outcome, report?.accounts], ["in_order", 1]);
  }
  assertMatch((await scene.ledgerInProcess("export")).stdout, /opening/);
  assertMatch(
    (await scene.ledgerInProcess("deposit", "alice", "5")).stderr,
    /the CA certificate: it expired on/,
  );
});

Deno.test("ledger: a file that cannot be opened gives one clear line and exit 1", async (t) => {
  await using scene = await openScene();
  await Deno.writeTextFile(scene.path("text.db"), "no database".repeat(99));
  await scene.gencert();
  await Deno.mkdir(scene.path("pipe"));
  await new Deno.Command("mkfifo", { args: [scene.path("pipe", "CA.pem")] }).output();
  const textDb = ["--db", scene.path("text.db")];
  const rows: readonly [string[], string][] = [
    [["audit"], "server.db"],
    // Opening the pipe would wait for its writer for ever.
    [["audit", ...textDb, "--certs", scene.path("pipe")], "pipe/CA.pem: it is not a regular file"],
    [["audit", "--certs", scene.path("nowhere")], "nowhere/CA.pem"],
    [["balances", ...textDb], "not a database"],
    [["deposit", "alice", "5", "--db", scene.path("absent.db")], "absent.db"],
    [["backup", scene.path("b.db")], "server.db"],
    [["restore", scene.path("absent.db")], "absent.db"],
  ];
  for (const [args, says] of rows) {
    await step(t, args.join(" ").replaceAll(scene.folder, "FOLDER"), async () => {
      // Only the process that opened the pipe would not end.
      const isProcess = args.includes(scene.path("pipe"));
      const { code, stdout, stderr } = isProcess
        ? await ledger(scene, ...args)
        : await scene.ledgerInProcess(...args);
      assertEquals([code, stdout, stderr.trimEnd().split("\n").length], [1, "", 1]);
      assertStringIncludes(stderr, says);
      const told = await scene.ledgerInProcess(...args, "--json");
      assertStringIncludes(String(json(told.stderr).text), says);
    });
  }
});

Deno.test("ledger: the audit finds no fault beside a busy server, and corrections wait their turn", async () => {
  await using scene = await openSceneInProcess(["alice", "bob", "carol"]);
  await using _bob = await scene.receiver("bob");
  await using _carol = await scene.receiver("carol");
  // Three accounts were opened.
  let entries = 3;
  for (let round = 0; round < 3; round++) {
    let isOver = false;
    const paying = [["alice", "bob"], ["bob", "carol"]].map(async ([from, to]) => {
      let paid = 0;
      do {
        const { code, stderr } = await scene.inProcess(["pay", to!, "1"], { as: from! });
        assertEquals(code, 0, stderr);
        paid++;
      } while (!isOver);
      return paid;
    });
    const [[report]] = await Promise.all([
      asked(scene, "audit"),
      asked(scene, "deposit", "carol", "10"),
      asked(scene, "withdraw", "carol", "10"),
    ]);
    isOver = true;
    const before = entries;
    for (const paid of await Promise.all(paying)) entries += paid;
    entries += 2;
    assertEquals(report!.outcome, "in_order");
    const audited = Number(report!.entries);
    assert(before <= audited && audited <= entries, `${before} <= ${audited} <= ${entries}`);
  }
  assertEquals((await found(scene, "audit"))[0]!.entries, entries);
});

Deno.test("ledger: a correct backup is restored when no server runs", async () => {
  await using scene = await openSceneInProcess(["alice", "bob"]);
  assertEquals(await asked(scene, "backup", "kept.db"), [{ written: "kept.db" }]);
  const db = await Deno.realPath(scene.path("server.db"));
  assertEquals((await scene.ledgerInProcess("backup", scene.path("kept.db"))).code, 1);
  await found(scene, "deposit", "alice", "5");

  const running = await scene.ledgerInProcess("restore", scene.path("kept.db"));
  // It refuses before the audit.
  assertEquals([running.code, running.stdout], [1, ""]);
  assertStringIncludes(
    running.stderr,
    `cannot restore the ledger ${db}: another server is using it; stop that one first`,
  );
  await scene.server.stop();

  await Deno.copyFile(scene.path("kept.db"), scene.path("tampered.db"));
  const change = "UPDATE client SET balance = balance + 1 WHERE username = 'bob'";
  const database = new DatabaseSync(scene.path("tampered.db"));
  database.exec(change);
  database.close();
  const tampered = await scene.ledgerInProcess("restore", scene.path("tampered.db"));
  assertEquals([tampered.code, tampered.stderr], [1, ""]);
  assertStringIncludes(tampered.stdout, "The ledger is wrong: bob has 10001");
  assertEquals((await found(scene, "balances"))[1]!.balance, 10_005);

  const [report, kept, written] = await asked(scene, "restore", "kept.db");
  assertEquals([report!.outcome, written!.written], ["in_order", db]);
  assertEquals((await found(scene, "balances"))[1]!.balance, 10_000);
  assertEquals((await found(scene, "balances", "--db", String(kept!.kept)))[1]!.balance, 10_005);
  await scene.startServerInProcess();
  assertEquals(json((await scene.inProcess(["balance", "--json"])).stdout).balance, 10_000);
});

Deno.test("ledger: a restore names the accounts whose revocation or closure the backup does not have", async () => {
  await using scene = await openScene();
  const books = await openBooks({ folder: scene.folder, clock: new ManualClock() });
  for (const name of ["alice", "bob", "carol"]) await books.register(name);
  await books.closeAccount("carol");
  const kept = scene.path("kept.db");
  await found(scene, "backup", kept);
  await books.revoke("alice", "c1".repeat(32));
  await books.closeAccount("bob");
  await books.ledger.close();
  const { code, stdout } = await scene.ledgerInProcess("restore", kept);
  assertEquals(code, 0);
  assertStringIncludes(stdout, "closed after the backup, and not any more: alice, bob\nRevoke");
  const told = await asked(scene, "restore", "kept.db", "--db", "elsewhere.db");
  assertEquals(told.slice(1), [{ written: `${await Deno.realPath(scene.folder)}/elsewhere.db` }]);
});

Deno.test("ledger: a restore puts back what it audited, even when somebody changes the backup meanwhile", async () => {
  await using scene = await openScene();
  const books = await openBooks({ folder: scene.folder, clock: new ManualClock() });
  await books.register("alice");
  await books.ledger.close();
  await found(scene, "backup", scene.path("kept.db"));
  const change = (line: string) => {
    if (!line.startsWith("All correct")) return;
    const database = new DatabaseSync(scene.path("kept.db"));
    database.exec("UPDATE client SET balance = 9000 WHERE username = 'alice'");
    database.close();
  };
  const files = ["--db", scene.path("server.db"), "--certs", scene.path("certs")];
  await run(["ledger", "restore", scene.path("kept.db"), ...files], {
    ...systemProcessIo,
    print: change,
  });
  assertEquals((await found(scene, "balances")).map(({ balance }) => balance), [-1000, 1000]);
});

Deno.test("ledger: a member who lost a key registers anew with the code, once", async () => {
  await using scene = await openSceneInProcess(["alice", "bob"]);
  await using online = await scene.receiver("alice");
  const [issued] = await found(scene, "reissue", "alice");
  const code = String(issued!.code);
  assertMatch(code, /^([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}$/);

  // The session ends by itself, and others no longer see it.
  await online.end();
  await scene.server.program.line(/\(alice\) was revoked or closed by the operator/);
  assertEquals(json((await scene.inProcess(["list", "--json"], { as: "bob" })).stdout).online, []);
  assertEquals((await scene.inProcess(["pay", "bob", "1"])).code, 4);
  const shown = (await scene.ledgerInProcess("show", "alice")).stdout;
  assertMatch(shown, /\ncertificate none: waits to be registered anew\n/);
  assertMatch(shown, /\n3 {2}20\S+Z {2}revocation {2}certificate [0-9a-f]{16}…\n/);
  const change = (await scene.ledgerInProcess("show", "3")).stdout;
  assertMatch(change, /^number +3\nkind +revocation\n/);
  assertEquals(/^head +(.*)$/m.exec(change)?.[1], (await found(scene, "audit"))[0]!.head);

  const register = async (...args: readonly string[]) =>
    (await scene.inProcess(["register", "alice", ...args], { as: "alice-anew" })).stdout.trim();
  assertEquals(await register(), "210 FAIL");
  assertEquals(await register("--code", "0000-0000-0000-0000"), "210 FAIL");
  assertEquals(await register("--code", code.toLowerCase()), "100 OK");
  const balance = await scene.inProcess(["balance", "--json"], { as: "alice-anew" });
  assertEquals(json(balance.stdout).balance, 10_000);
  const again = await scene.inProcess(["register", "alice", "--code", code], { as: "mallory" });
  assertEquals(again.stdout.trim(), "210 FAIL");
  await using _bob = await scene.receiver("bob");
  assertEquals((await scene.inProcess(["pay", "bob", "1"], { as: "alice-anew" })).code, 0);
  const [report] = await found(scene, "audit");
  assertEquals([report!.outcome, report!.certificates], ["in_order", 3]);

  // The printed line is enough for a machine that does not know the ledger.
  const { stdout: text } = await scene.ledgerInProcess("reissue", "bob");
  const [, args] = /^micropay client SERVER_IP SERVER_PORT (register bob --code .*)$/m.exec(text)!;
  const folder = scene.path("new machine");
  await Deno.mkdir(folder);
  const anew = ["client", "127.0.0.1", String(scene.server.port), ...args!.split(" ")];
  assertEquals((await scene.run([...anew, "--home", "home"], { folder })).stdout, "100 OK\n");
});

Deno.test("ledger: create makes an empty ledger once, which a server then serves", async () => {
  await using scene = await openScene();
  await scene.gencert();
  assertEquals(await found(scene, "create"), [{ ledger: scene.path("server.db"), new: true }]);
  assertEquals(await found(scene, "create"), [{ ledger: scene.path("server.db"), new: false }]);
  assertEquals((await found(scene, "audit"))[0]!.outcome, "in_order");
  await scene.startServerInProcess();
  await scene.register("alice");
  assertEquals((await found(scene, "balances")).length, 2);
});

Deno.test("ledger: a closed account lets nobody in and keeps its balance", async () => {
  await using scene = await openSceneInProcess(["alice", "bob"]);
  await using bob = await scene.receiver("bob");
  assertEquals(await found(scene, "close", "bob"), [{ account: "bob", closed: true }]);
  await bob.end();
  assertEquals((await scene.inProcess(["balance"], { as: "bob" })).code, 4);
  assertEquals((await scene.inProcess(["pay", "bob", "1"])).code, 5);
  const refused = [["close", "bob"], ["reissue", "bob"], ["deposit", "bob", "1"]] as const;
  for (const args of refused) {
    const { code, stdout } = await scene.ledgerInProcess(...args, "--json");
    assertEquals([code, json(stdout).code], [5, 267]);
  }
  assertEquals((await found(scene, "balances"))[2], {
    account: "bob",
    balance: 10_000,
    online: false,
    closed: true,
  });
  await found(scene, "withdraw", "bob", "10000");
  assertEquals((await found(scene, "audit"))[0]!.outcome, "in_order");
  for (const command of ["close", "reissue"]) {
    const { code, stdout } = await scene.ledgerInProcess(command, "nobody", "--json");
    assertEquals([code, json(stdout).code], [5, 262]);
    const told = await scene.ledgerInProcess(command, "nobody");
    assertEquals(told.stderr, "micropay ledger balances lists the accounts\n");
  }
});
