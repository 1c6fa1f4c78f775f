import { testWith } from "../installed_tool.ts";
import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { CertificateError, FileError, type MicropayError } from "../../src/errors.ts";
import {
  type CertificateFileName,
  certificateFileNames,
  hasNoCertificates,
  openCertificates,
} from "../../src/pki/certificate_folder.ts";
import {
  makeCertificates,
  renewServerCertificate,
  replaceCertificates,
} from "../../src/pki/make_certificates.ts";
import { atMs, dayMs } from "./certificate_maker.ts";
import { openssl } from "./openssl.ts";
import { inFolder, make, makeOptions, snapshot } from "./temporary_folder.ts";
import { clockAt } from "./test_time.ts";

function renew(
  folder: string,
  { hosts, ...options }: { ms?: number; days?: number; hosts?: string[] } = {},
) {
  const hostsDefault = ["default.example"];
  return renewServerCertificate({ ...makeOptions(folder, options), hosts, hostsDefault });
}

Deno.test("the four files are made in a new folder, with modes for their readers", async () => {
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
    const opened = openCertificates({ folder, clock: clockAt() });
    assertEquals(opened.anchor.fingerprint, report.caFingerprint);
    assertEquals(opened.identity.party, { role: "server" });
    assertEquals(opened.anchor.notAfterMs, report.caNotAfterMs);
  });
});

testWith(["openssl"], "openssl verifies the certificates and reads the keys", async () => {
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

Deno.test("a complete folder stays unchanged, and the error names the command that renews", async () => {
  await inFolder(async (folder) => {
    await make(folder);
    const before = await snapshot(folder);
    const error = await assertRejects(() => make(folder), FileError);
    assertMatch(error.message, /micropay gencert renew --out \S+ replaces the server's/);
    assertEquals(await snapshot(folder), before);
    assertEquals(hasNoCertificates(folder), false);
  });
});

Deno.test("a part of a CA stays unchanged, and the error names the missing part", async (test) => {
  const rows: [CertificateFileName[], RegExp][] = [
    [["CA.pem"], /CA\.key missing/],
    [["CA.key"], /CA\.pem missing/],
    [["server.key"], /CA\.pem and CA\.key missing/],
    [["server.crt", "server.key"], /CA\.pem and CA\.key missing/],
    [["CA.pem", "server.crt", "server.key"], /CA\.key missing/],
  ];
  for (const [kept, says] of rows) {
    await test.step(`only ${kept.join(", ")} present`, async () => {
      await inFolder(async (folder) => {
        await make(folder);
        for (const name of certificateFileNames) {
          if (!kept.includes(name)) await Deno.remove(`${folder}/${name}`);
        }
        const before = await snapshot(folder);
        for (const change of [() => make(folder), () => renew(folder)]) {
          const error = await assertRejects(change, FileError);
          assertMatch(error.message, says);
          assert(!error.message.includes("--force"), error.message);
        }
        assertEquals(await snapshot(folder), before);
      });
    });
  }
});

Deno.test("a dangling symbolic link counts as an existing file", async () => {
  await inFolder(async (folder) => {
    await Deno.symlink(`${folder}/elsewhere`, `${folder}/server.key`);
    await assertRejects(() => make(folder), FileError, "server.key");
    assertEquals(
      Object.keys(await snapshot(folder).catch(() => ({}))).includes("elsewhere"),
      false,
    );
  });
});

Deno.test("the server's missing files are made with the existing key", async (test) => {
  const rows: [CertificateFileName[], made: CertificateFileName[], kept: number][] = [
    [["server.crt", "server.key"], ["server.crt", "server.key"], 0],
    [["server.crt"], ["server.crt"], 0],
    [["server.key"], ["server.crt", "server.key"], 1],
  ];
  for (const [missing, made, kept] of rows) {
    await test.step(`${missing.join(" and ")} missing`, async () => {
      await inFolder(async (folder) => {
        const first = await make(folder);
        const before = await snapshot(folder);
        for (const name of missing) await Deno.remove(`${folder}/${name}`);
        const second = await make(folder, { ms: atMs + 400 * dayMs });
        assertEquals(second.made, made.map((name) => `${folder}/${name}`));
        assertEquals(second.kept.length, kept);
        assertEquals(second.caFingerprint, first.caFingerprint);
        const after = await snapshot(folder);
        assertEquals([after["CA.pem"], after["CA.key"]], [before["CA.pem"], before["CA.key"]]);
        const isSameKey = after["server.key"] === before["server.key"];
        assertEquals(isSameKey, !missing.includes("server.key"));
        for (const path of second.kept) {
          assertEquals(await Deno.readTextFile(path), before["server.crt"]);
        }
      });
    });
  }
  await test.step("an invalid key", async () => {
    await inFolder(async (folder) => {
      await make(folder);
      await Deno.remove(`${folder}/server.crt`);
      await Deno.writeTextFile(`${folder}/server.key`, "");
      const error = await assertRejects(() => make(folder), CertificateError);
      assertMatch(error.message, /server\.key.*micropay gencert renew --out \S+ makes new ones/);
      await renew(folder);
    });
  });
});

Deno.test("a renewal keeps the CA and the old pair, and the hosts unless options name others", async () => {
  await inFolder(async (folder) => {
    const first = await makeCertificates({ ...makeOptions(folder), hosts: ["a.example", "::1"] });
    const before = await snapshot(folder);
    const later = atMs + 300 * dayMs;
    const second = await renew(folder, { ms: later, days: 30 });
    assertEquals(second.hosts, ["a.example", "::1"]);
    assertEquals(second.caFingerprint, first.caFingerprint);
    assertEquals(second.serverNotAfterMs, later + 30 * dayMs);
    const mark = "replaced-2027-09-19T120000.000Z";
    const kept = ["server.crt", "server.key"].map((name) => `${name}.${mark}`);
    assertEquals(second.kept.toSorted(), kept.map((name) => `${folder}/${name}`));
    const after = await snapshot(folder);
    for (const name of ["server.crt", "server.key"]) {
      assertEquals(after[`${name}.${mark}`], before[name]);
      assertNotEquals(after[name], before[name]);
    }
    assertEquals((await Deno.stat(`${folder}/server.key.${mark}`)).mode! & 0o777, 0o600);
    const third = await renew(folder, { ms: later, hosts: ["b.example"] });
    assertEquals(third.hosts, ["b.example"]);
    assertEquals(Object.keys(await snapshot(folder)).length, 8, "a copy of each pair");
  });
});

Deno.test("a renewal works when the server's certificate is expired, damaged or missing", async (test) => {
  const rows: [string, (folder: string) => Promise<void>, number, string[]][] = [
    ["expired", () => Promise.resolve(), 400, ["localhost"]],
    ["damaged", (f) => Deno.writeTextFile(`${f}/server.crt`, "x"), 1, ["default.example"]],
    ["missing", (f) => Deno.remove(`${f}/server.crt`), 1, ["default.example"]],
  ];
  for (const [title, spoil, days, hosts] of rows) {
    await test.step(title, async () => {
      await inFolder(async (folder) => {
        await make(folder);
        await spoil(folder);
        const ms = atMs + days * dayMs;
        assertEquals((await renew(folder, { ms })).hosts, hosts);
        openCertificates({ folder, clock: clockAt(ms) });
      });
    });
  }
  await test.step("but not without a folder", async () => {
    await inFolder(async (folder) => {
      await assertRejects(() => renew(`${folder}/none`), FileError, "none is not there");
      assertEquals(await snapshot(folder), {});
    });
  });
});

Deno.test("a CA that has expired or lacks its own key issues nothing", async () => {
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

Deno.test("replacing the CA makes four new files, keeps the old ones and leaves other files alone", async () => {
  await inFolder(async (folder) => {
    const first = await make(folder);
    await Deno.writeTextFile(`${folder}/README.md`, "stays");
    const before = await snapshot(folder);
    const second = await replaceCertificates(makeOptions(folder));
    const after = await snapshot(folder);
    assertNotEquals(second.caFingerprint, first.caFingerprint);
    for (const name of certificateFileNames) {
      assertNotEquals(after[name], before[name]);
      assertEquals(after[`${name}.replaced-2026-11-23T120000.000Z`], before[name]);
    }
    assertEquals(after["README.md"], "stays");
    assertEquals(Object.keys(after).length, 9);
  });
});

Deno.test("an unwritable folder throws a FileError", async () => {
  await inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/file`, "");
    await assertRejects(() => make(`${folder}/file`), FileError, "file");
    await assertRejects(() => make(`${folder}/file/below`), FileError, "file");
  });
});

Deno.test("an error about the folder names the file", async (test) => {
  const rows: [
    string,
    (folder: string) => Promise<unknown>,
    new (text: string) => MicropayError,
    RegExp,
  ][] = [
    ["a missing CA", (f) => Deno.remove(`${f}/CA.pem`), FileError, /CA\.pem: there is no such/],
    ["a missing key", (f) => Deno.remove(`${f}/server.key`), FileError, /server\.key: there is no/],
    [
      "a file that is not PEM",
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
        assertMatch(assertThrows(open, kind).message, why);
      });
    });
  }
  await test.step("a server's certificate that has expired", async () => {
    await inFolder(async (folder) => {
      await make(folder, { days: 1 });
      const clock = clockAt(atMs + 2 * dayMs);
      const error = assertThrows(
        () => openCertificates({ folder, clock }),
        CertificateError,
      );
      assertMatch(
        error.message,
        /server\.crt.*expired on 2026-11-24.*micropay gencert renew --out \S+ makes new ones/,
      );
    });
  });
});

Deno.test("a folder without the four files has no certificates", async () => {
  await inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/README.md`, "");
    assert(hasNoCertificates(folder));
    assert(hasNoCertificates(`${folder}/missing`));
  });
});
