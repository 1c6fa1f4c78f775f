/**
 * Many clients at once: the limit on concurrent users, and nonsense on the port while others are
 * served. Two payments compete for a balance that covers one of them.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { json, openSceneInProcess, step } from "./driver.ts";

Deno.test("past the limit a client waits, sees its place, and is served when another leaves, within its --timeout", async () => {
  await using scene = await openSceneInProcess([], { args: ["1"] });
  await scene.register("alice");
  await scene.register("bob");
  const alice = await scene.receiver("alice");
  const bob = scene.startClientInProcess(["balance"], { as: "bob" });
  await bob.errorLine(/^waiting, place 1: the server is full$/);
  await scene.server.program.line(
    / \(bob\) waits at place 1 \(served 1 of 1, waiting 1, strangers 0\)$/,
  );
  const bounded = await scene.inProcess(["balance", "--timeout", "0.5"], { as: "bob" });
  assertEquals([bounded.code, bounded.stdout], [1, ""]);
  assertMatch(
    bounded.stderr,
    /^waiting, place 2: the server is full\nmicropay: .* no answer in time, at place 2 of its /,
  );
  const behind = scene.startClientInProcess(["balance", "--json"], { as: "bob" });
  await behind.errorLine(/^waiting, place 2: the server is full$/);
  alice.signal("SIGINT");
  const served = await bob.end();
  assertEquals([served.code, served.stdout, served.stderr], [
    0,
    "10000\n",
    "waiting, place 1: the server is full\n",
  ]);
  const next = await behind.end();
  assertEquals([next.code, next.stdout], [0, '{"code":300,"balance":10000}\n']);
  assertEquals((await alice.end()).code, 0);
  await scene.server.program.line(/ disconnected \(served 0 of 1, waiting 0, strangers 0\)$/);
});

Deno.test("two payments at the same instant from an account that can afford one: exactly one is booked", async () => {
  await using scene = await openSceneInProcess(["alice", "bob", "carol"]);
  await Promise.all([scene.receiver("bob"), scene.receiver("carol")]);
  const ended = await Promise.all(["bob", "carol", "bob"].map((to) => {
    return scene.client(["pay", to, "6000", "--json"]);
  }));
  const codes = ended.map(({ code }) => code).toSorted();
  assertEquals(codes, [0, 5, 5]);
  assertEquals(ended.map(({ stdout }) => json(stdout).code).toSorted(), [130, 270, 270]);
  assertEquals(scene.payments(), 1);
  const rows = "SELECT balance FROM client WHERE username = 'alice'";
  assertEquals(scene.query(rows), "4000\n");
});

const header = btoa('{"alg":"RSA-OAEP-256","enc":"A256GCM","cty":"JOSE","kid":"another"}');
const part = (length: number) => "A".repeat(length);
const jwe = (start: string) =>
  [start.replaceAll("=", ""), part(342), part(16), part(40), part(22)].join(".") + "\n";

const nonsense: readonly { readonly title: string; readonly bytes: () => Uint8Array }[] = [
  { title: "random bytes", bytes: () => randomBytes(5000) },
  { title: "an HTTP request", bytes: () => text("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n") },
  { title: "a TLS hello", bytes: () => Uint8Array.from([0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0, 10]) },
  { title: "a line of 10 MB", bytes: () => text(part(10_000_000) + "\n") },
  { title: "a message for another key", bytes: () => text(jwe(header)) },
  { title: "a message without a key", bytes: () => text(jwe(btoa("{}"))) },
  { title: "NULs", bytes: () => new Uint8Array(5000).fill(0, 0, 4999).fill(10, 4999) },
  { title: "an empty line", bytes: () => text("\n") },
  { title: "an escape sequence", bytes: () => text("\u001b]0;owned\u0007\u001b[2J\n") },
  { title: "JSON", bytes: () => text('{"type":"register","name":"eve"}\n') },
];

Deno.test("the server refuses nonsense with one line each, and serves others meanwhile", async (t) => {
  await using scene = await openSceneInProcess(["alice", "bob"], { args: ["300", "--silent"] });
  await scene.receiver("bob");
  const { program, port } = scene.server;
  for (const { title, bytes } of nonsense) {
    await step(t, title, async () => {
      using connection = await Deno.connect({ hostname: "127.0.0.1", port });
      await readLine(connection);
      const { port: own } = connection.localAddr as Deno.NetAddr;
      const sent = bytes();
      await sendAll(connection, sent);
      await program.line(new RegExp(`^refused a line from 127\\.0\\.0\\.1@${own}: `));
      await program.line(new RegExp(`^127\\.0\\.0\\.1@${own} disconnected `));
      const about = program.stdout.lines.filter((line) => line.includes(`@${own}`));
      assertEquals(about.length, 3, about.join("\n"));
    });
  }
  await step(t, "a message for its key that nobody can decrypt", async () => {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port });
    const greeting = await readLine(connection);
    const { port: own } = connection.localAddr as Deno.NetAddr;
    const undecryptable = jwe(headerFor(await kidOf(greeting)));
    await sendAll(connection, text(undecryptable));
    await program.line(new RegExp(`^refused a line from 127\\.0\\.0\\.1@${own}: .*decrypted`));
  });
  await step(t, "200 connections that close at once", async () => {
    const paying = scene.inProcess(["pay", "bob", "7", "--json"]);
    for (let count = 0; count < 200; count++) {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    }
    assertEquals((await paying).code, 0);
  });
  await step(t, "200 connections that stay and say nothing", async () => {
    const connections = await Promise.all(
      Array.from({ length: 200 }, () => Deno.connect({ hostname: "127.0.0.1", port })),
    );
    assertEquals((await scene.inProcess(["pay", "bob", "7", "--json"])).code, 0);
    for (const connection of connections) connection.close();
  });
  assertEquals(scene.payments(), 2);
  const { code, stdout, stderr } = await scene.server.stop();
  assertEquals([code, stderr], [0, ""]);
  // deno-lint-ignore no-control-regex -- it is what must not be there
  assert(!/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/.test(stdout));
});

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

function randomBytes(length: number): Uint8Array {
  const bytes = crypto.getRandomValues(new Uint8Array(length));
  // A line has to end for its contents to be looked at.
  bytes[length - 1] = 10;
  return bytes;
}

/** The server may close before it has all of it. */
async function sendAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  try {
    for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await connection.write(rest));
  } catch {
    // Refused in the middle.
  }
}

async function readLine(connection: Deno.Conn): Promise<string> {
  const buffer = new Uint8Array(65_536);
  let line = "";
  while (!line.endsWith("\n")) {
    const count = await connection.read(buffer);
    if (count === null) throw new Error("the server closed without a greeting");
    line += new TextDecoder().decode(buffer.subarray(0, count));
  }
  return line;
}

function headerFor(kid: string): string {
  const text = btoa(`{"alg":"RSA-OAEP-256","enc":"A256GCM","cty":"JOSE","kid":"${kid}"}`);
  return text.replaceAll("=", "").replaceAll("+", "-").replaceAll("/", "_");
}

/** RFC 7638: the digest of the key's members in order of their names. */
async function kidOf(greeting: string): Promise<string> {
  const payload = greeting.split(".")[1]!.replaceAll("-", "+").replaceAll("_", "/");
  const { e, kty, n } = JSON.parse(atob(payload)).enc;
  const digest = await crypto.subtle.digest(
    "SHA-256",
    text(JSON.stringify({ e, kty, n })) as BufferSource,
  );
  const base64 = btoa(String.fromCharCode(...new Uint8Array(digest)));
  return base64.replaceAll("=", "").replaceAll("+", "-").replaceAll("/", "_");
}
