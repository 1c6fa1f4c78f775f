/**
 * Pages of rows: each reply fits a line, whatever the length of its rows.
 */
import { assert, assertEquals } from "@std/assert";
import { seal } from "../../../src/envelope/seal.ts";
import { bodyBytesMax, lineBytesMax, pageRowsMax } from "../../../src/limits.ts";
import { encodeReply } from "../../../src/protocol/request_type.ts";
import { historyRequestType } from "../../../src/protocol/history.ts";
import { pagesOf } from "../../../src/server/handlers/page.ts";
import { issueMember, serverIdentity, sessionKey, startServer } from "../test_server.ts";

/** As long as each can be: a name of 32, an IPv6 address of 39, a port of 5. */
const members = Array.from({ length: 500 }, (_, at) => ({
  name: `m${String(at).padStart(3, "0")}`.padEnd(32, "x"),
  ip: "1000:2000:3000:4000:5000:6000:7000:8000",
  port: 65_535,
}));

const memo = "\u{1f355}".repeat(256);
const entries = Array.from({ length: 201 }, (_, at) => ({
  entry: Number.MAX_SAFE_INTEGER - at,
  id: "019aaf3e-7c00-7000-8000-000000000001",
  at: "2026-11-23T08:00:00.000Z",
  payer: "a".repeat(32),
  payee: "b".repeat(32),
  amount: Number.MAX_SAFE_INTEGER,
  memo,
  balance: Number.MAX_SAFE_INTEGER,
}));

const rows: readonly { title: string; rows: readonly object[]; rowsMax: number; pages: number }[] =
  [
    { title: "nothing is no page", rows: [], rowsMax: 200, pages: 0 },
    { title: "one row is a page", rows: members.slice(0, 1), rowsMax: 200, pages: 1 },
    {
      title: "what is allowed on a page is one",
      rows: members.slice(0, 200),
      rowsMax: 200,
      pages: 1,
    },
    { title: "one more is two", rows: members.slice(0, 201), rowsMax: 200, pages: 2 },
    {
      title: "500 members with the longest addresses are three",
      rows: members,
      rowsMax: 200,
      pages: 3,
    },
    {
      title: "entries with the longest memos are cut by bytes",
      rows: entries,
      rowsMax: 200,
      pages: 9,
    },
    {
      title: "a row that alone is too large still comes, so that nobody asks for ever",
      rows: [{ text: "x".repeat(bodyBytesMax) }, { text: "" }],
      rowsMax: 200,
      pages: 2,
    },
  ];

for (const { title, rows: all, rowsMax, pages } of rows) {
  Deno.test(`page: ${title}`, () => {
    const cut = pagesOf<object>(all, { rowsMax });
    assertEquals(cut.flat(), all);
    assertEquals(cut.length, pages);
    assert(cut.every((page) => page.length <= rowsMax));
  });
}

Deno.test("page: every page fits a line once it is sealed, with the largest session key", async () => {
  await using server = await startServer();
  const identity = serverIdentity(server.authority);
  const to = issueMember(server.authority, "alice");
  const { jwk, kid } = sessionKey;
  const algorithm = { name: "RSA-OAEP", hash: "SHA-256" };
  const publicKey = await crypto.subtle.importKey("jwk", jwk, algorithm, false, ["encrypt"]);
  for (const all of [members, entries]) {
    for (const page of pagesOf<object>(all, { rowsMax: pageRowsMax })) {
      const answer = { balance: Number.MAX_SAFE_INTEGER, count: 500, online: page, more: true };
      const body = encodeReply(historyRequestType, 1, { outcome: "answered", answer });
      const line = await seal({
        type: "reply",
        seq: Number.MAX_SAFE_INTEGER,
        conn: "x".repeat(22),
        to: `micropay:member:${to.party.role === "member" ? to.party.name.padEnd(32, "x") : ""}`,
        iat: 2_000_000_000,
        body,
      }, { signer: { kind: "certified", identity }, recipient: { publicKey, kid } });
      // A key of 4096 bits instead of 2048 takes 342 characters more.
      assert(line.length + 342 <= lineBytesMax, `a line of ${line.length} bytes`);
    }
  }
});
