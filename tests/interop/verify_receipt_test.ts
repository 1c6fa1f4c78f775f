/**
 * Shows that `docs/receipts.md` is enough to check a receipt. The script was written from it and
 * uses none of our code. It accepts only what the real server issued.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { encodeBase64Url } from "../../src/base64.ts";
import type { HistoryRow } from "../../src/protocol/history.ts";
import { HistoryReader } from "../../src/client/history_reader.ts";
import type { ReceiptProof } from "../../src/protocol/receipt_proof.ts";
import { memberOf } from "../client/test_member.ts";
import { orderPayload, signPayload } from "../server/order_maker.ts";
import { startServer, type TestServer } from "../server/test_server.ts";
import { testWith } from "../installed_tool.ts";
import { Program } from "./program.ts";
import { submitOrder } from "../server/submit_order.ts";

type Proof = Pick<HistoryRow, "receipt" | "order"> & Partial<ReceiptProof>;

testWith(
  ["node"],
  "another program accepts receipts of payments, refunds and openings, and reads who paid",
  async () => {
    await using server = await startServer();
    const rows = await paidAndRefunded(server);
    assertEquals(rows.map(({ kind }) => kind), ["opening", "payment", "refund"]);
    const { code, lines } = await checkAll(rows, server);
    assertEquals(code, 0, lines.join("\n"));
    const said = rows.map(({ entry, id, kind, payer, payee, amount, memo, at }) => ({
      ...{ entry, id, kind, payer, payee, amount, ...(memo !== undefined && { memo }), at },
    }));
    assertEquals(lines.map((line) => JSON.parse(line)), said);
  },
);

const changes: readonly {
  readonly title: string;
  readonly change: (proof: Proof, others: readonly Proof[]) => Proof;
  readonly says: RegExp;
}[] = [
  {
    title: "whose amount was raised",
    change: ({ receipt, order }) => ({ receipt: withMember(receipt, "amount", 9000), order }),
    says: /the signature/,
  },
  {
    title: "whose order was changed",
    change: ({ receipt, order }) => ({ receipt, order: withMember(order, "memo", "rent") }),
    says: /the signature/,
  },
  {
    title: "with another payment's order",
    change: ({ receipt }, [other]) => ({ receipt, order: other!.order }),
    says: /for another order|not a member's|differs/,
  },
  {
    title: "that is an order",
    change: ({ order }) => ({ receipt: order, order }),
    says: /the header/,
  },
  {
    title: "whose signature is another receipt's",
    change: ({ receipt, order }, [other]) => ({
      receipt: [...receipt.split(".").slice(0, 2), other!.receipt.split(".")[2]].join("."),
      order,
    }),
    says: /the signature/,
  },
];

for (const { title, change, says } of changes) {
  testWith(["node"], `a receipt ${title} is refused by another program`, async () => {
    await using server = await startServer();
    const [opening, payment] = await paidAndRefunded(server);
    const { code, line } = await check(change(payment!, [opening!]), server);
    assertEquals(code, 1, line);
    assertMatch(line, says);
  });
}

testWith(["node"], "a receipt of another ledger is refused by another program", async () => {
  await using server = await startServer();
  await using other = await startServer();
  const [, payment] = await paidAndRefunded(server);
  assertEquals((await check(payment!, other)).code, 1);
});

testWith(
  ["node"],
  "another program accepts the proofs of all entries, and refuses changed ones",
  async () => {
    await using server = await startServer();
    const rows = await paidAndRefunded(server);
    const proven = await proofsOf(rows, server);
    const good = await checkAll(proven, server);
    assertEquals([good.code, good.lines.map((line) => JSON.parse(line).rows)], [0, [5, 5, 5]]);
    const [opening, payment] = proven;
    const { checkpoint, serverCertificate, ...bare } = payment!;
    const wrong: readonly [Proof, RegExp][] = [
      [{ ...payment!, proof: opening!.proof }, /another root/],
      [{ ...payment!, proof: payment!.proof.slice(1) }, /length/],
      [{ ...payment!, checkpoint: checkpoint.replace("\n5\n", "\n6\n") }, /signature/],
      [{ ...bare, checkpoint }, /half a proof/],
      [{ ...bare, checkpoint, serverCertificate: memberCertificate(payment!.order) }, /a server's/],
    ];
    const bad = await checkAll(wrong.map(([proof]) => proof), server);
    assertEquals(bad.code, 1);
    for (const [at, [, says]] of wrong.entries()) assertMatch(bad.lines[at]!, says);
    assertEquals((await check({ ...bare, checkpoint, serverCertificate }, server)).code, 0);
  },
);

/** Returns the rows with the proofs that a member's client gets. The member takes a row, too. */
async function proofsOf(
  rows: readonly HistoryRow[],
  server: TestServer,
): Promise<(Proof & ReceiptProof)[]> {
  const carol = await memberOf(server, await server.enroll("carol"));
  return await Promise.all(rows.map(async ({ id, receipt, order }) => {
    const proven = await carol.prove({ id, receipt, order });
    assert(proven.outcome === "proven");
    return { receipt, order, ...proven.proof };
  }));
}

/** Alice's history, oldest first: her opening, what she paid, and what she got back of it. */
async function paidAndRefunded(server: TestServer): Promise<readonly HistoryRow[]> {
  const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
  const payment = orderPayload(alice, server.anchor, { memo: "käse 🧀" });
  const refund = orderPayload(bob, server.anchor, {
    payee: "alice",
    amount: 500,
    refunds: payment.id,
  });
  const payee = await server.link(bob);
  for (const order of [signPayload(payment, alice), signPayload(refund, bob)]) {
    assertEquals((await submitOrder(payee, order)).outcome, "answered");
  }
  const { context } = await memberOf(server, alice);
  const history = await new HistoryReader(context).read({ limit: 9, after: 0 });
  return history.outcome === "answered" ? history.answer.entries : [];
}

async function check(proof: Proof, server: TestServer): Promise<{ code: number; line: string }> {
  const { code, lines: [line] } = await checkAll([proof], server);
  return { code, line: line! };
}

/** Checks all of them in one process, which says a line of each. */
async function checkAll(
  proofs: readonly Proof[],
  { anchor }: TestServer,
): Promise<{ code: number; lines: string[] }> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/CA.pem`, anchor.pem);
    const files = proofs.map((proof, at) => {
      Deno.writeTextFileSync(`${folder}/${at}.json`, JSON.stringify(proof));
      return `${folder}/${at}.json`;
    });
    const script = new URL("./verify_receipt.mjs", import.meta.url).pathname;
    await using node = new Program("node", [script, `${folder}/CA.pem`, ...files]);
    const lines = await node.lines();
    assertEquals(lines.length, proofs.length, node.errors);
    return { code: await node.status(), lines };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The same document with another value in its payload, and the old signature. */
function withMember(jws: string, name: string, value: unknown): string {
  const [header, payload, signature] = jws.split(".");
  const members = JSON.parse(atob(payload!.replaceAll("-", "+").replaceAll("_", "/")));
  const changed = new TextEncoder().encode(JSON.stringify({ ...members, [name]: value }));
  return [header, encodeBase64Url(changed), signature].join(".");
}

/** The certificate in the header of an order, DER in base64. */
function memberCertificate(order: string): string {
  return JSON.parse(atob(order.split(".")[0]!)).x5c[0];
}
