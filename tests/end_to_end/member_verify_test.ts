/**
 * Runs `micropay verify` on every form in which the program prints a receipt, and on every kind of
 * damage.
 */
import { assertEquals, assertMatch } from "@std/assert";
import { json, jsonLines, openSceneInProcess, type Scene, step } from "./driver.ts";

interface Printed {
  readonly pay: string;
  readonly status: string;
  readonly receive: string;
  readonly history: string;
  readonly refund: string;
}

async function printReceipts(scene: Scene): Promise<Printed> {
  const bob = await scene.receiver("bob", ["--count", "1"]);
  const pay = (await scene.inProcess(["pay", "bob", "2000", "--memo", "lunch", "--json"])).stdout;
  const receive = (await bob.end()).stdout;
  const id = String(json(pay).id);
  const refund = (await scene.inProcess(["refund", id, "5", "--json"], { as: "bob" })).stdout;
  const status = (await scene.inProcess(["status", id, "--json"])).stdout;
  const history = (await scene.inProcess(["history", "--json"])).stdout;
  return { pay, status, receive, history, refund };
}

/** The line with other members, and the signed texts as they were. */
function changed(line: string, members: Record<string, unknown>): string {
  return JSON.stringify({ ...json(line), ...members });
}

Deno.test("verify: it accepts each line that the program prints, and names the place of each wrong line", async (t) => {
  await using scene = await openSceneInProcess(["alice", "bob"]);
  const { pay, status, receive, history, refund } = await printReceipts(scene);
  await scene.server.stop();
  const [back, paid, opening] = history.split("\n");
  const bare = String(json(pay).receipt);

  const rows: readonly { title: string; text: string; code: number; says: readonly RegExp[] }[] = [
    { title: "a line of pay", text: pay, code: 0, says: [/^alice paid bob 2000 on .*not here$/] },
    { title: "a line of status", text: status, code: 0, says: [/^alice paid bob 2000 on /] },
    { title: "lines of receive", text: receive, code: 0, says: [/^alice paid bob 2000 on /] },
    { title: "a refund", text: refund, code: 0, says: [/^bob paid alice 5 on .*: refund of 0/] },
    {
      title: "lines of history",
      text: history,
      code: 0,
      says: [
        /^bob paid alice 5 on .*payer and server$/,
        /^alice paid bob 2000 \("lunch"\) on .*: payment, entry 3, id .*payer and server$/,
        /^@issuer paid alice 10000 on .*: opening, entry \d, .*, signed by the server$/,
      ],
    },
    {
      title: "a receipt alone, with white space around it",
      text: `\n  ${bare}\r\n\n`,
      code: 0,
      says: [/^alice paid bob 2000 on /],
    },
    {
      title: "a line that says another amount than was signed",
      text: `${back}\n${changed(paid!, { amount: 3000 })}\n${opening}`,
      code: 1,
      says: [
        /^bob paid/,
        /^file:2: not valid: the line says amount 3000, and what was signed 2000$/,
        /^@issuer/,
      ],
    },
    {
      title: "a line that says another memo than was signed",
      text: changed(paid!, { memo: "rent" }),
      code: 1,
      says: [/^file:1: not valid: the line says memo "rent", and what was signed "lunch"$/],
    },
    {
      title: "a line with the order of another payment",
      text: changed(paid!, { order: json(back!).order }),
      code: 1,
      says: [/^file:1: not valid: check the receipt of \S+: its order has another id$/],
    },
    {
      title: "an order in the receipt's place",
      text: changed(paid!, { receipt: json(paid!).order }),
      code: 1,
      says: [/^file:1: not valid: read a micropay-receipt: the header is not the expected one$/],
    },
    {
      title: "a receipt whose signature is another's",
      text: [...bare.split(".").slice(0, 2), String(json(back!).receipt).split(".")[2]].join("."),
      code: 1,
      says: [/^file:1: not valid: verify a signature: /],
    },
    {
      title: "lines that are no receipt",
      text: `hello\n{"code":270,"text":"transfer FAIL due to bankruptcy"}\n{\n${
        "x".repeat(70_000)
      }\n${bare}`,
      code: 1,
      says: [
        /^file:1: not valid: this is neither a receipt nor a line of JSON$/,
        /^file:2: not valid: there is no receipt in this line of JSON$/,
        /^file:3: not valid: this is neither a receipt nor a line of JSON$/,
        /^file:4: not valid: the line is longer than any receipt$/,
        /^alice paid bob 2000 on /,
      ],
    },
  ];
  for (const { title, text, code, says } of rows) {
    await step(t, title, async () => {
      const file = scene.path("file");
      await Deno.writeTextFile(file, text);
      const ended = await scene.verifyInProcess(file);
      assertEquals([ended.code, ended.stderr], [code, ""], ended.stdout);
      const lines = ended.stdout.trimEnd().replaceAll(file, "file").split("\n");
      assertEquals(lines.length, says.length, ended.stdout);
      says.forEach((pattern, at) => assertMatch(lines[at]!, pattern));
    });
  }

  await step(t, "a CA that lies beside the receipts and that nobody named is told", async () => {
    await Deno.writeTextFile(scene.path("file"), pay);
    const { code, stderr } = await scene.run(["verify", "file"]);
    assertEquals(code, 0);
    const { ledger } = json((await scene.run(["verify", "file", "--json"])).stdout);
    const told = `Checked with the CA ${ledger}, which is /`;
    assertEquals(stderr.slice(0, told.length), told);
    assertMatch(stderr, /certs\/CA\.pem: compare it with the operator's fingerprint/);
  });

  await step(t, "several files and the standard input, as JSON", async () => {
    await Deno.writeTextFile(scene.path("good"), `${paid}\n`);
    const program = scene.start(["verify", "good", "-", "--json", "--ca", "certs/CA.pem"], {
      stdin: "piped",
    });
    await program.type(pay.trim(), "nothing");
    await program.endInput();
    const { code, stdout } = await program.end();
    const lines = jsonLines(stdout);
    assertEquals(code, 1);
    assertEquals(lines.map(({ valid, file, line }) => [valid, file, line]), [
      [true, "good", 1],
      [true, "stdin", 1],
      [false, "stdin", 2],
    ]);
    const { valid, entry, kind, from, to, amount, memo, order } = lines[0]!;
    assertEquals([valid, entry, kind, from, to, amount, memo, order], [
      true,
      3,
      "payment",
      "alice",
      "bob",
      2000,
      "lunch",
      true,
    ]);
    assertEquals([lines[1]!.order, lines[1]!.memo], [false, undefined]);
  });

  await step(t, "the standard input named twice is read once", async () => {
    const program = scene.start(["verify", "-", "-", "--ca", "certs/CA.pem"], { stdin: "piped" });
    await program.type(pay.trim());
    await program.endInput();
    const { code, stdout, stderr } = await program.end();
    assertEquals([code, stdout.trim().split("\n").length, stderr], [0, 1, ""]);
  });

  await step(t, "without anything to check, and without a CA, it is a mistake of use", async () => {
    await Deno.writeTextFile(scene.path("file"), '{"event":"online","port":1}\n');
    await Deno.mkdir(scene.path("elsewhere"));
    const folder = scene.path("elsewhere");
    const [nothing, noCa, noFile, noReceipts] = await Promise.all([
      scene.run(["verify", "file"]),
      scene.run(["verify", "../file"], { folder }),
      scene.verifyInProcess("not-there"),
      scene.verifyInProcess(folder),
    ]);
    assertEquals([nothing, noCa, noFile, noReceipts].map(({ code }) => code), [2, 2, 1, 1]);
    assertMatch(
      nothing.stderr,
      /^micropay: verify file: there is no receipt in it; give what the client/,
    );
    assertMatch(noCa.stderr, /give the ledger's CA with --ca/);
    assertMatch(noFile.stderr, /read not-there: there is no such file/);
    assertMatch(noReceipts.stderr, /read \S+elsewhere: it is a folder; name the files in it$/m);
  });
});
