/**
 * `micropay witness`: visits the server each period until it is stopped.
 */
import { join, resolve } from "node:path";
import { verifyEvidence } from "../../client/evidence.ts";
import { untilAborted } from "../../client/until_aborted.ts";
import { keepEvidence } from "../../client/wallet/evidence_file.ts";
import { visitServer, type WitnessContext } from "../../client/witness/witness.ts";
import { WitnessFolder } from "../../client/witness/witness_folder.ts";
import { systemClock } from "../../clock.ts";
import { FileError, InterruptedError, isConnectionFault, MicropayError } from "../../errors.ts";
import { answerTimeoutMsDefault } from "../../limits.ts";
import { tcpNetwork } from "../../transport/tcp_network.ts";
import type { WitnessRequest } from "../command_line/command_line.ts";
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
    const context: WitnessContext = {
      server: { host: request.serverHost, port: request.serverPort },
      anchor,
      folder,
      network: tcpNetwork,
      clock: systemClock,
      makeSessionKey: () => processIo.makeSessionKey(request.rsaBits),
      timeoutMs: answerTimeoutMsDefault,
    };
    return await untilSignal(
      processIo,
      (signal) => new Following(context, { ...request, output, signal }).run(),
    );
  } catch (error) {
    if (!(error instanceof MicropayError)) throw error;
    output.printFailure(error);
    return exitCodeOfError[error.code];
  }
}

interface FollowingOptions {
  readonly everyMs: number;
  /** How many cosignatures to make. Absent: until it is stopped. */
  readonly count?: number | undefined;
  readonly output: WitnessOutput;
  /** Aborts when the witness is stopped. */
  readonly signal: AbortSignal;
}

class Following {
  readonly #context: WitnessContext;
  readonly #options: FollowingOptions;
  #cosigned = 0;
  /** The trouble that was told last. The same trouble is not told again before a good visit. */
  #told: string | undefined;
  #isUnkeptTold = false;

  constructor(context: WitnessContext, options: FollowingOptions) {
    this.#context = context;
    this.#options = options;
  }

  /** Visits the server until the witness is stopped, or the server rewrote its ledger. */
  async run(): Promise<ExitCode> {
    const { count = Infinity, signal } = this.#options;
    while (!signal.aborted) {
      try {
        if (!await this.#visit()) return exitCodes.refused;
      } catch (error) {
        if (signal.aborted) break;
        if (!(error instanceof MicropayError) || !this.#mayPass(error)) throw error;
        this.#tellOnce(error.code, () => this.#options.output.printFailure(error));
      }
      if (this.#cosigned >= count) break;
      await this.#pause();
    }
    return exitCodes.ok;
  }

  /** Visits the server once. Returns whether to go on. */
  async #visit(): Promise<boolean> {
    const { output, signal } = this.#options;
    const { anchor, folder } = this.#context;
    const stopped = () => new InterruptedError("visit the server: the witness was stopped");
    const visit = await untilAborted(visitServer(this.#context), signal, stopped);
    switch (visit.outcome) {
      case "cosigned":
        this.#cosigned++;
        this.#told = undefined;
        output.printCosigned(visit);
        if (visit.refusal && !this.#isUnkeptTold) {
          output.printUnkept(visit.refusal, folder.cosigner.key);
        }
        this.#isUnkeptTold = visit.refusal !== undefined;
        return true;
      case "rewritten": {
        const { tree: { entry: rows, head }, evidence } = visit;
        const file = keepEvidence(evidence, folder.path);
        const text = verifyEvidence(JSON.stringify(evidence), { anchor });
        output.printRewriting({ rows, head, text, evidence: file });
        return false;
      }
      case "refused":
        this.#tellOnce(String(visit.code), () => output.printRefusal(visit));
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

  #tellOnce(trouble: string, tell: () => void): void {
    if (this.#told !== trouble) tell();
    this.#told = trouble;
  }

  async #pause(): Promise<void> {
    const { everyMs, signal } = this.#options;
    const over = Promise.withResolvers<void>();
    const cancel = this.#context.clock.schedule(everyMs, over.resolve);
    signal.addEventListener("abort", () => over.resolve(), { once: true });
    if (signal.aborted) over.resolve();
    await over.promise;
    cancel();
  }
}
