/**
 * The output of the client's commands: text for people, or one JSON object a line for scripts.
 */
import type { AccountName } from "../../account_name.ts";
import type { IncomingPayment } from "../../client/payment/incoming_payments.ts";
import type { MemberAudit } from "../../client/ledger_audit.ts";
import type { ListedRequest } from "../../client/payment/payment_requests.ts";
import type { Settled } from "../../client/payment/settlement.ts";
import type { Paid, PaymentWay } from "../../client/payment/order_outcome.ts";
import type { SystemInformation } from "../../client/member.ts";
import { type ExceededLimit, leftOf } from "../../client/wallet/payment_limits.ts";
import type { PaymentAllowance } from "../../client/wallet/wallet_store.ts";
import type { MicropayError } from "../../errors.ts";
import { codes } from "../../protocol/code.ts";
import type { VerifierKey } from "../../protocol/cosignature.ts";
import type { SignedPaymentRequest } from "../../protocol/payment_request.ts";
import type { Refusal } from "../../protocol/request_type.ts";
import type { HistoryRow } from "../../protocol/history.ts";
import type { Registered } from "../../client/wallet.ts";
import {
  alarmAdvice,
  auditFields,
  type AuditFiles,
  auditLines,
  entryFields,
  givenUpLines,
  isInOrder,
  type KnownLedger,
} from "./audit_text.ts";
import type { TypeCommand } from "./command_typer.ts";
import { errorFields, errorLine } from "../error_fields.ts";
import { jsonLine } from "../json_line.ts";
import { printable, quote } from "../../printable.ts";
import type { PaymentReference } from "./payment_reference.ts";
import { settlementFields, settlementText } from "./settlement_text.ts";

/** How many receipts were written into files, and how many files existed already. */
export interface WrittenReceipts {
  readonly written: number;
  readonly present: number;
}

/** Prints the results of commands, to stdout unless noted. */
export interface ClientOutput {
  /**
   * @param advice a sentence for people, to stderr
   * @param ledger the name of the ledger, if it was joined
   */
  printRegistration(registered: Registered, advice: string, ledger?: string): void;
  printList(information: SystemInformation): void;
  printBalance(balance: number): void;
  printPaid(paid: Paid, now?: { readonly balance?: number | undefined }): void;
  printStatus(paid: Paid): void;
  /** @param options.isAgain whether the connection was lost before */
  printOnline(port: number, options: { readonly isAgain: boolean }): void;
  /** The connection is lost, or still is for another reason; text to stderr. */
  printOffline(reason: MicropayError, options: { readonly isStill: boolean }): void;
  /** A place in the waiting room, while it connects again; text to stderr. */
  printWaiting(place: number): void;
  printReceived(payment: IncomingPayment): void;
  /** A received payment that could not be printed; to stderr. */
  printUnprinted(payment: IncomingPayment, where: { readonly file: string }): void;
  printHistoryRow(row: HistoryRow): void;
  printRequest(request: SignedPaymentRequest, uri: string): void;
  printRequests(requests: readonly ListedRequest[]): void;
  printLimits(account: AccountName, allowance: PaymentAllowance): void;
  printReceiptsWritten(counts: WrittenReceipts, where: { readonly folder: string }): void;
  /** The witnesses that this person accepts. */
  printWitnesses(keys: readonly VerifierKey[]): void;
  /** @param found what was kept of an audit that failed. What to do goes to stderr */
  printAudit(audit: MemberAudit, found?: AuditFiles): void;
  /** What a member gives up that accepts this ledger. In JSON, `printAccepted` says it. */
  printGivenUp(audit: MemberAudit, known: KnownLedger): void;
  printAccepted(audit: MemberAudit, files: AuditFiles & KnownLedger): void;
  /** An audit that nobody asked for found something; text to stderr. */
  printAlarm(audit: MemberAudit, found?: AuditFiles): void;
  /** A payment that was in doubt before this command; to stderr. */
  printSettled(settled: Settled): void;
  printRefusal(refusal: Refusal, details?: RefusalDetails): void;
  /** To stderr. */
  printFailure(error: MicropayError): void;
}

export interface RefusalDetails {
  /** For scripts. */
  readonly fields?: PaymentReference | Pick<ExceededLimit, "limit" | "left"> | undefined;
  /** For people, to stderr. */
  readonly advice?: string | undefined;
}

type Print = (line: string) => void;

interface OutputOptions {
  readonly print: Print;
  readonly printError: Print;
  /** Types a client's command in full, for texts that name one. */
  readonly typed?: TypeCommand;
}

export function jsonOutput({ print, printError, typed }: OutputOptions): ClientOutput {
  const paid = ({ receipt: { payload: { id, entry }, text }, way }: Paid) =>
    line({ code: 130, text: codes[130].text, id, entry, way, receipt: text });
  const line = (value: object) => print(jsonLine(value));
  const printAudit = (audit: MemberAudit, files?: AuditFiles) => line(auditFields(audit, files));
  return {
    printRegistration: ({ account, balance, existed }, _, ledger) =>
      line({ code: 100, text: codes[100].text, account, balance, existed, name: ledger }),
    printList: ({ balance, online }) => line({ code: 300, balance, online }),
    printBalance: (balance) => line({ code: 300, balance }),
    printPaid: paid,
    printStatus: paid,
    printOnline: (port) => line({ event: "online", port }),
    printOffline: (reason) => line({ event: "offline", ...errorFields(reason) }),
    printWaiting: (place) => line({ event: "waiting", place }),
    printReceived: (payment) => line({ event: "payment", ...paymentFields(payment) }),
    printUnprinted: (payment, { file }) =>
      printError(jsonLine({ event: "unprinted", ...paymentFields(payment), file })),
    printHistoryRow: (
      { entry, id, at, kind, payer: from, payee: to, amount, memo, refunds, request, ...others },
    ) =>
      line({
        ...{ entry, id, at, kind, from, to, amount, memo, refunds },
        ...{ request: request && id, ...others },
      }),
    printRequest: (request, uri) => line({ ...requestFields(request), uri }),
    printRequests: (requests) =>
      requests.forEach(({ request, state, receipt }) =>
        line({
          ...{ ...requestFields(request), state },
          ...(receipt && { entry: receipt.payload.entry, paidBy: receipt.payload.payer }),
        })
      ),
    printLimits: (account, { limits: { perPayment, perDay }, paid }) =>
      line({
        ...{ account, per_payment: perPayment, per_day: perDay, paid },
        ...(perDay !== undefined && { left: leftOf(perDay, paid) }),
      }),
    printReceiptsWritten: ({ written, present }, { folder }) => line({ written, present, folder }),
    printWitnesses: (keys) =>
      line({ witnesses: keys.map(({ name, text: verifierKey }) => ({ name, verifierKey })) }),
    printAudit,
    printGivenUp: () => {},
    printAccepted: ({ checkpoint, unproven }, { evidence, earlier }) =>
      line({
        ...{ code: 300, accepted: checkpoint, earlier: earlier?.checkpoint ?? null },
        ...{ givenUp: unproven.map(entryFields), evidence },
      }),
    printAlarm: printAudit,
    printSettled: (settled) => printError(jsonLine(settlementFields(settled))),
    printRefusal: ({ code, text }, { fields } = {}) => line({ code, text, ...fields }),
    printFailure: (error) => printError(jsonLine(errorFields(error, typed))),
  };
}

export function textOutput({ print, printError, typed }: OutputOptions): ClientOutput {
  return {
    printRegistration(_, advice) {
      print(`100 ${codes[100].text}`);
      printError(advice);
    },
    printList: (information) => listLines(information).forEach(print),
    printBalance: (balance) => print(String(balance)),
    printPaid: (paid, { balance } = {}) => paidLines(paid, { balance }).forEach(print),
    printStatus: (paid) => foundLines(paid).forEach(print),
    printOnline: (port, { isAgain }) =>
      printError(
        isAgain
          ? `Online again, taking payments on port ${port}`
          : `Online, taking payments on port ${port}. Ctrl-C ends.`,
      ),
    printOffline: (reason, { isStill }) =>
      printError(
        `${isStill ? "Still offline, trying again" : "Offline, connecting again"}: ${
          printable(reason.message)
        }`,
      ),
    printWaiting: (place) => printError(waitingText(place)),
    printReceived: (payment) => notificationLines(payment).forEach(print),
    printUnprinted: (payment, where) => printError(unprintedText(payment, where)),
    printHistoryRow: (row) => print(historyLine(row)),
    printRequest(request, uri) {
      print(uri);
      printError(`${wishText(request)}, id ${request.id}; client pay takes the line in quotes`);
    },
    printRequests: (requests) => requests.map(requestLine).forEach(print),
    printLimits: (_, allowance) => limitLines(allowance).forEach(print),
    printReceiptsWritten: ({ written, present }, { folder }) =>
      print(
        `${written} receipts written to ${printable(folder)}` +
          (present === 0 ? "" : `, ${present} were there already`),
      ),
    printWitnesses: (keys) => keys.forEach(({ text }) => print(text)),
    printAudit(audit, files) {
      auditLines(audit).forEach(print);
      if (files && !isInOrder(audit)) alarmAdvice(files, typed).forEach(printError);
    },
    printGivenUp: (audit, known) => givenUpLines(audit, known).forEach(print),
    printAccepted(_, { evidence }) {
      print("Accepted: audits begin with the ledger as it is now.");
      if (evidence !== undefined) printError(`The evidence stays in ${printable(evidence)}`);
    },
    printAlarm: (audit, files) =>
      [...auditLines(audit), ...alarmAdvice(files, typed)].forEach(printError),
    printSettled: (settled) => printError(settlementText(settled)),
    printRefusal(refusal, { advice } = {}) {
      print(refusalText(refusal));
      if (advice !== undefined) printError(advice);
    },
    printFailure: (error) => printError(errorLine(error, typed)),
  };
}

function requestFields({ id, payload: { amount, memo, payer: from, exp } }: SignedPaymentRequest) {
  return { id, amount, memo, from, expires: new Date(exp * 1000).toISOString() };
}

/** Returns the amount of a payment request, who may pay it, and until when. */
export function wishText({ payload: { amount, payer, exp } }: SignedPaymentRequest): string {
  return `${amount} from ${payer ?? "anybody"}, until ${new Date(exp * 1000).toISOString()}`;
}

/** The memo comes last, as in the history. */
function requestLine({ request, state, receipt }: ListedRequest): string {
  const { id, payload: { memo } } = request;
  const how = receipt ? `, by ${receipt.payload.payer}, entry ${receipt.payload.entry}` : "";
  const note = memo === undefined ? "" : `  ${quote(memo)}`;
  return `${state}${how}  ${wishText(request)}  id ${id}${note}`;
}

export function waitingText(place: number): string {
  return `waiting, place ${place}: the server is full`;
}

/** The course project's system information. Scripts rely on the lines `name#ip#port`. */
function listLines({ balance, online }: SystemInformation): string[] {
  return [
    `Account balance: ${balance}`,
    `Number online: ${online.length}`,
    ...online.map(({ name, ip, port }) => `${name}#${printable(ip)}#${port}`),
  ];
}

function paidLines(
  { receipt: { payload: { payee, amount, entry, id, refunds } }, way }: Paid,
  { balance }: { readonly balance: number | undefined },
): string[] {
  const what = refunds === undefined
    ? `paid ${amount} to ${payee}`
    : `gave ${amount} back to ${payee}`;
  const now = balance === undefined ? "" : `, balance ${balance}`;
  // The payer chose the other ways.
  const by = way === "relay" ? wayText(way) : "";
  return [codes[130].text, `${what}${now}, entry ${entry}, id ${id}${by}`];
}

function foundLines({ receipt }: Paid): string[] {
  const { payer, payee, amount, at, entry, id, refunds } = receipt.payload;
  const what = refunds === undefined ? "" : `, a refund of ${refunds}`;
  return [
    codes[130].text,
    `${payer} paid ${amount} to ${payee} on ${at}${what}, entry ${entry}, id ${id}`,
  ];
}

function limitLines({ limits: { perPayment, perDay }, paid }: PaymentAllowance): string[] {
  const left = perDay === undefined ? "" : `, so ${leftOf(perDay, paid)} are left`;
  return [
    `Limit for one payment: ${perPayment ?? "none"}`,
    `Limit for 24 hours: ${perDay ?? "none"}`,
    `Paid in the last 24 hours, or under way: ${paid}${left}`,
  ];
}

/** The members in the order in which `receive` has always printed them. */
function paymentFields({ receipt, memo, request, way }: IncomingPayment): object {
  const { id, payer: from, amount, refunds, entry } = receipt.payload;
  return { id, from, amount, memo, refunds, request, entry, way, receipt: receipt.text };
}

function unprintedText(
  { receipt: { payload: { id, payer, amount, entry } } }: IncomingPayment,
  { file }: { readonly file: string },
): string {
  const payment = `micropay: the payment ${id} of ${amount} from ${payer}`;
  return `${payment} came and could not be printed: entry ${entry}, its receipt is in ${
    printable(file)
  }`;
}

/** The course project's words, then what `refund` and `status` take. */
function notificationLines({ receipt, memo, request, way }: IncomingPayment): string[] {
  const { payer, amount, refunds, entry, id } = receipt.payload;
  const note = memo === undefined ? "" : ` (${quote(memo)})`;
  const answer = request === undefined ? "" : ", as you requested";
  const origin = refunds === undefined ? answer : `, a refund of ${refunds}`;
  return [
    `[Notification] ${payer} just sent you $${amount}${origin}!${note}`,
    // A refund always comes through the server.
    `entry ${entry}, id ${id}${refunds === undefined ? wayText(way) : ""}`,
  ];
}

/** Says which way a payment took, unless it was the usual one. */
function wayText(way: PaymentWay | undefined): string {
  if (way === "relay") return ", by relay";
  return way === "server" ? ", through the server" : "";
}

/** The course project shows codes below 240 with their text: `210 FAIL`, `220 AUTH_FAIL`. */
function refusalText({ code, text }: Refusal): string {
  const shown = printable(text);
  return code < 240 ? `${code} ${shown}` : shown;
}

/** The memo comes last, because its writer chose its text. */
function historyLine(
  { entry, id, at, payer, payee, amount, memo, refunds, request, balance }: HistoryRow,
): string {
  const answer = request === undefined ? "" : "  as requested";
  const origin = refunds === undefined ? answer : `  refund of ${refunds}`;
  const note = memo === undefined ? "" : `  ${quote(memo)}`;
  return `${entry}  ${at}  ${payer} → ${payee}  ${amount}  balance ${balance}  id ${id}${origin}${note}`;
}
