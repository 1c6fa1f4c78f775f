/**
 * `request`, `requests` and `pay URI`, as people and scripts use them.
 */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { json, jsonLines, openSceneInProcess } from "./driver.ts";

Deno.test("a member asks for a payment, one of two others pays it, and everything names the request", async () => {
  await using scene = await openSceneInProcess(["alice", "bob", "carol"]);
  const asking = ["request", "5", "--memo", "lunch", "--expires", "2h", "--json"];
  const made = await scene.inProcess(asking, { as: "bob" });
  assertEquals(made.code, 0);
  const { id, uri, expires, ...wish } = json(made.stdout);
  assertEquals(wish, { amount: 5, memo: "lunch" });
  assertMatch(String(uri), /^micropay:\/\/127\.0\.0\.1:\d+\/pay\?ca=[0-9a-f]{64}&request=[\w.-]+$/);
  const pay = ["pay", String(uri), "--via-server"];

  const unasked = await scene.inProcess([...pay, "--json"], { as: "alice" });
  assertEquals(unasked.code, 2);
  assertStringIncludes(unasked.stderr, `bob asks for 5 for "lunch", until ${expires}`);
  assertMatch(unasked.stderr, /key of bob: [0-9a-f]{64}/);
  assertStringIncludes(unasked.stderr, "give --yes too");
  assertEquals(scene.payments(), 0);

  const paid = await scene.inProcess([...pay, "--yes", "--json"], { as: "alice" });
  assertEquals([paid.code, json(paid.stdout).code, json(paid.stdout).id], [0, 130, id]);
  const late = await scene.inProcess([...pay, "--yes", "--json"], { as: "carol" });
  assertEquals([late.code, json(late.stdout)], [5, {
    code: 275,
    text: "transfer FAIL: this payment request was paid already",
  }]);
  assertEquals(scene.payments(), 1);

  const listed = await scene.inProcess(["requests", "--json"], { as: "bob" });
  assertEquals(jsonLines(listed.stdout).map(({ state, paidBy }) => [state, paidBy]), [
    ["paid", "alice"],
  ]);
  const history = await scene.inProcess(["history", "--json", "--limit", "1"], { as: "bob" });
  assertEquals(json(history.stdout).request, id);
  const received = await scene.inProcess(["receive", "--since", "0", "--count", "2", "--json"], {
    as: "bob",
  });
  assertEquals(jsonLines(received.stdout).at(-1)!.request, id);
  const receipt = await scene.inProcess(["receipt", String(id)], { as: "alice" });
  await Deno.writeTextFile(scene.path("receipt.json"), receipt.stdout);
  const verified = await scene.verifyInProcess(scene.path("receipt.json"));
  assertStringIncludes(verified.stdout, "payment that bob requested");
});

Deno.test("a request for another ledger, an altered one and a request that is over have their own texts", async () => {
  await using scene = await openSceneInProcess(["alice", "bob"]);
  const made = await scene.inProcess(["request", "5", "--expires", "1s", "--json"], { as: "bob" });
  const uri = String(json(made.stdout).uri);
  const paying = async (text: string) => {
    const words = ["pay", text, "--via-server", "--yes"];
    const { code, stdout, stderr } = await scene.inProcess(words, { as: "alice" });
    return { code, text: stdout + stderr };
  };
  const other = await paying(uri.replace(/ca=[0-9a-f]{8}/, "ca=00000000"));
  assertEquals(other.code, 4);
  assertStringIncludes(other.text, "it is for the ledger 00000000");
  const altered = await paying(uri.replace(/.$/, (last) => last === "A" ? "Q" : "A"));
  assertEquals(altered.code, 5);
  assertStringIncludes(altered.text, "the payment request is not valid for this payment");
  const half = await paying(uri.slice(0, -100).replace(/\.[\w-]*$/, ""));
  assertEquals(half.code, 5);
  // The server's clock decides, so the client asks until the second is over.
  for (;;) {
    const { stdout } = await scene.inProcess(["requests", "--json"], { as: "bob" });
    if (json(stdout).state === "expired") break;
  }
  const over = await paying(uri);
  assertEquals(over.code, 5);
  assertStringIncludes(over.text, "the payment request has expired");
  assertEquals(scene.payments(), 0);
});

Deno.test("a member can neither pay its own request nor ask itself", async () => {
  await using scene = await openSceneInProcess(["bob"]);
  const made = await scene.inProcess(["request", "5", "--json"], { as: "bob" });
  const uri = String(json(made.stdout).uri);
  const own = await scene.inProcess(["pay", uri, "--yes", "--json"], { as: "bob" });
  assertEquals([own.code, json(own.stdout).code], [5, 280]);
  const asked = await scene.inProcess(["request", "5", "--from", "bob", "--json"], { as: "bob" });
  assertEquals([asked.code, json(asked.stdout).code], [5, 280]);
});
