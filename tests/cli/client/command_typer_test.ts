/**
 * A client's command in full can be copied into a shell. It names the same servers, account and
 * files.
 */
import { assertEquals } from "@std/assert";
import { commandTyper } from "../../../src/cli/client/command_typer.ts";
import { serversOf } from "../../../src/cli/command_line/option_values.ts";
import { parsed } from "../command_line/fixture.ts";
import { named } from "../../server/test_server.ts";

const server = { servers: [{ host: "192.0.2.7", port: 8888 }] };

Deno.test("a command in full names the server, the account and the files of the request", () => {
  const plain = commandTyper(server);
  assertEquals(plain("status 3"), "micropay client 192.0.2.7 8888 status 3");
  assertEquals(
    plain("status 3", named("bob")),
    "micropay client 192.0.2.7 8888 --as bob status 3",
  );
  assertEquals(plain(""), "micropay client 192.0.2.7 8888");
  const files = { ca: "a b/CA.pem", home: "/it's" };
  assertEquals(
    commandTyper({ ...server, as: named("alice"), ...files })("status 3", named("bob")),
    String
      .raw`micropay client 192.0.2.7 8888 --as alice --ca 'a b/CA.pem' --home '/it'\''s' status 3`,
  );
});

Deno.test("the program reads a command in full as the same request", () => {
  const place = { ...server, as: named("alice"), home: "/h" };
  const request = parsed(commandTyper(place)("status 3").replace("micropay ", ""));
  assertEquals(request.kind === "client" && request.command, {
    name: "status",
    payment: { entry: 3 },
  });
});

Deno.test("a command in full names several servers, and the ports that differ from the first one", () => {
  const servers = [
    { host: "a.example", port: 8888 },
    { host: "::1", port: 8888 },
    { host: "fe80::1%eth0", port: 8889 },
  ];
  const text = commandTyper({ servers })("list");
  assertEquals(text, "micropay client 'a.example,::1,[fe80::1%eth0]:8889' 8888 list");
  assertEquals(serversOf("a.example,::1,[fe80::1%eth0]:8889", 8888), servers);
});
