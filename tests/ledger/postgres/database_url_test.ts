/** Which URLs of a database are accepted, and what they say. */
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { UsageError } from "../../../src/errors.ts";
import {
  type DatabaseUrl,
  isDatabaseUrl,
  parseDatabaseUrl,
} from "../../../src/ledger/postgres/database_url.ts";

const local: Omit<DatabaseUrl, "text"> = {
  hosts: [{ host: "localhost", port: 5432 }],
  user: "micropay",
  database: "ledger",
  isEncrypted: false,
  rootCertificateFile: undefined,
  applicationName: "micropay",
};
const remote = { ...local, hosts: [{ host: "db.example.org", port: 5432 }], isEncrypted: true };

const accepted: readonly (readonly [text: string, url: Omit<DatabaseUrl, "text">])[] = [
  ["postgres://micropay@localhost/ledger", local],
  ["postgresql://micropay@localhost:5432/ledger", local],
  ["postgres://micropay@127.0.0.1:1/ledger", {
    ...local,
    hosts: [{ host: "127.0.0.1", port: 1 }],
  }],
  ["postgres://micropay@[::1]:65535/ledger", {
    ...local,
    hosts: [{ host: "::1", port: 65535 }],
  }],
  ["postgres://a%40b%3Ac@localhost/led%2Fger", { ...local, user: "a@b:c", database: "led/ger" }],
  ["postgres://micropay@db.example.org/ledger", remote],
  ["postgres://micropay@db.example.org/ledger?sslmode=disable", { ...remote, isEncrypted: false }],
  ["postgres://micropay@localhost/ledger?sslmode=verify-full", { ...local, isEncrypted: true }],
  ["postgres://micropay@localhost/ledger?sslrootcert=db-ca.pem", {
    ...local,
    isEncrypted: true,
    rootCertificateFile: "db-ca.pem",
  }],
  ["postgres://micropay@db1,localhost:6000,[2001:db8::1]/ledger", {
    ...remote,
    hosts: [
      { host: "db1", port: 5432 },
      { host: "localhost", port: 6000 },
      { host: "2001:db8::1", port: 5432 },
    ],
  }],
  [
    "postgres://micropay@db.example.org/ledger?sslmode=verify-full&sslrootcert=/etc/ca%20s.pem&application_name=campus",
    { ...remote, rootCertificateFile: "/etc/ca s.pem", applicationName: "campus" },
  ],
];

for (const [text, url] of accepted) {
  Deno.test(`the database ${text} is accepted`, () => {
    assertEquals(isDatabaseUrl(text), true);
    assertEquals(parseDatabaseUrl(text), { ...url, text });
  });
}

const form = "it has to be postgres://user@host:port/name";
const refused: readonly (readonly [text: string, reason: string])[] = [
  ["postgres://localhost/ledger", form],
  ["postgres://micropay@localhost", form],
  ["postgres://micropay@localhost/", form],
  ["postgres://@localhost/ledger", form],
  ["postgres:/micropay@localhost/ledger", form],
  ["postgres://micropay@/ledger", form],
  ["postgres://micropay@localhost/ledger/more", form],
  ["postgres://micropay@localhost:0/ledger", '"localhost:0" is not a host, or a host and a port'],
  ["postgres://micropay@localhost:65536/ledger", "from 1 to 65535"],
  ["postgres://micropay@localhost:abc/ledger", '"localhost:abc" is not a host'],
  ["postgres://micropay@db1,,db2/ledger", '"" is not a host'],
  ["postgres://micropay@[::1/ledger", '"[::1" is not a host'],
  ["postgres://%zz@localhost/ledger", "its user is not encoded well"],
  ["postgres://micropay@localhost/%zz", "its name is not encoded well"],
  ["postgres://micropay@localhost/ledger%00", "its name is not encoded well"],
  ["postgres://micropay@%2Frun%2Fpostgresql/ledger", '"%2Frun%2Fpostgresql" is not a host'],
  ["postgres://micropay@localhost/ledger?ssl=true", 'it has no parameter "ssl"; there are sslmode'],
  ...["allow", "prefer", "require", "verify-ca", ""].map((mode) =>
    [
      `postgres://micropay@localhost/ledger?sslmode=${mode}`,
      `its sslmode "${mode}" does not verify the server; use verify-full or disable`,
    ] as const
  ),
];

for (const [text, reason] of refused) {
  Deno.test(`the database ${text} is refused`, () => {
    const { message } = assertThrows(() => parseDatabaseUrl(text), UsageError);
    assertStringIncludes(message, `cannot use the database ${text}: `);
    assertStringIncludes(message, reason);
  });
}

const withPassword = [
  "postgres://micropay:secret@localhost/ledger",
  "postgres://micropay:sec:ret@localhost/ledger",
  "postgres://micropay:sec@ret@localhost/ledger",
  "postgres://micropay:sec/ret@localhost/ledger",
  "postgres://micropay:sec?ret@localhost/ledger",
  "postgres://:secret@localhost/ledger",
  "postgres://micropay@localhost/ledger?sslmode=disable&password=secret",
];

for (const text of withPassword) {
  Deno.test(`the password in ${text} is refused, not shown, and the error names the password files`, () => {
    const { message } = assertThrows(() => parseDatabaseUrl(text), UsageError);
    assertEquals(/sec|ret/.test(message), false, message);
    assertStringIncludes(message, "put it in a file");
    assertStringIncludes(message, "PGPASSFILE or MICROPAY_DB_PASSWORD_FILE");
  });
}

Deno.test("what does not begin with postgres: or postgresql: is the path of a file", () => {
  for (
    const text of ["server.db", "/var/postgres", "./postgres://x", "Postgres://x", "mysql://x"]
  ) {
    assertEquals(isDatabaseUrl(text), false, text);
  }
});
