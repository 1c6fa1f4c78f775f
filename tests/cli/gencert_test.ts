import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { type GencertOptions, runGencert } from "../../src/cli/gencert_command.ts";
import { FileError, UsageError } from "../../src/errors.ts";
import { systemRandom as random } from "../../src/random.ts";
import { atMs } from "../pki/certificate_maker.ts";
import { openssl } from "../pki/openssl.ts";
import { inFolder } from "../pki/temporary_folder.ts";
import { clockAt } from "../pki/test_time.ts";

async function run(options: Partial<GencertOptions> & { out: string }): Promise<string[]> {
  const lines: string[] = [];
  await runGencert({ hosts: [], days: 365, force: false, ...options }, {
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
    ]);
  });
});

Deno.test("the usual hosts, this machine's name and those asked for are in the certificate", async () => {
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

Deno.test("gencert refuses what is no host, and no number of days, before it makes anything", async () => {
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
      await assertRejects(() => run({ out: `${folder}/certs`, ...options }), UsageError);
    }
    assertEquals([...Deno.readDirSync(folder)], []);
  });
});

Deno.test("a second gencert is refused and prints nothing; with force it makes a new CA", async () => {
  await inFolder(async (out) => {
    const first = await run({ out });
    await assertRejects(() => run({ out }), FileError, "--force");
    const second = await run({ out, force: true });
    assertEquals(second.length, first.length);
    assert(second[4] !== first[4]);
  });
});
