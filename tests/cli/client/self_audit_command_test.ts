/**
 * What a command says, and which exit code it has, when the audit that it makes by itself ends in
 * some way. The command itself succeeds in each row.
 */
import { assertEquals, assertRejects } from "@std/assert";
import { performAsMember } from "../../../src/cli/client/member_command.ts";
import { jsonOutput } from "../../../src/cli/client/output.ts";
import { LineInput } from "../../../src/cli/line_input.ts";
import { systemProcessIo } from "../../../src/cli/process_io.ts";
import type { AddressedRequest } from "../../../src/cli/client/choose_ledger.ts";
import type { MemberAudit } from "../../../src/client/ledger_audit.ts";
import type { Member } from "../../../src/client/member.ts";
import type { Wallet } from "../../../src/client/wallet.ts";
import {
  ClosedError,
  EnvelopeError,
  FileError,
  ProtocolError,
  TimeoutError,
  UnknownOutcomeError,
} from "../../../src/errors.ts";
import { selfAuditWaitMs } from "../../../src/limits.ts";
import { answerWith, type Refusal, refuse } from "../../../src/protocol/request_type.ts";
import { ManualClock } from "../../manual_clock.ts";
import { named } from "../../server/test_server.ts";

const found: MemberAudit = {
  outcome: "audited",
  ...{
    entries: 9,
    receipts: 3,
    head: "ab".repeat(32),
    checkpoint: "signed",
    at: 1,
    certificate: "",
  },
  ...{ unproven: [], missing: [] },
  ...{ rewrittenAt: 5, sameUntil: 4 },
  evidence: {
    ledger: "cd".repeat(32),
    question: { checkpoints: [], receipts: [] },
    answer: { checkpoint: "signed", consistency: [], inclusion: [], signature: "" },
    ...{ serverCertificate: "", checkpoints: [], receipts: [] },
  },
};

interface Row {
  readonly title: string;
  readonly audit: (clock: ManualClock) => Promise<MemberAudit | Refusal>;
  readonly code: number;
  /** `code` of each line on stdout. */
  readonly printed: readonly number[];
  /** `error` of each line on stderr. */
  readonly said: readonly string[];
}

const silent = { code: 0, printed: [300], said: [] };

const rows: readonly Row[] = [
  {
    title: "finds nothing",
    audit: () =>
      Promise.resolve({ ...found, rewrittenAt: undefined, sameUntil: 9, evidence: undefined }),
    ...silent,
  },
  { title: "is refused", audit: () => Promise.resolve(refuse(400)), ...silent },
  { title: "has no answer", audit: () => Promise.reject(new TimeoutError("late")), ...silent },
  { title: "loses its server", audit: () => Promise.reject(new ClosedError("gone")), ...silent },
  {
    title: "takes too long",
    audit: (clock) => {
      clock.advance(selfAuditWaitMs);
      return Promise.withResolvers<Refusal>().promise;
    },
    ...silent,
  },
  {
    title: "meets a damaged wallet",
    audit: () => Promise.reject(new FileError("damaged")),
    ...{ code: 0, printed: [300], said: ["file"] },
  },
  {
    title: "gets a checkpoint of somebody else",
    audit: () => Promise.reject(new EnvelopeError("not signed")),
    ...{ code: 5, printed: [300], said: ["envelope"] },
  },
  {
    title: "gets no proofs",
    audit: () => Promise.reject(new ProtocolError("no proof")),
    ...{ code: 5, printed: [300], said: ["protocol"] },
  },
  {
    title: "finds a rewritten ledger, and the evidence cannot be written",
    audit: () => Promise.resolve(found),
    ...{ code: 5, printed: [300, 400], said: ["file"] },
  },
];

for (const { title, audit, code, printed, said } of rows) {
  Deno.test(`a command whose own audit ${title} ends with ${code}`, async () => {
    const { out, error, perform } = commandOf({ audit });
    assertEquals(await perform(), code);
    assertEquals(out.map((line) => JSON.parse(line).code as number), [...printed]);
    assertEquals(error.map((line) => JSON.parse(line).error as string), [...said]);
  });
}

Deno.test("a payment that stays in doubt is told after what its audit found", async () => {
  const doubt = new UnknownOutcomeError("pay bob: lost", { orderId: "1" });
  const { out, perform } = commandOf({
    audit: () => Promise.resolve(found),
    balance: () => Promise.reject(doubt),
  });
  assertEquals(await assertRejects(perform), doubt);
  assertEquals(out.map((line) => JSON.parse(line).code as number), [400]);
});

/** A `balance` command of a member whose audit, and whose answer, is that of a test. */
function commandOf({ audit, balance = () => Promise.resolve(answerWith({ balance: 1 })) }: {
  readonly audit: Row["audit"];
  readonly balance?: Member["balance"];
}) {
  const clock = new ManualClock(0);
  const member = {
    context: { name: named("alice"), clock },
    async *settle() {},
    balance,
    audit: () => audit(clock),
    abandon: () => Promise.resolve(),
  } as unknown as Member;
  const wallet = {
    connect: () => Promise.resolve({ anchor: { fingerprint: "" }, close: () => {} }),
    onlyAccount: () => Promise.resolve("alice"),
    member: () => Promise.resolve(member),
    accountFolder: () => "/nowhere/alice",
  } as unknown as Wallet;
  const out: string[] = [];
  const error: string[] = [];
  const output = jsonOutput({
    print: (line) => out.push(line),
    printError: (line) => error.push(line),
  });
  const servers = [{ host: "127.0.0.1", port: 1 }];
  const request = { servers, json: true } as unknown as AddressedRequest;
  const input = new LineInput(new ReadableStream());
  const context = { ...systemProcessIo, request, input, output, wallet };
  return { out, error, perform: () => performAsMember({ name: "balance" }, context) };
}
