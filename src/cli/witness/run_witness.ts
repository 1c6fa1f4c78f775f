/**
 * `micropay witness`: visits the servers of a ledger each period until it is stopped.
 */
import { join, resolve } from "node:path";
import { verifyEvidence } from "../../client/evidence.ts";
import { ServerList } from "../../client/server_list.ts";
import { untilAborted } from "../../client/until_aborted.ts";
import { keepEvidence } from "../../client/wallet/evidence_file.ts";
import type { AuditedHead } from "../../client/wallet/wallet_store.ts";
import { visitServer, type WitnessContext } from "../../client/witness/witness.ts";
import { WitnessFolder } from "../../client/witness/witness_folder.ts";
import { systemClock } from "../../clock.ts";
import { FileError, InterruptedError, isConnectionFault, MicropayError } from "../../errors.ts";
import { answerTimeoutMsDefault } from "../../limits.ts";
import { systemRandom } from "../../random.ts";
import { endpointText } from "../../transport/byte_stream.ts";
import { resolveHost } from "../../transport/host_addresses.ts";
import { tcpNetwork } from "../../transport/tcp_network.ts";
import type { WitnessRequest } from "../command_line/command_line.ts";
import { serversOf } from "../command_line/option_values.ts";
import { type ExitCode, exitCodeOfError, exitCodes } from "../exit_code.ts";
import { readLedgerAnchor } from "../ledger_anchor.ts";
import { type ProcessIo, untilSignal } from "../process_io.ts";
import { jsonOutput, textOutput, type WitnessOutput } from "./output.ts";

/** Follows the ledger, and prints what it finds. */
export async function runWitness(
  request: WitnessRequest,
  processIo: ProcessIo,
): Promise<ExitCode> {
  const output = request.json ? jsonOutput(processIo) : textOutput(processIo);
  try {
    const anchor = await readLedgerAnchor(request.ca, "witness");
    using folder = new WitnessFolder(resolve(request.out), request);
    // A folder of another ledger is found before anybody is asked.
    folder.newest(anchor);
    output.printWitness(folder.cosigner.key, join(folder.path, "verifier_key.txt"));
    const context = {
      anchor,
      folder,
      network: tcpNetwork,
      clock: systemClock,
      makeSessionKey: () => processIo.makeSessionKey(request.rsaBits),
      timeoutMs: answerTimeoutMsDefault,
    };
    const servers = serversOf(request.serverHost, request.serverPort);
    const listing = {
      ...{ clock: systemClock, random: systemRandom, resolveHost },
      isOneOfSeveral: servers.length > 1,
    };
    const stops = servers.map((server) => ({
      server: new ServerList([server], listing),
      name: servers.length > 1 ? endpointText(server) : undefined,
    }));
    return await untilSignal(
      processIo,
      (signal) => new Following(stops, { ...request, context, output, signal }).run(),
    );
  } catch (error) {
    if (!(error instanceof MicropayError)) throw error;
    output.printFailure(error);
    return exitCodeOfError[error.code];
  }
}

/** A server that is visited each period. */
interface Stop extends Pick<WitnessContext, "server" | "last"> {
  /** Its address where there are several. */
  readonly name: string | undefined;
  last?: AuditedHead | undefined;
  /** The trouble that was told last. The same trouble is not told again before a good visit. */
  told?: string | undefined;
  isUnkeptTold?: boolean;
}

interface FollowingOptions {
  readonly context: Omit<WitnessContext, "server" | "last">;
  readonly everyMs: number;
  /** How many cosignatures to make. Absent: until it is stopped. */
  readonly count?: number | undefined;
  readonly output: WitnessOutput;
  /** Aborts when the witness is stopped. */
  readonly signal: AbortSignal;
}

class Following {
  readonly #stops: readonly Stop[];
  readonly #options: FollowingOptions;
  #cosigned = 0;

  constructor(stops: readonly Stop[], options: FollowingOptions) {
    this.#stops = stops;
    this.#options = options;
  }

  /** Visits the servers until the witness is stopped, or one of them rewrote its ledger. */
  async run(): Promise<ExitCode> {
    const { count = Infinity, signal } = this.#options;
    for (;;) {
      for (const stop of this.#stops) {
        if (signal.aborted) return exitCodes.ok;
        try {
          if (!await this.#visit(stop)) return exitCodes.refused;
        } catch (error) {
          if (signal.aborted) return exitCodes.ok;
          if (!(error instanceof MicropayError) || !this.#mayPass(error)) throw error;
          tellOnce(stop, error.code, () => this.#options.output.printFailure(error));
        }
        if (this.#cosigned >= count) return exitCodes.ok;
      }
      await this.#pause();
    }
  }

  /** Visits a server once. Returns whether to go on. */
  async #visit(stop: Stop): Promise<boolean> {
    const { context, output, signal } = this.#options;
    const { anchor, folder } = context;
    const stopped = () => new InterruptedError("visit the server: the witness was stopped");
    const visiting = visitServer({ ...context, server: stop.server, last: stop.last });
    const visit = await untilAborted(visiting, signal, stopped);
    switch (visit.outcome) {
      case "cosigned":
        this.#cosigned++;
        stop.told = undefined;
        stop.last = visit.tree;
        output.printCosigned(visit, stop.name);
        if (visit.refusal && !stop.isUnkeptTold) {
          output.printUnkept(visit.refusal, folder.cosigner.key, stop.name);
        }
        stop.isUnkeptTold = visit.refusal !== undefined;
        return true;
      case "rewritten": {
        const { tree: { entry: rows, head }, evidence } = visit;
        const file = keepEvidence(evidence, folder.path);
        const text = verifyEvidence(JSON.stringify(evidence), { anchor });
        output.printRewriting({ rows, head, text, evidence: file });
        return false;
      }
      case "refused":
        tellOnce(stop, String(visit.code), () => output.printRefusal(visit, stop.name));
        return true;
    }
  }

  /**
   * Returns whether an error may pass by the next visit. A server that was good once may be
   * replaced for a while by somebody in between, so only the first visit finds wrong options.
   */
  #mayPass(error: MicropayError): boolean {
    return isConnectionFault(error) || (this.#cosigned > 0 && !(error instanceof FileError));
  }

  async #pause(): Promise<void> {
    const { context: { clock }, everyMs, signal } = this.#options;
    const over = Promise.withResolvers<void>();
    const cancel = clock.schedule(everyMs, over.resolve);
    signal.addEventListener("abort", () => over.resolve(), { once: true });
    if (signal.aborted) over.resolve();
    await over.promise;
    cancel();
  }
}

function tellOnce(stop: Stop, trouble: string, tell: () => void): void {
  if (stop.told !== trouble) tell();
  stop.told = trouble;
}
