import { testWith } from "../installed_tool.ts";
import { assert, assertEquals, assertMatch, assertNotEquals, assertRejects } from "@std/assert";
import { CertificateError, FileError, type MicropayError } from "../../src/errors.ts";
import {
  certificateFileNames,
  hasNoCertificates,
  openCertificates,
} from "../../src/pki/certificate_folder.ts";
import { atMs, dayMs } from "./certificate_maker.ts";
import { openssl } from "./openssl.ts";
import { inFolder, make, snapshot } from "./temporary_folder.ts";
import { clockAt } from "./test_time.ts";

Deno.test("the four files are made in a folder that was not there, readable by whom they are for", async () => {
  await inFolder(async (outer) => {
    const folder = `${outer}/a/b`;
    const report = await make(folder);
    assertEquals(report.made, certificateFileNames.map((name) => `${folder}/${name}`));
    assertEquals(
      Object.keys(await snapshot(folder)).toSorted(),
      [...certificateFileNames].toSorted(),
    );
    const modes: Record<string, number> = {};
    for (const name of certificateFileNames) {
      modes[name] = (await Deno.stat(`${folder}/${name}`)).mode! & 0o777;
    }
    assertEquals(modes, {
      "CA.pem": 0o644,
      "CA.key": 0o600,
      "server.crt": 0o644,
      "server.key": 0o600,
    });
    assertEquals(report.serverNotAfterMs, atMs + 365 * dayMs);
    const opened = await openCertificates({ folder, clock: clockAt() });
    assertEquals(opened.anchor.fingerprint, report.caFingerprint);
    assertEquals(opened.identity.party, { role: "server" });
    assertEquals(opened.authority.anchor.notAfterMs, report.caNotAfterMs);
  });
});

testWith(["openssl"], "openssl verifies what was made, and reads the keys", async () => {
  await inFolder(async (folder) => {
    await make(folder);
    const at = ["-attime", `${atMs / 1000}`];
    const [ca, crt] = [`${folder}/CA.pem`, `${folder}/server.crt`];
    const verified = await openssl("verify", ...at, "-CAfile", ca, crt);
    assertEquals(verified.text.trim(), `${crt}: OK`);
    for (const name of ["CA.key", "server.key"]) {
      const { success, text } = await openssl(
        "pkey",
        "-in",
        `${folder}/${name}`,
        "-noout",
        "-text",
      );
      assert(success, text);
      assertMatch(text, /ED25519 Private-Key/);
    }
  });
});

Deno.test("nothing that is there is touched without force", async (test) => {
  for (const kept of [[...certificateFileNames], ...certificateFileNames.map((name) => [name])]) {
    await test.step(`${kept.join(", ")} there`, async () => {
      await inFolder(async (folder) => {
        await make(folder);
        for (const name of certificateFileNames) {
          if (!kept.includes(name)) await Deno.remove(`${folder}/${name}`);
        }
        const before = await snapshot(folder);
        const error = await assertRejects(() => make(folder), FileError);
        assert(kept.some((name) => error.message.includes(`${folder}/${name}`)), error.message);
        assertEquals(await snapshot(folder), before);
        assertEquals(await hasNoCertificates(folder), false);
      });
    });
  }
});

Deno.test("a symbolic link to nowhere is something that is there", async () => {
  await inFolder(async (folder) => {
    await Deno.symlink(`${folder}/elsewhere`, `${folder}/server.key`);
    await assertRejects(() => make(folder), FileError, "server.key");
    assertEquals(
      Object.keys(await snapshot(folder).catch(() => ({}))).includes("elsewhere"),
      false,
    );
  });
});

Deno.test("with a valid CA only the server's files are made", async () => {
  await inFolder(async (folder) => {
    const first = await make(folder);
    const before = await snapshot(folder);
    await Deno.remove(`${folder}/server.crt`);
    await Deno.remove(`${folder}/server.key`);
    const second = await make(folder, { ms: atMs + 400 * dayMs });
    assertEquals(second.made, [`${folder}/server.crt`, `${folder}/server.key`]);
    assertEquals(second.caFingerprint, first.caFingerprint);
    const after = await snapshot(folder);
    assertEquals(after["CA.pem"], before["CA.pem"]);
    assertEquals(after["CA.key"], before["CA.key"]);
    assertNotEquals(after["server.key"], before["server.key"]);
  });
});

Deno.test("a CA that has expired, or is without its own key, issues nothing", async () => {
  await inFolder(async (folder) => {
    await make(folder);
    await Deno.remove(`${folder}/server.crt`);
    await Deno.remove(`${folder}/server.key`);
    const before = await snapshot(folder);
    const late = { ms: atMs + 4000 * dayMs };
    await assertRejects(() => make(folder, late), CertificateError, "CA.pem");
    await inFolder(async (other) => {
      await make(other);
      await Deno.copyFile(`${other}/CA.key`, `${folder}/CA.key`);
    });
    await assertRejects(() => make(folder), CertificateError, "not the certificate's");
    assertEquals((await snapshot(folder))["CA.pem"], before["CA.pem"]);
  });
});

Deno.test("force replaces all four and leaves other files alone", async () => {
  await inFolder(async (folder) => {
    const first = await make(folder);
    await Deno.writeTextFile(`${folder}/README.md`, "stays");
    const before = await snapshot(folder);
    const second = await make(folder, { force: true });
    const after = await snapshot(folder);
    assertNotEquals(second.caFingerprint, first.caFingerprint);
    for (const name of certificateFileNames) assertNotEquals(after[name], before[name]);
    assertEquals(after["README.md"], "stays");
    assertEquals(Object.keys(after).length, 5);
  });
});

Deno.test("a folder that cannot be written to is a FileError", async () => {
  await inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/file`, "");
    await assertRejects(() => make(`${folder}/file`), FileError, "file");
    await assertRejects(() => make(`${folder}/file/below`), FileError, "file");
  });
});

Deno.test("what is wrong with a folder is said with the file's path", async (test) => {
  const rows: [
    string,
    (folder: string) => Promise<unknown>,
    new (text: string) => MicropayError,
    RegExp,
  ][] = [
    ["a missing CA", (f) => Deno.remove(`${f}/CA.pem`), FileError, /CA\.pem: there is no such/],
    ["a missing key", (f) => Deno.remove(`${f}/server.key`), FileError, /server\.key: there is no/],
    [
      "a file that is none",
      (f) => Deno.writeTextFile(`${f}/server.crt`, "x"),
      CertificateError,
      /server\.crt.*PEM/,
    ],
    [
      "the CA's certificate as the server's",
      (f) => Deno.copyFile(`${f}/CA.pem`, `${f}/server.crt`),
      CertificateError,
      /server\.crt.*a CA's/,
    ],
    [
      "the CA's key as the server's",
      (f) => Deno.copyFile(`${f}/CA.key`, `${f}/server.key`),
      CertificateError,
      /server\.crt and its key.*not the certificate's/,
    ],
    [
      "another CA's server",
      (folder) =>
        inFolder(async (other) => {
          await make(other);
          for (const name of ["server.crt", "server.key"]) {
            await Deno.copyFile(`${other}/${name}`, `${folder}/${name}`);
          }
        }),
      CertificateError,
      /server\.crt.*it was issued by micropay CA/,
    ],
  ];
  for (const [title, spoil, kind, why] of rows) {
    await test.step(title, async () => {
      await inFolder(async (folder) => {
        await make(folder);
        await spoil(folder);
        const open = () => openCertificates({ folder, clock: clockAt() });
        assertMatch((await assertRejects(open, kind)).message, why);
      });
    });
  }
  await test.step("a server's certificate that has expired", async () => {
    await inFolder(async (folder) => {
      await make(folder, { days: 1 });
      const clock = clockAt(atMs + 2 * dayMs);
      const error = await assertRejects(
        () => openCertificates({ folder, clock }),
        CertificateError,
      );
      assertMatch(error.message, /server\.crt.*expired on 2026-11-24/);
    });
  });
});

Deno.test("a folder has no certificates when it is missing, or has other files only", async () => {
  await inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/README.md`, "");
    assert(await hasNoCertificates(folder));
    assert(await hasNoCertificates(`${folder}/missing`));
  });
});
