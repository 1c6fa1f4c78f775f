/**
 * Whom a client believes, by what it was given, what it has pinned, and whom it can ask.
 */
import { assertEquals, assertRejects } from "@std/assert";
import { DataFolder } from "../../../src/client/wallet/data_folder.ts";
import { MemoryWalletStore } from "./memory_wallet_store.ts";
import { PinStore } from "../../../src/client/wallet/pin_store.ts";
import {
  requireSameLedger,
  resolveServerAnchor,
  type TrustOptions,
} from "../../../src/client/wallet/trust.ts";
import { systemClock } from "../../../src/clock.ts";
import { writeGreeting } from "../../../src/envelope/greeting.ts";
import { OtherLedgerError, UntrustedError } from "../../../src/errors.ts";
import { makeNonce, systemRandom } from "../../../src/random.ts";
import { inFolder } from "../../pki/temporary_folder.ts";
import {
  serverIdentity,
  sessionKey,
  startServer,
  type TestServer,
} from "../../server/test_server.ts";

const server = "127.0.0.1:8888";
type Side = "own" | "other";

/** `own` is the ledger that answers; the pin afterwards is what the next connection goes by. */
const rows: readonly {
  readonly title: string;
  readonly ca?: Side | "damaged";
  readonly fingerprint?: Side;
  /** The CA in the current folder. */
  readonly nearby?: Side | "damaged";
  readonly pinned?: Side;
  /** What is pinned for another address. */
  readonly pinnedElsewhere?: Side;
  readonly confirm?: boolean;
  readonly line?: string;
  readonly trusted: boolean;
  /** What a refusal says; `<own>` and `<other>` are fingerprints, `<pin>` is the file of pins. */
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
    title: "another CA's file",
    ca: "other",
    trusted: false,
    says: "its CA has the fingerprint <own>, not <other>, as /given.pem (--ca) says. " +
      "Ask the operator which is right, then give that one with --fingerprint or --ca",
  },
  {
    title: "another CA's file, though the pin is right",
    ca: "other",
    pinned: "own",
    trusted: false,
    says: "not <other>, as /given.pem (--ca) says",
    pinAfter: "own",
  },
  {
    title: "the CA's file with another fingerprint",
    ca: "own",
    fingerprint: "other",
    trusted: false,
    says: "/given.pem (--ca) is the CA <own>, and --fingerprint says <other>",
  },
  {
    title: "a CA's file that is none",
    ca: "damaged",
    trusted: false,
    says: "read the CA /given.pem (--ca): ",
  },
  { title: "the CA in the current folder, which pins nothing", nearby: "own", trusted: true },
  {
    title: "another CA in the current folder, and a person who would say yes",
    nearby: "other",
    confirm: true,
    trusted: false,
    says: "its CA has the fingerprint <own>, not <other>, as /here/CA.pem (in the current folder)",
  },
  {
    title: "a CA in the current folder that is none",
    nearby: "damaged",
    trusted: false,
    says: "read the CA /here/CA.pem (in the current folder): ",
  },
  { title: "a pin and a CA that say the same", nearby: "own", pinned: "own", trusted: true },
  {
    title: "the pinned CA, with another one in the current folder",
    nearby: "other",
    pinned: "own",
    trusted: false,
    says:
      "its pin in <pin> is for the CA <own>, and /here/CA.pem in the current folder is the CA " +
      "<other>; the server has <own>",
  },
  {
    title: "another CA than the pinned one, which lies in the current folder",
    nearby: "own",
    pinned: "other",
    trusted: false,
    says:
      "its pin in <pin> is for the CA <other>, and /here/CA.pem in the current folder is the CA " +
      "<own>; the server has <own>",
    pinAfter: "other",
  },
  {
    title: "the pinned CA, with a file in the current folder that is none",
    nearby: "damaged",
    pinned: "own",
    trusted: true,
  },
  {
    title: "the right fingerprint, whatever lies in the current folder",
    nearby: "other",
    fingerprint: "own",
    trusted: true,
    pinAfter: "own",
  },
  {
    title: "the CA's file, whatever lies in the current folder",
    nearby: "other",
    ca: "own",
    trusted: true,
  },
  {
    title: "a ledger that is pinned for another address",
    pinnedElsewhere: "own",
    trusted: true,
    pinAfter: "own",
  },
  {
    title: "a ledger that is pinned for another address, where another one was pinned for this",
    pinnedElsewhere: "own",
    pinned: "other",
    trusted: false,
    says: "its CA was <other> and is <own> now. Somebody may be in between. The pin is in <pin>",
    pinAfter: "other",
  },
  {
    title: "another ledger than the one that is pinned for another address",
    pinnedElsewhere: "other",
    trusted: false,
    says: "which nobody has confirmed",
  },
  {
    title: "a ledger that is pinned for another address, with another CA in the current folder",
    pinnedElsewhere: "own",
    nearby: "other",
    trusted: false,
    says: "not <other>, as /here/CA.pem (in the current folder) says",
  },
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
      const pins = new PinStore(new DataFolder(folder), new MemoryWalletStore());
      const keep = { replace: false };
      if (row.pinned) await pins.set(server, of(row.pinned)!, keep);
      if (row.pinnedElsewhere) await pins.set("localhost:8888", of(row.pinnedElsewhere)!, keep);
      const fileOf = (side: Side | "damaged" | undefined, path: string) =>
        side && { path, pem: side === "damaged" ? "damaged" : of(side)!.pem };
      let asked = 0;
      const known: string[] = [];
      const options: TrustOptions = {
        server,
        pins,
        atMs: systemClock.nowMs(),
        ca: fileOf(row.ca, "/given.pem"),
        readNearbyCa: () => fileOf(row.nearby, "/here/CA.pem"),
        onKnown: (fingerprint) => known.push(fingerprint),
        fingerprint: of(row.fingerprint)?.fingerprint,
        confirm: row.confirm === undefined ? undefined : (shown) => {
          asked++;
          assertEquals(shown, own.anchor.fingerprint);
          return Promise.resolve(row.confirm!);
        },
      };
      const resolve = () => resolveServerAnchor(row.line ?? greetingOf(own), options);
      if (row.trusted) {
        assertEquals((await resolve()).fingerprint, own.anchor.fingerprint);
      } else {
        const says = (row.says ?? "").replaceAll("<pin>", pins.file)
          .replaceAll("<own>", own.anchor.fingerprint)
          .replaceAll("<other>", other.anchor.fingerprint);
        await assertRejects(resolve, UntrustedError, says);
      }
      const pinAfter = row.pinAfter ?? (row.ca || row.fingerprint ? undefined : row.pinned);
      assertEquals(await pins.get(server), of(pinAfter)?.fingerprint);
      const isNews = row.pinnedElsewhere && row.trusted;
      assertEquals(known, isNews ? [own.anchor.fingerprint] : []);
      const mayAsk = row.confirm !== undefined && !row.pinned && !row.nearby &&
        row.line === undefined;
      assertEquals(asked, mayAsk ? 1 : 0);
    });
  });
}

Deno.test("trust: only a greeting that a server of another ledger signed proves another ledger", async () => {
  await using own = await startServer();
  await using other = await startServer();
  const ask = (line: string) =>
    requireSameLedger(line, { known: own.anchor, server, atMs: systemClock.nowMs() });
  assertEquals((await ask(greetingOf(own))).fingerprint, own.anchor.fingerprint);
  await assertRejects(() => ask(greetingOf(other)), OtherLedgerError, other.anchor.fingerprint);
  // The certificates of the other one, which everybody can copy, without its signature.
  const [header, payload] = greetingOf(other).split(".");
  const forged = `${header}.${payload}.${greetingOf(own).split(".")[2]}`;
  for (const line of ["HTTP/1.1 302 Found", forged]) {
    const error = await assertRejects(() => ask(line), UntrustedError);
    assertEquals(error instanceof OtherLedgerError, false);
  }
});

function greetingOf({ authority }: TestServer): string {
  return writeGreeting({
    identity: serverIdentity(authority),
    sessionKey,
    nonce: makeNonce(systemRandom),
    atMs: systemClock.nowMs(),
  });
}
