/**
 * Whom a client believes, by what it was given, what it has pinned, and whom it can ask.
 */
import { assertEquals, assertRejects } from "@std/assert";
import { DataFolder } from "../../src/client/data_folder.ts";
import { PinStore } from "../../src/client/pin_store.ts";
import { resolveServerAnchor, type TrustOptions } from "../../src/client/trust.ts";
import { systemClock } from "../../src/clock.ts";
import { writeGreeting } from "../../src/envelope/greeting.ts";
import { UntrustedError } from "../../src/errors.ts";
import { makeNonce, systemRandom } from "../../src/random.ts";
import { inFolder } from "../pki/temporary_folder.ts";
import { serverIdentity, sessionKey, startServer, type TestServer } from "../server/test_server.ts";

const server = "127.0.0.1:8888";
type Side = "own" | "other";

/** `own` is the ledger that answers; the pin afterwards is what the next connection goes by. */
const rows: readonly {
  readonly title: string;
  readonly ca?: Side | "damaged";
  readonly fingerprint?: Side;
  readonly pinned?: Side;
  readonly confirm?: boolean;
  readonly line?: string;
  readonly trusted: boolean;
  readonly says?: string;
  readonly pinAfter?: Side;
}[] = [
  { title: "nothing to go by, nobody to ask", trusted: false, says: "which nobody has confirmed" },
  { title: "a person who says no", confirm: false, trusted: false, says: "nobody has confirmed" },
  { title: "a person who says yes", confirm: true, trusted: true, pinAfter: "own" },
  { title: "the pinned CA", pinned: "own", trusted: true, pinAfter: "own" },
  {
    title: "another CA than the pinned one",
    pinned: "other",
    trusted: false,
    says: "Somebody may be in between",
    pinAfter: "other",
  },
  {
    title: "another CA than the pinned one, and a person who would say yes",
    pinned: "other",
    confirm: true,
    trusted: false,
    says: "Somebody may be in between",
    pinAfter: "other",
  },
  { title: "the right fingerprint", fingerprint: "own", trusted: true, pinAfter: "own" },
  {
    title: "the right fingerprint in place of an old pin",
    fingerprint: "own",
    pinned: "other",
    trusted: true,
    pinAfter: "own",
  },
  { title: "a wrong fingerprint", fingerprint: "other", trusted: false, says: "its CA has the" },
  {
    title: "a wrong fingerprint, though the pin is right",
    fingerprint: "other",
    pinned: "own",
    trusted: false,
    pinAfter: "own",
  },
  { title: "the CA's file, which pins nothing", ca: "own", trusted: true },
  {
    title: "the CA's file, whatever is pinned",
    ca: "own",
    pinned: "other",
    trusted: true,
    pinAfter: "other",
  },
  {
    title: "the CA's file with another fingerprint",
    ca: "own",
    fingerprint: "other",
    trusted: false,
  },
  { title: "a CA's file that is none", ca: "damaged", trusted: false, says: "read the CA ca.pem" },
  {
    title: "a line that is no greeting",
    line: "HELLO",
    confirm: true,
    trusted: false,
    says: "what answers there is not a micropay server",
  },
];

for (const row of rows) {
  Deno.test(`trust: ${row.title}: ${row.trusted ? "trusted" : "refused"}`, async () => {
    await inFolder(async (folder) => {
      await using own = await startServer();
      await using other = await startServer();
      const of = (side: Side | undefined) => side && { own, other }[side].anchor;
      const pins = new PinStore(new DataFolder(folder));
      if (row.pinned) await pins.set(server, of(row.pinned)!.fingerprint);
      let asked = 0;
      const options: TrustOptions = {
        server,
        pins,
        atMs: systemClock.nowMs(),
        ca: row.ca && {
          path: "ca.pem",
          pem: row.ca === "damaged" ? "damaged" : of(row.ca)!.pem,
        },
        fingerprint: of(row.fingerprint)?.fingerprint,
        confirm: row.confirm === undefined ? undefined : (shown) => {
          asked++;
          assertEquals(shown, own.anchor.fingerprint);
          return Promise.resolve(row.confirm!);
        },
      };
      const resolve = async () => resolveServerAnchor(row.line ?? await greetingOf(own), options);
      if (row.trusted) {
        assertEquals((await resolve()).fingerprint, own.anchor.fingerprint);
      } else {
        await assertRejects(resolve, UntrustedError, row.says ?? "");
      }
      assertEquals(await pins.get(server), of(row.pinAfter)?.fingerprint);
      const mayAsk = row.confirm !== undefined && !row.pinned && row.line === undefined;
      assertEquals(asked, mayAsk ? 1 : 0);
    });
  });
}

async function greetingOf({ authority }: TestServer): Promise<string> {
  return await writeGreeting({
    identity: await serverIdentity(authority),
    sessionKey: await sessionKey(),
    nonce: makeNonce(systemRandom),
    atMs: systemClock.nowMs(),
  });
}
