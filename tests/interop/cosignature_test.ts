/**
 * Another program checks a cosignature, with the verifier key and `node:crypto` alone.
 */
import { assertEquals } from "@std/assert";
import { SigningKey } from "../../src/pki/signing_key.ts";
import { signCheckpoint } from "../../src/protocol/checkpoint.ts";
import { cosign, verifierKey } from "../../src/protocol/cosignature.ts";
import { anchor, server } from "../envelope/vector_parties.ts";
import { testWith } from "../installed_tool.ts";
import { Program } from "./program.ts";

const state = { size: 3, head: "0a".repeat(32), at: 1_795_435_200 };
const { text } = signCheckpoint(state, { identity: server, anchor });
const { signingKey } = SigningKey.generate();
const key = verifierKey("witness.example/w1", signingKey.publicKey);
const cosigned = cosign(text, { key, signingKey }, 1_795_435_260);

async function check(checkpoint: string): Promise<{ code: number; line: string }> {
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(file, checkpoint);
    const script = new URL("./cosignature.mjs", import.meta.url).pathname;
    await using node = new Program("node", [script, key.text, file]);
    const [line = ""] = await node.lines();
    return { code: await node.status(), line };
  } finally {
    await Deno.remove(file);
  }
}

testWith(["node"], "another program reads who cosigned a checkpoint, and when", async () => {
  assertEquals(await check(cosigned), { code: 0, line: "witness.example/w1 1795435260" });
});

testWith(["node"], "another program refuses a cosignature of another checkpoint", async () => {
  const other = cosigned.replace("\n3\n", "\n4\n");
  assertEquals(await check(other), { code: 1, line: "wrong: the signature" });
  assertEquals(await check(text), { code: 1, line: "wrong: there is no line of the witness" });
});
