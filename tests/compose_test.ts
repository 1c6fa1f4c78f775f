/**
 * The compose file in `examples/`. No test runs it, because that takes images from the network.
 * tests/end_to_end/standby_test.ts runs what it starts, with the same files.
 */
import { assert, assertEquals } from "@std/assert";
import { parse } from "yaml";
import { parseCommandLine } from "../src/cli/command_line/command_line.ts";
import { parseDatabaseUrl } from "../src/ledger/postgres/database_url.ts";

interface Service {
  readonly image: string;
  readonly build?: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly networks?: readonly string[] | { readonly ledger: { readonly ipv4_address: string } };
  readonly depends_on?: readonly string[] | Readonly<Record<string, unknown>>;
}

const folder = new URL("../examples/", import.meta.url);
// Compose replaces a variable by its default where it is not set.
const text = Deno.readTextFileSync(new URL("compose.yaml", folder))
  .replaceAll(/\$\{\w+:-(\w+)\}/g, "$1");
const compose = parse(text, { merge: true }) as {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
};
const services = Object.entries(compose.services);

Deno.test("every file, volume and service that the compose file names is there", () => {
  for (const [name, { build, volumes = [], depends_on = [] }] of services) {
    for (const [source] of volumes.map((volume) => volume.split(":") as [string])) {
      const isThere = source.startsWith("./") ? exists(source) : source in compose.volumes;
      assert(isThere, `${name} has no ${source}`);
    }
    if (build !== undefined) assert(exists(`${build}/Dockerfile`), name);
    const needed = Array.isArray(depends_on) ? depends_on : Object.keys(depends_on);
    for (const other of needed) assert(other in compose.services, `${name} needs ${other}`);
  }
});

Deno.test("micropay knows each command and URL of the compose file", () => {
  const kinds = services.filter(([, { image }]) => image === "micropay").map(
    ([, { command = [], environment = {} }]) => {
      const request = parseCommandLine(command, {
        environment: (name) => environment[name],
        version: "",
      });
      assert(request.kind !== "usage_error", command.join(" "));
      if (!("db" in request) || request.kind === "gencert") return request.kind;
      const { hosts, user, isEncrypted } = parseDatabaseUrl(request.db!);
      assertEquals([hosts.map(({ host }) => host), isEncrypted], [["db1", "db2"], true]);
      return `${request.kind} as ${user}`;
    },
  );
  assertEquals(kinds, [
    "gencert",
    "ledger as micropay_owner",
    ...Array(3).fill("server as micropay_server"),
  ]);
});

Deno.test("the servers of the compose file have the addresses that haproxy.cfg names, and trust only HAProxy's", () => {
  const addressOf = ({ networks }: Service) =>
    (networks as { ledger: { ipv4_address: string } }).ledger.ipv4_address;
  const haproxy = Deno.readTextFileSync(new URL("haproxy.cfg", folder));
  const named = [...haproxy.matchAll(/^ {4}server (\w+) ([\d.]+):8888$/gm)];
  assertEquals(named.length, 3);
  for (const [, name, address] of named) {
    const server = compose.services[name!]!;
    assertEquals(addressOf(server), address);
    const { command } = server;
    assertEquals(
      command!.at(command!.indexOf("--proxy-from") + 1),
      addressOf(compose.services.haproxy!),
    );
  }
});

function exists(path: string): boolean {
  return Deno.statSync(new URL(path, folder)) !== undefined;
}
