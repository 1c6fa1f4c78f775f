/**
 * The default folder of a person's data.
 */
import { assertEquals, assertThrows } from "@std/assert";
import { expandHome, platformDataHome } from "../../src/cli/data_home.ts";
import { UsageError } from "../../src/errors.ts";

const rows: readonly { os: string; variables: Record<string, string>; home: string }[] = [
  { os: "linux", variables: { HOME: "/home/a" }, home: "/home/a/.local/share/micropay" },
  { os: "linux", variables: { HOME: "/home/a", XDG_DATA_HOME: "/data" }, home: "/data/micropay" },
  { os: "linux", variables: { XDG_DATA_HOME: "/data" }, home: "/data/micropay" },
  // The XDG specification ignores a relative path.
  {
    os: "linux",
    variables: { HOME: "/home/a", XDG_DATA_HOME: "data" },
    home: "/home/a/.local/share/micropay",
  },
  {
    os: "linux",
    variables: { HOME: "/home/a", XDG_DATA_HOME: "" },
    home: "/home/a/.local/share/micropay",
  },
  // A service file or a container sets it so, because no shell expands it.
  {
    os: "linux",
    variables: { HOME: "/home/a", XDG_DATA_HOME: "~/data" },
    home: "/home/a/data/micropay",
  },
  {
    os: "darwin",
    variables: { HOME: "/Users/a", XDG_DATA_HOME: "/data" },
    home: "/Users/a/Library/Application Support/micropay",
  },
];

for (const { os, variables, home } of rows) {
  Deno.test(`data home: on ${os} with ${JSON.stringify(variables)} it is ${home}`, () => {
    assertEquals(platformDataHome({ os, environment: (name) => variables[name] }), home);
  });
}

for (const os of ["linux", "darwin"]) {
  Deno.test(`data home: on ${os} without HOME the error asks for --home`, () => {
    assertThrows(
      () => platformDataHome({ os, environment: () => undefined }),
      UsageError,
      "give --home",
    );
  });
}

Deno.test("home: ~ stands for HOME at the start of a path, and nowhere else", () => {
  const environment = (name: string) => name === "HOME" ? "/home/a/" : undefined;
  const rows: readonly (readonly [string, string | undefined])[] = [
    ["~", "/home/a"],
    ["~/x/y.db", "/home/a/x/y.db"],
    ["~/", "/home/a/"],
    ["./~/x", "./~/x"],
    ["a~/x", "a~/x"],
    ["/x/~", "/x/~"],
    ["~backup.db", "~backup.db"],
    // The program does not know other users' homes, and the person did not mean a folder of that
    // name.
    ["~bob/x", undefined],
  ];
  for (const [path, expanded] of rows) assertEquals(expandHome(path, environment), expanded, path);
  assertEquals(expandHome("~/x", () => undefined), undefined);
});
