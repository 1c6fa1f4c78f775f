import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { type GencertOptions, runGencert } from "../../../src/cli/gencert/run_gencert.ts";
import { isThere } from "../../../src/durable_files.ts";
import { CertificateError, FileError, UsageError } from "../../../src/errors.ts";
import { openSqliteLedger } from "../../../src/ledger/sqlite/open_sqlite_ledger.ts";
import { systemRandom as random } from "../../../src/random.ts";
import { atMs } from "../../pki/certificate_maker.ts";
import { runCommand } from "../../end_to_end/command.ts";
import { openssl } from "../../pki/openssl.ts";
import { inFolder, snapshot } from "../../pki/temporary_folder.ts";
import { clockAt } from "../../pki/test_time.ts";

const defaults = {
  command: { name: "make" },
  hosts: [],
  days: 365,
  force: false,
  newCa: false,
  yes: false,
} as const;

interface RunOptions extends Partial<GencertOptions> {
  readonly out: string;
  /** The person's answer to the question. */
  readonly answer?: boolean;
}

async function run({ answer, ...options }: RunOptions): Promise<string[]> {
  const lines: string[] = [];
  await runGencert({ ...defaults, ...options }, {
    confirm: answer === undefined ? undefined : (question) => {
      lines.push(question);
      return Promise.resolve(answer);
    },
    clock: clockAt(),
    random,
    hostname: "Pi4",
    print: (line) => lines.push(line),
  });
  return lines;
}

Deno.test("gencert prints the paths, the fingerprint that openssl prints, and the dates", async () => {
  await inFolder(async (out) => {
    const lines = await run({ out });
    const { text } = await openssl(
      "x509",
      "-in",
      `${out}/CA.pem`,
      "-noout",
      "-fingerprint",
      "-sha256",
    );
    const fingerprint = text.trim().split("=")[1]!.replaceAll(":", "").toLowerCase();
    assertEquals(lines, [
      `${out}/CA.pem`,
      `${out}/CA.key`,
      `${out}/server.crt`,
      `${out}/server.key`,
      `CA fingerprint (SHA-256): ${fingerprint}`,
      "CA valid until: 2036-11-22T12:00:00.000Z",
      "server certificate valid until: 2027-11-23T12:00:00.000Z",
      "server certificate for: localhost, 127.0.0.1, ::1, pi4",
    ]);
  });
});

Deno.test("the certificate has the usual hosts, this machine's name and the requested ones", async () => {
  await inFolder(async (out) => {
    await run({ out, hosts: ["pay.example.org", "192.168.1.5"] });
    const { text } = await openssl("x509", "-in", `${out}/server.crt`, "-noout", "-text");
    for (const name of ["DNS:localhost", "DNS:pi4", "DNS:pay.example.org"]) {
      assert(text.includes(name));
    }
    for (const address of ["127.0.0.1", "0:0:0:0:0:0:0:1", "192.168.1.5"]) {
      assert(text.includes(`IP Address:${address}`), address);
    }
    const args = ["-attime", `${atMs / 1000}`, "-CAfile", `${out}/CA.pem`, `${out}/server.crt`];
    assertMatch((await openssl("verify", ...args)).text, /: OK/);
  });
});

Deno.test("gencert makes no certificate for a wrong host or number of days", async () => {
  const wrong: Partial<GencertOptions>[] = [
    { hosts: ["http://pay.example.org"] },
    { hosts: ["fine.example.org", "a b"] },
    { hosts: [""] },
    { days: 0 },
    { days: -1 },
    { days: 1.5 },
    { days: NaN },
  ];
  await inFolder(async (folder) => {
    for (const options of wrong) {
      await assertRejects(() => run({ out: folder, ...options }), CertificateError);
    }
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), [".lock"]);
  });
});

Deno.test("a second gencert is refused and names the command that renews, not the one that replaces", async () => {
  await inFolder(async (out) => {
    await run({ out });
    const error = await assertRejects(() => run({ out }), FileError);
    assertMatch(error.message, /micropay gencert renew/);
    assert(!error.message.includes("--force"));
  });
});

Deno.test("gencert renew keeps the CA, names the old files, and says when the new ones take effect", async () => {
  await inFolder(async (out) => {
    const first = await run({ out, hosts: ["pay.example.org"] });
    const renewed = await run({ out, command: { name: "renew" }, days: 90 });
    const mark = "replaced-2026-11-23T120000.000Z";
    assertEquals(renewed, [
      `${out}/server.crt`,
      `${out}/server.key`,
      `kept: ${out}/server.crt.${mark}`,
      `kept: ${out}/server.key.${mark}`,
      first[4],
      first[5],
      "server certificate valid until: 2027-02-21T12:00:00.000Z",
      "server certificate for: localhost, 127.0.0.1, ::1, pi4, pay.example.org",
      "restart the server to use it",
    ]);
    const named = await run({ out, command: { name: "renew" }, hosts: ["new.example.org"] });
    assert(
      named.includes("server certificate for: localhost, 127.0.0.1, ::1, pi4, new.example.org"),
    );
  });
});

Deno.test("gencert --force asks, or needs --yes, and keeps every file", async (test) => {
  const rows: [string, Partial<RunOptions>, RegExp | undefined][] = [
    ["nobody to ask", {}, /give --yes too/],
    ["a person says no", { answer: false }, /not confirmed/],
    ["a person says yes", { answer: true }, undefined],
    ["--yes", { yes: true }, undefined],
  ];
  for (const [title, options, refused] of rows) {
    await test.step(title, async () => {
      await inFolder(async (folder) => {
        const out = `${folder}/certs`;
        await run({ out });
        const before = await snapshot(out);
        const forcing = () => run({ out, force: true, ...options });
        if (refused) {
          assertMatch((await assertRejects(forcing, UsageError)).message, refused);
          assertEquals(await snapshot(out), before);
        } else {
          await forcing();
          const after = await snapshot(out);
          const kept = Object.keys(after).filter((name) => name.includes(".replaced-"));
          assertEquals(kept.map((name) => after[name]).sort(), Object.values(before).sort());
        }
      });
    });
  }
  await test.step("an empty folder: no question", async () => {
    await inFolder(async (folder) => {
      await run({ out: `${folder}/certs`, force: true });
    });
  });
});

Deno.test("gencert --force keeps the CA of an existing ledger, unless --new-ca gives it up", async (test) => {
  const ledgerOf = async (file: string, ledgerId: string) =>
    await (await openSqliteLedger({ file, ledgerId })).close();
  const force = { force: true, yes: true };
  await inFolder(async (folder) => {
    const out = `${folder}/certs`;
    const [line] = (await run({ out })).filter((line) => line.startsWith("CA fingerprint"));
    const id = line!.split(" ").at(-1)!;
    const before = await snapshot(out);
    const refuse = async (options: Partial<RunOptions>, says: RegExp) => {
      const error = await assertRejects(() => run({ out, ...force, ...options }), UsageError);
      assertMatch(error.message, says);
      assertEquals(await snapshot(out), before);
    };
    await test.step("beside the folder", async () => {
      await ledgerOf(`${folder}/server.db`, id);
      await refuse({}, /server\.db is a ledger of this CA.*micropay gencert renew --out/);
    });
    await test.step("beside the folder that a link leads to", async () => {
      await inFolder(async (elsewhere) => {
        await Deno.symlink(out, `${elsewhere}/certs`);
        const forcing = () => run({ out: `${elsewhere}/certs`, ...force });
        await assertRejects(forcing, UsageError, `${folder}/server.db is a ledger of this CA`);
      });
    });
    await test.step("the file of --db", async () => {
      await Deno.rename(`${folder}/server.db`, `${folder}/other.db`);
      await refuse({ db: `${folder}/other.db` }, /other\.db is a ledger of this CA/);
    });
    await test.step("a file that cannot be read as a ledger", async () => {
      await Deno.writeTextFile(`${folder}/server.db`, "a letter\n".repeat(500));
      await refuse({}, /server\.db cannot be read/);
      await Deno.remove(`${folder}/server.db`);
    });
    await test.step("any ledger, when the CA's certificate is missing", async () => {
      await ledgerOf(`${folder}/server.db`, id);
      await Deno.rename(`${out}/CA.pem`, `${folder}/CA.pem`);
      await assertRejects(() => run({ out, ...force }), UsageError, "ledger of this CA");
      await Deno.rename(`${folder}/CA.pem`, `${out}/CA.pem`);
      await Deno.remove(`${folder}/server.db`);
    });
    await test.step("not the ledger of another CA", async () => {
      await inFolder(async (elsewhere) => {
        await run({ out: `${elsewhere}/certs` });
        await ledgerOf(`${elsewhere}/server.db`, id);
        await run({ out: `${elsewhere}/certs`, ...force });
      });
    });
    await test.step("--new-ca", async () => {
      await ledgerOf(`${folder}/server.db`, id);
      await refuse({}, /ledger of this CA/);
      await run({ out, ...force, newCa: true });
    });
  });
});

Deno.test("gencert refuses options that do not go together", async () => {
  await inFolder(async (folder) => {
    const out = `${folder}/certs`;
    const renew = { name: "renew" } as const;
    await assertRejects(() => run({ out, newCa: true }), UsageError, "with --force");
    await assertRejects(() => run({ out, command: renew, force: true }), UsageError, "--force");
    assertEquals([...Deno.readDirSync(folder)], []);
  });
});

Deno.test("an error about a certificate escapes its text once", async () => {
  await inFolder(async (folder) => {
    const out = `${folder}/a\u0001b`;
    const gencert = () => runCommand(["gencert", "--out", out], { env: {} });
    assertEquals((await gencert()).code, 0);
    await Deno.remove(`${out}/server.crt`);
    await Deno.writeTextFile(`${out}/server.key`, "x");
    for (const { stderr } of [await gencert(), await runServer(out)]) {
      assertMatch(stderr, /\/a\\u\{1\}b\/server\.(key|crt)/);
      assert(!stderr.includes("\\\\u"), stderr);
    }
    await Deno.remove(out, { recursive: true });
    await Deno.mkdir(out);
    await Deno.writeTextFile(`${out}/CA.pem`, "");
    const { stderr } = await gencert();
    assertMatch(stderr, /\/a\\u\{1\}b: CA\.key missing/);
  });
});

function runServer(certs: string) {
  return runCommand(["server", "0", "--certs", certs, "--db", `${certs}/server.db`], { env: {} });
}

Deno.test("gencert --ca-from makes the files of another server without CA.key, and renews them", async () => {
  await inFolder(async (folder) => {
    const [certs, second] = [`${folder}/certs`, `${folder}/second`];
    const [caLine] = (await run({ out: certs })).filter((line) => line.startsWith("CA finger"));
    const made = await run({ caFrom: certs, out: second, hosts: ["two.example.org"] });
    assertEquals(made.slice(0, 4), [
      `${second}/CA.pem`,
      `${second}/server.crt`,
      `${second}/server.key`,
      caLine!,
    ]);
    const args = ["-attime", `${atMs / 1000}`, "-CAfile", `${certs}/CA.pem`];
    assertMatch((await openssl("verify", ...args, `${second}/server.crt`)).text, /: OK/);
    assert(!isThere(`${second}/CA.key`));
    const both = [certs, second].map((at) => Deno.readTextFileSync(`${at}/server.crt`));
    assert(both[0] !== both[1]);

    const again = await assertRejects(() => run({ caFrom: certs, out: second }), FileError);
    assertMatch(again.message, /micropay gencert renew --ca-from \S+ --out \S+ replaces/);
    const renewed = await run({ caFrom: certs, out: second, command: { name: "renew" } });
    assertEquals(renewed.slice(0, 2), [`${second}/server.crt`, `${second}/server.key`]);
    assertMatch(renewed.join(), /server certificate for: .*two\.example\.org/);
    const without = await assertRejects(
      () => run({ out: second, command: { name: "renew" } }),
      FileError,
    );
    assertMatch(without.message, /CA\.key missing.* --ca-from/);
  });
});

Deno.test("gencert --ca-from refuses a folder of another ledger, a CA without its key, and --force", async () => {
  await inFolder(async (folder) => {
    const [certs, other] = [`${folder}/certs`, `${folder}/other`];
    await run({ out: certs });
    await run({ out: other });
    await Deno.remove(`${other}/server.crt`);
    const before = await snapshot(other);
    for (const command of [{ name: "make" }, { name: "renew" }] as const) {
      const error = await assertRejects(
        () => run({ caFrom: certs, out: other, command }),
        FileError,
      );
      assertMatch(error.message, /other has the CA of another ledger/);
    }
    await assertRejects(() => run({ caFrom: certs, out: other, force: true }), UsageError);
    assertEquals(await snapshot(other), before);
    await Deno.remove(`${certs}/CA.key`);
    const error = await assertRejects(
      () => run({ caFrom: certs, out: `${folder}/new` }),
      FileError,
    );
    assertMatch(error.message, /use the CA in \S+certs: CA\.key missing/);
  });
});
