/**
 * The output of `micropay witness`: text for people, or one JSON object a line for scripts.
 */
import type { Visit } from "../../client/witness/witness.ts";
import type { MicropayError } from "../../errors.ts";
import { shellWord } from "../../pki/gencert_hint.ts";
import { printable } from "../../printable.ts";
import type { VerifierKey } from "../../protocol/cosignature.ts";
import type { Refusal } from "../../protocol/request_type.ts";
import { errorFields, errorLine } from "../error_fields.ts";
import { evidenceText } from "../evidence_text.ts";
import { jsonLine } from "../json_line.ts";

type Cosigned = Extract<Visit, { outcome: "cosigned" }>;

/** What was found about a server that rewrote its ledger. */
export interface Rewriting {
  /** The rows that the server showed now, and their head. */
  readonly rows: number;
  readonly head: string;
  /** A sentence about what the server did, without its full stop. */
  readonly text: string;
  /** The file of the evidence. */
  readonly evidence: string;
}

/** Prints results to stdout unless noted. `server` is absent where there is only one. */
export interface WitnessOutput {
  printWitness(key: VerifierKey, file: string): void;
  printCosigned(visit: Cosigned, server?: string): void;
  /** The server does not keep the cosignatures; to stderr. */
  printUnkept(refusal: Refusal, key: VerifierKey, server?: string): void;
  printRewriting(rewriting: Rewriting): void;
  /** The server refused to answer; to stderr. */
  printRefusal(refusal: Refusal, server?: string): void;
  /** To stderr. */
  printFailure(error: MicropayError): void;
}

interface OutputOptions {
  readonly print: (line: string) => void;
  readonly say: (line: string) => void;
}

export function jsonOutput({ print, say }: OutputOptions): WitnessOutput {
  return {
    printWitness: ({ name, text: verifierKey }) =>
      print(jsonLine({ event: "witness", name, verifierKey })),
    printCosigned: ({ tree: { entry: rows, head, checkpoint }, at, refusal }, server) =>
      print(jsonLine({
        ...{ event: "cosigned", rows, head, at: timeOf(at), kept: refusal === undefined },
        ...{ checkpoint, server },
      })),
    // Each line of a visit says so.
    printUnkept: () => {},
    printRewriting: (rewriting) => print(jsonLine({ code: 400, ...rewriting })),
    printRefusal: ({ code, text }, server) => say(jsonLine({ code, text, server })),
    printFailure: (error) => say(jsonLine(errorFields(error))),
  };
}

export function textOutput({ print, say }: OutputOptions): WitnessOutput {
  return {
    printWitness: ({ text }, file) => print(`Verifier key ${text}, in ${printable(file)}`),
    printCosigned: ({ tree: { entry, head }, at }, server) =>
      print(
        `${timeOf(at)}  ${entry} rows  head ${head}  cosigned${server ? `  ${server}` : ""}`,
      ),
    printUnkept: ({ code, text }, key, server) =>
      say(
        code === 430
          ? `${
            nameOf(server)
          } does not keep the cosignatures of this witness. Its operator names it ` +
            `with: micropay server PORT --witness ${shellWord(key.text)}`
          : `${nameOf(server)} did not keep the cosignature: ${printable(text)}`,
      ),
    printRewriting({ text, evidence }) {
      print(`The ledger was rewritten: ${printable(text)}.`);
      say(evidenceText(evidence));
      say("This witness cosigns nothing more. Tell the members, and keep the evidence.");
    },
    printRefusal: ({ code, text }, server) =>
      say(`micropay: the server${server ? ` ${server}` : ""} refused: ${code} ${printable(text)}`),
    printFailure: (error) => say(errorLine(error)),
  };
}

/** Returns the beginning of a sentence about a server. */
function nameOf(server: string | undefined): string {
  return server ? `The server ${server}` : "The server";
}

function timeOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}
