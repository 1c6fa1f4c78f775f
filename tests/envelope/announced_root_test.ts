/**
 * The certificate that a new client is shown: the last one in an unverified first line.
 */
import { assertEquals } from "@std/assert";
import { announcedRoot } from "../../src/envelope/announced_root.ts";
import { changed } from "./forger.ts";
import { greetingLine } from "./hostile_greetings.ts";
import { x5c } from "./hostile_message.ts";
import { otherCa } from "./hostile_parties.ts";
import { anchor, bob } from "./vector_parties.ts";
import { type DocumentVector, readVectors } from "../vectors/vector_files.ts";

const documents = await readVectors<DocumentVector[]>("documents");
const order = documents.find(({ typ }) => typ === "micropay-order")!.jws;
const greeting = greetingLine();
const others = { header: { x5c: x5c(otherCa.server, otherCa.der) } };

const lines: readonly {
  readonly what: string;
  readonly line: string;
  readonly root: Uint8Array | undefined;
}[] = [
  { what: "the server's greeting", line: greeting, root: anchor.der },
  { what: "a greeting of another ledger", line: greetingLine(others), root: otherCa.der },
  { what: "a greeting whose signature is wrong", line: changed(greeting, -5), root: anchor.der },
  { what: "a member's greeting", line: greetingLine({ role: "member" }), root: bob.chain[0] },
  { what: "an order", line: order, root: undefined },
  { what: "a word", line: "hello", root: undefined },
  { what: "nothing", line: "", root: undefined },
];

for (const { what, line, root } of lines) {
  Deno.test(`${what} announces ${root ? "the last of its certificates" : "nothing"}`, () => {
    assertEquals(announcedRoot(line), root as Uint8Array<ArrayBuffer> | undefined);
  });
}
