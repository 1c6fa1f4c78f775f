/** Where the password of a database comes from, and the format of PostgreSQL's password file. */
import { assertEquals, assertThrows } from "@std/assert";
import { FileError } from "../../../src/errors.ts";
import { parseDatabaseUrl } from "../../../src/ledger/postgres/database_url.ts";
import { passwordFinder, passwordIn } from "../../../src/ledger/postgres/password_file.ts";

const host = { host: "db.example.org", port: 5432 };
const database = { database: "ledger", user: "micropay" };

const lines: readonly (readonly [title: string, text: string, password: string | undefined])[] = [
  ["fits in all four fields", "db.example.org:5432:ledger:micropay:secret", "secret"],
  ["fits with wildcards", "*:*:*:*:secret", "secret"],
  ["has another host", "db2.example.org:5432:ledger:micropay:secret", undefined],
  ["has another port", "db.example.org:5433:ledger:micropay:secret", undefined],
  ["has another database", "db.example.org:5432:other:micropay:secret", undefined],
  ["has another user", "db.example.org:5432:ledger:other:secret", undefined],
  ["has an escaped wildcard", "\\*:*:*:*:secret", undefined],
  ["has only a part of a wildcard", "*.example.org:*:*:*:secret", undefined],
  ["has escapes in a field", "d\\b.example.org:*:*:*:secret", "secret"],
  ["has escapes in its password", "*:*:*:*:a\\:b\\\\c\\d", "a:b\\cd"],
  ["has an escaped backslash before a colon", "*:*:*:*:a\\\\:b", "a\\"],
  ["has spaces in its password", "*:*:*:*: a b ", " a b "],
  ["has an empty password", "*:*:*:*:", ""],
  ["has an empty field", "*:*::*:secret", undefined],
  ["has too few fields", "*:*:*:secret", undefined],
  ["has more after its password", "*:*:*:*:secret:more", "secret"],
  ["is a comment", "#*:*:*:*:secret", undefined],
  ["comes after others that do not fit", "\n# all\nx:*:*:*:no\n*:*:*:*:secret\n", "secret"],
  ["comes before others that fit", "*:*:*:*:first\n*:*:*:*:second", "first"],
  ["ends as on Windows", "*:*:*:*:secret\r\n", "secret"],
];

for (const [title, text, password] of lines) {
  const found = password === undefined ? "gives no password" : `gives "${password}"`;
  Deno.test(`a line of a password file that ${title} ${found}`, () => {
    assertEquals(passwordIn(text, database, host), password);
  });
}

const url = parseDatabaseUrl("postgres://micropay@localhost/ledger");

/** Finds the password with these files in a folder. `~` in the environment stands for its path. */
function find(
  files: Readonly<Record<string, readonly [text: string, mode: number]>>,
  environment: Readonly<Record<string, string>>,
): string | undefined {
  const folder = Deno.makeTempDirSync();
  try {
    for (const [name, [text, mode]] of Object.entries(files)) {
      Deno.writeTextFileSync(`${folder}/${name}`, text);
      Deno.chmodSync(`${folder}/${name}`, mode);
    }
    return passwordFinder((name) => environment[name]?.replace("~", folder))(url, url.hosts[0]!);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

Deno.test("MICROPAY_DB_PASSWORD_FILE comes first, then PGPASSFILE, then ~/.pgpass", () => {
  const files = {
    alone: ["alone:\\\n", 0o400],
    named: ["*:*:*:*:named", 0o600],
    ".pgpass": ["*:*:*:*:usual", 0o600],
  } as const;
  const all = { MICROPAY_DB_PASSWORD_FILE: "~/alone", PGPASSFILE: "~/named", HOME: "~" };
  assertEquals(find(files, all), "alone:\\");
  assertEquals(find(files, { ...all, MICROPAY_DB_PASSWORD_FILE: "" }), "named");
  assertEquals(find(files, { HOME: "~" }), "usual");
  assertEquals(find({}, { HOME: "~" }), undefined);
  assertEquals(find(files, {}), undefined);
});

Deno.test("a password file that others can read is refused, with what to do", () => {
  for (const mode of [0o640, 0o604, 0o620]) {
    for (
      const [name, environment] of [["f", { PGPASSFILE: "~/f" }], [".pgpass", {
        HOME: "~",
      }]] as const
    ) {
      assertThrows(
        () => find({ [name]: ["*:*:*:*:secret", mode] }, environment),
        FileError,
        "other users can read it; run chmod 600 on it",
      );
    }
  }
});

Deno.test("a named password file that is missing is refused", () => {
  for (const name of ["MICROPAY_DB_PASSWORD_FILE", "PGPASSFILE"]) {
    assertThrows(() => find({}, { [name]: "~/none" }), FileError, "cannot read the password file");
  }
});
