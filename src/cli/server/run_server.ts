/**
 * `micropay server`: opens what a server needs, runs it, and closes everything again.
 */
import { userLimitMin, witnessesMax } from "../../limits.ts";
import { join, resolve } from "node:path";
import { systemClock } from "../../clock.ts";
import { isThere } from "../../durable_files.ts";
import { FileError, messageOf, UsageError } from "../../errors.ts";
import type { DatabaseEvent } from "../../ledger/postgres/database_health.ts";
import type { CertificateAuthority } from "../../pki/certificate_authority.ts";
import {
  hasNoCertificates,
  openAuthority,
  openCertificates,
  type OpenedCertificates,
} from "../../pki/certificate_folder.ts";
import { hostsOf } from "../../pki/make_certificates.ts";
import { printable } from "../../printable.ts";
import { writeMicropayUri } from "../../protocol/micropay_uri.ts";
import { ChangeHistory } from "../../protocol/change_history.ts";
import { systemRandom } from "../../random.ts";
import { Server } from "../../server/server.ts";
import { SessionKeys } from "../../server/session/session_keys.ts";
import type { Listener } from "../../transport/byte_stream.ts";
import { tcpNetwork } from "../../transport/tcp_network.ts";
import type { ServerRequest } from "../command_line/command_line.ts";
import { type ExitCode, exitCodes } from "../exit_code.ts";
import { terminalQrCode } from "../qr_code.ts";
import { runGencert } from "../gencert/run_gencert.ts";
import { certificateDaysDefault } from "../gencert/options.ts";
import { type LedgerPlace, ledgerPlace } from "../ledger_place.ts";
import { type JoinAddress, joinLine, joinUri } from "./join_line.ts";
import { askYesNo, LineInput } from "../line_input.ts";
import { OutputQueue } from "./output_queue.ts";
import { openServerLog, type ServerLog } from "./server_log.ts";
import type { ProcessIo } from "../process_io.ts";

/**
 * Serves until SIGINT, SIGTERM or SIGHUP.
 *
 * @throws {MicropayError} when it cannot start, or when the ledger's storage fails
 */
export async function runServer(
  request: ServerRequest,
  processIo: ProcessIo,
): Promise<ExitCode> {
  const { silent, certs, logFormat: format, witness } = request;
  if (witness.length > witnessesMax) {
    throw new UsageError(`serve with ${witness.length} witnesses: name at most ${witnessesMax}`);
  }
  const clock = systemClock;
  const output = new OutputQueue({
    write: processIo.writeOutput,
    clock,
    leftOutLine: (lines) => log.leftOutLine(lines),
    onFailure: (error) =>
      processIo.say(
        `micropay: write to the standard output: ${
          messageOf(error)
        }; the server goes on without it`,
      ),
  });
  const print = (line: string) => output.print(line);
  const log = openServerLog({ format, silent, certs, clock, print });
  try {
    return await serveLedger(request, { ...processIo, log });
  } finally {
    await output.end();
  }
}

async function serveLedger(
  request: ServerRequest,
  { log, ...processIo }: ProcessIo & { readonly log: ServerLog },
): Promise<ExitCode> {
  const place = ledgerPlace(request.db, processIo.environment);
  if (request.reset || request.deleteDbOnExit) place.requireDeletable();
  const userLimit = sayUserLimit(request, log);
  // First, before anything is made or deleted. If another server has the port, this one was started
  // by mistake.
  const listener = tcpNetwork.listen({ host: request.host, port: request.port });
  try {
    await serveOn(listener, request, { ...processIo, log, place, userLimit });
  } finally {
    listener.close();
  }
  if (request.deleteDbOnExit) place.delete();
  return exitCodes.ok;
}

async function serveOn(
  listener: Listener,
  request: ServerRequest,
  { log, place, userLimit, ...processIo }: ProcessIo & {
    readonly log: ServerLog;
    readonly place: LedgerPlace;
    readonly userLimit: number;
  },
): Promise<void> {
  if (request.reset) await resetLedger(place, request, processIo);
  const certificates = await openOrMakeCertificates(request, { place, log });
  const authority = request.registering ? openRegisteringAuthority(request.certs) : undefined;
  const ledgerId = certificates.anchor.fingerprint;
  const sessionKeys = await SessionKeys.open({
    generate: () => processIo.makeSessionKey(request.rsaBits),
    clock: systemClock,
    everyMs: request.rekeyHours * 3_600_000,
  });
  const isNew = !await place.exists();
  const report = (event: DatabaseEvent) => sayDatabaseEvent(event, log);
  const ledger = await place.open({ ledgerId, serve: true, report });
  try {
    const changes = new ChangeHistory({ ledger, anchor: certificates.anchor });
    await changes.verifyAll();
    log.say(isNew ? newLedgerLine(place.name) : `Ledger in ${printable(place.name)}`);
    const address = {
      joinHosts: request.joinHost,
      host: request.host,
      port: listener.endpoint.port,
      certificateHosts: hostsOf(certificates.identity.certificate.der),
      hostname: Deno.hostname(),
      fingerprint: ledgerId,
    };
    // A line with several servers leads to one that registers.
    if (!authority && request.joinHost === undefined) {
      log.say("This server registers nobody: members register at another one");
    } else if (request.join === "open") sayJoinLine(address, request, { ...processIo, log });
    else log.say("Only invited members join: micropay ledger invite makes join lines");
    await serveUntilSignal(processIo, () =>
      new Server(
        {
          listener,
          hostname: Deno.hostname(),
          proxies: request.proxyFrom,
          userLimit,
          initialBalance: request.initialBalance,
          join: request.join,
          accountsMax: request.accountsMax,
          processors: navigator.hardwareConcurrency,
          witnesses: request.witness,
        },
        {
          ...certificates,
          authority,
          ledger,
          changes,
          sessionKeys,
          clock: systemClock,
          random: systemRandom,
          report: log.report,
        },
      ));
  } finally {
    await ledger.close();
  }
}

/** Says how members join, with a QR code where somebody may point a camera at the terminal. */
function sayJoinLine(
  address: JoinAddress,
  { logFormat }: ServerRequest,
  { log, ...processIo }: ProcessIo & { readonly log: ServerLog },
): void {
  const uri = joinUri(address);
  const text = uri && writeMicropayUri(uri);
  log.say(joinLine(address), text === undefined ? {} : { event: "join_line", uri: text });
  if (logFormat === "json" || text === undefined) return;
  const code = terminalQrCode(text, processIo);
  if (code !== undefined) log.say(code);
}

/** Says what happens to the database. While it is lost, members are told to try again. */
function sayDatabaseEvent(event: DatabaseEvent, log: ServerLog): void {
  switch (event.kind) {
    case "recovered":
      return log.say("The ledger's database is back", { event: "database_recovered" });
    case "unprotected":
      return log.say(
        "The ledger's database does not wait for its standby, which can lack payments: set " +
          "synchronous_standby_names",
        { event: "database_unprotected" },
      );
    case "lost":
      return log.say(
        `The ledger's database cannot be used: ${printable(event.reason)}; members are told to ` +
          "try again",
        { event: "database_lost", reason: event.reason },
      );
  }
}

/** It names the file, because in the wrong folder members would find none of their money. */
function newLedgerLine(db: string): string {
  return `New, empty ledger in ${printable(db)}; name another one with --db and --certs`;
}

function sayUserLimit({ userLimit }: ServerRequest, log: ServerLog): number {
  if (userLimit !== undefined) {
    log.say(`User limit is now set to ${userLimit}`);
    return userLimit;
  }
  const limit = Math.max(navigator.hardwareConcurrency, userLimitMin);
  log.say(`User limit is now set to default: ${limit}`);
  return limit;
}

async function resetLedger(
  place: LedgerPlace,
  { yes }: ServerRequest,
  { isTerminal, openInput, say }: ProcessIo,
): Promise<void> {
  if (!yes) {
    if (!isTerminal()) {
      throw new UsageError(
        `reset the ledger ${place.name}: give --yes too, there is nobody to ask`,
      );
    }
    const question = `Delete the ledger ${printable(place.name)} with all accounts and entries?`;
    const input = new LineInput(openInput());
    if (!await askYesNo(question, { input, say })) {
      throw new UsageError(`reset the ledger ${place.name}: not confirmed`);
    }
  }
  place.delete();
}

/**
 * @throws {FileError} when the certificates are missing, and there is a ledger or the server
 * registers nobody: a new CA would be of no use
 */
async function openOrMakeCertificates(
  { certs: folder, registering }: Pick<ServerRequest, "certs" | "registering">,
  { place: ledger, log }: { readonly place: LedgerPlace; readonly log: ServerLog },
): Promise<OpenedCertificates> {
  if (hasNoCertificates(folder)) {
    const place = resolve(folder);
    if (!registering) {
      throw new FileError(
        `serve the ledger ${ledger.name}: no certificates are in ${place}; where CA.key is, ` +
          "micropay gencert --ca-from DIR --out NEW makes the files for this server. Name their " +
          "folder with --certs",
      );
    }
    if (await ledger.exists()) {
      throw new FileError(
        `serve the ledger ${ledger.name}: its certificates are not in ${place}; put them back from your ` +
          "copy, or name their folder with --certs",
      );
    }
    log.say(`No certificates in ${printable(place)}, making them:`);
    await runGencert(
      {
        command: { name: "make" },
        out: place,
        hosts: [],
        days: certificateDaysDefault,
        force: false,
        newCa: false,
        yes: false,
      },
      {
        clock: systemClock,
        random: systemRandom,
        hostname: Deno.hostname(),
        print: (line) => log.say(printable(line)),
      },
    );
  }
  return openCertificates({ folder, clock: systemClock });
}

/** @throws {FileError} when `CA.key` is missing */
function openRegisteringAuthority(folder: string): CertificateAuthority {
  const path = join(folder, "CA.key");
  if (isThere(path)) return openAuthority(folder, systemClock.nowMs());
  throw new FileError(
    `read ${path}: there is no such file; put it back from your copy, or serve without it with ` +
      "--no-registering",
  );
}

/**
 * Runs the server until the first signal, or until it stops by itself.
 *
 * @param start is called when the signals are handled. A script that waits for the line about
 * listening may send one at once
 */
async function serveUntilSignal(
  { onSignal }: ProcessIo,
  start: () => Server,
): Promise<void> {
  let server: Server | undefined;
  const stop = onSignal(() => void server?.stop().catch(() => {}));
  try {
    server = start();
    await server.stopped;
  } finally {
    stop();
  }
}
