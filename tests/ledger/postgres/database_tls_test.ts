/** Encrypted connections to a database, whose server has a certificate of a CA of its own. */
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { openingError, openSession } from "../../../src/ledger/postgres/identify_database.ts";
import type { DatabaseAccess } from "../../../src/ledger/postgres/session.ts";
import { parseDatabaseUrl } from "../../../src/ledger/postgres/database_url.ts";
import { passwordFinder } from "../../../src/ledger/postgres/password_file.ts";
import { systemClock } from "../../../src/clock.ts";
import { databaseConnectMsMax } from "../../../src/limits.ts";
import { testWith } from "../../installed_tool.ts";
import { ManualClock } from "../../manual_clock.ts";
import { TemporaryPostgres } from "./temporary_postgres.ts";

const options = { answerMsMax: 10_000 };

testWith(
  ["initdb", "openssl"],
  "sslmode=verify-full connects only to a server whose certificate is for its host and of the CA in sslrootcert",
  async (context) => {
    const postgres = await TemporaryPostgres.start({
      access: [
        "hostssl all member 127.0.0.1/32 scram-sha-256",
        "host all micropay 127.0.0.1/32 trust",
      ],
    });
    const folder = await Deno.makeTempDir();
    try {
      postgres.psql("postgres", "CREATE ROLE member LOGIN PASSWORD 'a:b\\c'");
      certify(folder);
      const key = Deno.readTextFileSync(`${folder}/server.key`);
      postgres.useCertificate(Deno.readTextFileSync(`${folder}/server.crt`), key);
      Deno.writeTextFileSync(`${folder}/pgpass`, "127.0.0.1:*:postgres:member:a\\:b\\\\c\n");
      Deno.chmodSync(`${folder}/pgpass`, 0o600);
      const environment = (name: string) => name === "PGPASSFILE" ? `${folder}/pgpass` : undefined;
      const accessWith = (parameters: string, host = "127.0.0.1") => ({
        url: parseDatabaseUrl(`postgres://member@${host}:${postgres.port}/postgres?${parameters}`),
        passwordOf: passwordFinder(environment),
        clock: systemClock,
      });

      const good = accessWith(`sslmode=verify-full&sslrootcert=${folder}/ca.pem`);
      const session = await openSession(good, options);
      assertEquals(
        await session.query("SELECT ssl::text FROM pg_stat_ssl WHERE pid = pg_backend_pid()"),
        [{ ssl: "true" }],
      );
      await session.close();
      await context.step({
        name: "a connection whose deadline passes when its TLS is ready is closed",
        fn: () => passDeadlineWhenEncrypted(good),
      });

      const table = [
        [accessWith("sslmode=verify-full"), "name the file of its CA with sslrootcert"],
        [accessWith(`sslmode=verify-full&sslrootcert=${folder}/other.pem`), "is refused"],
        [
          accessWith(`sslmode=verify-full&sslrootcert=${folder}/ca.pem`, "localhost"),
          'certificate not valid for name "localhost"',
        ],
        [accessWith(`sslmode=verify-full&sslrootcert=${folder}/none.pem`), "cannot read the CA"],
        // Its pg_hba.conf wants TLS.
        [accessWith("sslmode=disable"), "check the server's pg_hba.conf"],
      ] as const;
      for (const [access, reason] of table) {
        const error = await assertRejects(() => openSession(access, options));
        const { message } = openingError(access, error);
        assertStringIncludes(message, reason);
        assertEquals(message.split("\n").length, 1);
      }
    } finally {
      postgres.dispose();
      await Deno.remove(folder, { recursive: true });
    }
  },
);

/** Lets the deadline of a connection pass as soon as its TLS is ready, and a few turns later. */
async function passDeadlineWhenEncrypted(access: DatabaseAccess): Promise<void> {
  const { startTls } = Deno;
  try {
    for (let turns = 0; turns < 20; turns++) {
      const clock = new ManualClock();
      Deno.startTls = async (connection, options) => {
        const secure = await startTls(connection, options);
        const handshake = secure.handshake.bind(secure);
        secure.handshake = async () => {
          const info = await handshake();
          (async () => {
            for (let turn = 0; turn < turns; turn++) await undefined;
            clock.advance(databaseConnectMsMax);
          })();
          return info;
        };
        return secure;
      };
      await assertRejects(
        () => openSession({ ...access, clock }, options),
        Error,
        "did not answer",
      );
    }
  } finally {
    Deno.startTls = startTls;
  }
}

/** Makes two CAs, and the certificate of a server at 127.0.0.1, which the first one signs. */
function certify(folder: string): void {
  const key = ["-newkey", "rsa:2048", "-nodes", "-days", "2"];
  for (const name of ["ca", "other"]) {
    const subject = [
      "-subj",
      `/CN=${name} of a test`,
      "-addext",
      "basicConstraints=critical,CA:TRUE",
    ];
    openssl(
      folder,
      "req",
      "-x509",
      ...key,
      ...subject,
      "-keyout",
      `${name}.key`,
      "-out",
      `${name}.pem`,
    );
  }
  openssl(
    folder,
    "req",
    ...key.slice(0, 3),
    "-subj",
    "/CN=a server of a test",
    "-keyout",
    "server.key",
    "-out",
    "server.csr",
  );
  Deno.writeTextFileSync(`${folder}/extensions`, "subjectAltName=IP:127.0.0.1\n");
  const signer = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2"];
  openssl(
    folder,
    "x509",
    "-req",
    "-in",
    "server.csr",
    ...signer,
    "-extfile",
    "extensions",
    "-out",
    "server.crt",
  );
}

function openssl(folder: string, ...args: readonly string[]): void {
  const { success, stderr } = new Deno.Command("openssl", { args: [...args], cwd: folder })
    .outputSync();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}
