/**
 * A witness's visits to servers that are dishonest, or behave in a way that no honest one does.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { emptyTree, rootOf } from "../../src/ledger/merkle_tree.ts";
import { ServerList } from "../../src/client/server_list.ts";
import { visitServer, type WitnessContext } from "../../src/client/witness/witness.ts";
import { WitnessFolder } from "../../src/client/witness/witness_folder.ts";
import { verifyEvidence } from "../../src/client/evidence.ts";
import { systemClock } from "../../src/clock.ts";
import { ConnectError, EnvelopeError, FileError, UsageError } from "../../src/errors.ts";
import type { AuditedHead } from "../../src/client/wallet/wallet_store.ts";
import { readCheckpointNote } from "../../src/protocol/checkpoint.ts";
import { findCosignature } from "../../src/protocol/cosignature.ts";
import { checkpointRequestType } from "../../src/protocol/published_checkpoint.ts";
import { signatureLine } from "../../src/protocol/signed_note.ts";
import { systemRandom } from "../../src/random.ts";
import { PublishedCheckpoints } from "../../src/server/published_checkpoints.ts";
import { tcpNetwork } from "../../src/transport/tcp_network.ts";
import { MemoryLedger } from "../ledger/memory/memory_ledger.ts";
import { ManualClock } from "../manual_clock.ts";
import { keepOpen } from "../server/kept_ledger.ts";
import { inFolder } from "../pki/temporary_folder.ts";
import {
  makeApplicant,
  makeAuthority,
  serverIdentity,
  sessionKey,
  startServer,
  type TestServer,
} from "../server/test_server.ts";

function contextOf(server: TestServer, folder: WitnessFolder): WitnessContext {
  return {
    server: new ServerList([server.endpoint], { clock: systemClock, random: systemRandom }),
    anchor: server.anchor,
    folder,
    network: tcpNetwork,
    clock: systemClock,
    makeSessionKey: () => Promise.resolve(sessionKey),
    timeoutMs: 20_000,
  };
}

Deno.test("witness: a server that shows it another ledger is convicted, and gets no cosignature", () =>
  inFolder(async (path) => {
    using folder = new WitnessFolder(path, { name: "w" });
    const authority = makeAuthority();
    const parts = {
      authority,
      identity: serverIdentity(authority),
      witnesses: [folder.cosigner.key],
    };
    await using first = await startServer(parts);
    await first.enroll("alice");
    const visit = await visitServer(contextOf(first, folder));
    assert(visit.outcome === "cosigned" && visit.refusal === undefined);
    // Another ledger under the same keys, as long as the first one.
    await using second = await startServer(parts);
    await second.enroll("alice");
    const found = await visitServer(contextOf(second, folder));
    assert(found.outcome === "rewritten");
    const said = verifyEvidence(JSON.stringify(found.evidence), { anchor: authority.anchor });
    assert(said.startsWith("the server signed a ledger of 1 rows; asked later to prove"), said);
    const link = await second.link(makeApplicant("nobody").signer);
    const reply = await link.ask(checkpointRequestType, {});
    assert(reply.outcome === "answered");
    assertEquals(findCosignature(reply.answer.published[0]!, folder.cosigner.key), undefined);
    assertEquals(folder.newest(authority.anchor), visit.tree);
  }));

Deno.test("witness: two visits in a minute keep one cosignature, and the next checkpoint gets another", () =>
  inFolder(async (path) => {
    using folder = new WitnessFolder(path);
    const clock = new ManualClock(systemClock.nowMs());
    await using server = await startServer({ clock, witnesses: [folder.cosigner.key] });
    const visit = () => visitServer({ ...contextOf(server, folder), clock });
    const [one, again] = [await visit(), await visit()];
    assert(one.outcome === "cosigned");
    assertEquals(again, one);
    const lines = () => Deno.readTextFileSync(`${path}/checkpoints.jsonl`).trimEnd().split("\n");
    assertEquals(lines().length, 1);
    clock.advance(60_000);
    const next = await visit();
    assert(next.outcome === "cosigned");
    assertEquals([next.at - one.at, next.refusal, lines().length], [60, undefined, 2]);
  }));

Deno.test("witness: a published checkpoint that the server dates wrongly is refused", () =>
  inFolder(async (path) => {
    using folder = new WitnessFolder(path);
    const clock = new ManualClock(systemClock.nowMs());
    await using server = await startServer({ clock: standing(clock) });
    const visit = () => visitServer({ ...contextOf(server, folder), clock });
    assertEquals((await visit()).outcome, "cosigned");
    // The server's monotonic clock stands still, so it publishes nothing new.
    clock.advance(121_000);
    await assertRejects(
      visit,
      EnvelopeError,
      "check the published checkpoint: the server dates it",
    );
  }));

Deno.test("witness: a checkpoint with a false cosignature under its name is refused and not kept", () =>
  inFolder(async (path) => {
    using folder = new WitnessFolder(path);
    const { key } = folder.cosigner;
    await using server = await startServer({ witnesses: [key] });
    const { newest } = PublishedCheckpoints.prototype;
    PublishedCheckpoints.prototype.newest = async function () {
      const [text = ""] = await newest.call(this);
      return [text + signatureLine(key, new Uint8Array(72))];
    };
    try {
      const error = "a false cosignature under this witness's name";
      await assertRejects(() => visitServer(contextOf(server, folder)), EnvelopeError, error);
    } finally {
      PublishedCheckpoints.prototype.newest = newest;
    }
    assertEquals(folder.newest(server.anchor), undefined);
  }));

/** Returns a clock whose monotonic time never changes. */
function standing(clock: ManualClock) {
  return {
    nowMs: () => clock.nowMs(),
    monotonicMs: () => 0,
    schedule: clock.schedule.bind(clock),
  };
}

Deno.test("witness: a server that published before another one gets a cosignature too, and the larger checkpoint stays the newest", () =>
  inFolder(async (path) => {
    using folder = new WitnessFolder(path);
    const { key } = folder.cosigner;
    const authority = makeAuthority();
    const clock = new ManualClock(systemClock.nowMs());
    const ledger = keepOpen(new MemoryLedger({ ledgerId: authority.anchor.fingerprint }));
    const parts = { ...{ authority, ledger, clock }, witnesses: [key] };
    await using one = await startServer({ ...parts, identity: serverIdentity(authority) });
    await using two = await startServer({ ...parts, identity: serverIdentity(authority) });
    const visit = (server: TestServer, last?: AuditedHead) =>
      visitServer({ ...contextOf(server, folder), clock, last });
    await one.enroll("alice");
    const early = await visit(one);
    clock.advance(30_000);
    await one.enroll("bob");
    const late = await visit(two);
    assert(early.outcome === "cosigned" && late.outcome === "cosigned");
    assertEquals([early.tree.entry, late.tree.entry], [1, 2]);
    // The first server publishes nothing new for a minute.
    const again = await visit(one, early.tree);
    assertEquals(again, early);
    const lines = () => Deno.readTextFileSync(`${path}/checkpoints.jsonl`).trimEnd().split("\n");
    assertEquals(lines().length, 2);
    const behind = await visit(one);
    assert(behind.outcome === "cosigned" && behind.refusal === undefined);
    assertEquals([behind.tree.entry, lines().length], [1, 3]);
    assertEquals(folder.newest(authority.anchor), late.tree);
  }));

Deno.test("witness: a server that publishes fewer rows long after more of them is refused", () =>
  inFolder(async (path) => {
    using folder = new WitnessFolder(path);
    const clock = new ManualClock(systemClock.nowMs());
    await using server = await startServer({ clock });
    await server.enroll("alice");
    const visit = () => visitServer({ ...contextOf(server, folder), clock });
    assertEquals((await visit()).outcome, "cosigned");
    clock.advance(61_000);
    const { proofs } = server.ledger;
    server.ledger.proofs = async (question) =>
      question.sizes.length > 0
        ? await proofs.call(server.ledger, question)
        : { ...await proofs.call(server.ledger, question), size: 0, head: rootOf(emptyTree) };
    await assertRejects(visit, EnvelopeError, "it has 0 rows, and one before it had 1");
  }));

Deno.test("witness: where nobody listens, it says so", () =>
  inFolder(async (path) => {
    using folder = new WitnessFolder(path);
    const server = await startServer();
    const context = contextOf(server, folder);
    await server[Symbol.asyncDispose]();
    await assertRejects(() => visitServer(context), ConnectError, "no micropay server answered");
  }));

Deno.test("witness folder: the key and the name stay, and one witness uses it at a time", () =>
  inFolder((path) => {
    const first = new WitnessFolder(path, { name: "w" });
    const { key } = first.cosigner;
    assertThrowsIn(() => new WitnessFolder(path), FileError, "another process holds it");
    first[Symbol.dispose]();
    const again = new WitnessFolder(path);
    assertEquals(again.cosigner.key.text, key.text);
    again[Symbol.dispose]();
    assertThrowsIn(() => new WitnessFolder(path, { name: "v" }), UsageError, "is w; name another");
    return Promise.resolve();
  }));

Deno.test("witness folder: a damaged file stops the witness, which cannot know what it cosigned", () =>
  inFolder(async (path) => {
    await using server = await startServer();
    {
      using folder = new WitnessFolder(path);
      assertEquals((await visitServer(contextOf(server, folder))).outcome, "cosigned");
      Deno.writeTextFileSync(`${path}/newest.json`, "{}");
      await assertRejects(() => visitServer(contextOf(server, folder)), FileError, "newest.json");
    }
    Deno.writeTextFileSync(`${path}/verifier_key.txt`, "w");
    assertThrowsIn(() => new WitnessFolder(path), FileError, "verifier_key.txt");
    Deno.writeTextFileSync(`${path}/key.pem`, "no key");
    assertThrowsIn(() => new WitnessFolder(path), FileError, "key.pem");
  }));

function assertThrowsIn(
  open: () => WitnessFolder,
  kind: new (...args: never[]) => Error,
  text: string,
): void {
  try {
    open()[Symbol.dispose]();
  } catch (error) {
    assert(error instanceof kind && error.message.includes(text), String(error));
    return;
  }
  assert(false, "it was opened");
}

Deno.test("witness folder: an interruption between its writes leaves no cosignature that the next start does not know", () =>
  inFolder(async (path) => {
    using folder = new WitnessFolder(path);
    const clock = new ManualClock(systemClock.nowMs());
    await using server = await startServer({ clock });
    const visit = () => visitServer({ ...contextOf(server, folder), clock });
    assertEquals((await visit()).outcome, "cosigned");
    const all = `${path}/checkpoints.jsonl`;
    Deno.removeSync(all);
    // What cannot be written stands for what a kill or a full disk leaves out.
    Deno.mkdirSync(all);
    clock.advance(60_000);
    await assertRejects(visit, FileError, "checkpoints.jsonl");
    const { checkpoint } = folder.newest(server.anchor)!;
    assertEquals(readCheckpointNote(checkpoint).at, Math.floor(clock.nowMs() / 1000));
  }));

Deno.test("witness folder: when its newest checkpoint is gone, the witness stops", () =>
  inFolder(async (path) => {
    await using server = await startServer();
    using folder = new WitnessFolder(path);
    assertEquals((await visitServer(contextOf(server, folder))).outcome, "cosigned");
    Deno.removeSync(`${path}/newest.json`);
    await assertRejects(() => visitServer(contextOf(server, folder)), FileError, "it is gone");
  }));

Deno.test("witness folder: an empty file of its key stops the witness, and it makes no other one", () =>
  inFolder((path) => {
    Deno.writeTextFileSync(`${path}/key.pem`, "");
    assertThrowsIn(() => new WitnessFolder(path), FileError, "key.pem");
    return Promise.resolve();
  }));
