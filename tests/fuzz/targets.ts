/**
 * The fuzz targets and the rounds of each. Targets further inside get fewer rounds, because a round
 * costs more and fewer attackers get there.
 */
import { beforeDecryption } from "./before_decryption.ts";
import { certificates } from "./certificates.ts";
import type { FuzzTarget } from "./fuzz_rounds.ts";
import { insideJwe } from "./inside_jwe.ts";
import { insideJws } from "./inside_jws.ts";

export interface TargetRow {
  readonly name: string;
  /** Of the rounds that are asked for. */
  readonly share: number;
  /** Rounds in `deno task test`. */
  readonly testRounds: number;
  readonly open: () => FuzzTarget | Promise<FuzzTarget>;
}

export const targets: readonly TargetRow[] = [
  row({ name: "before_decryption", share: 1, testRounds: 400, open: beforeDecryption }),
  row({ name: "inside_jwe", share: 1 / 10, testRounds: 100, open: insideJwe }),
  row({ name: "inside_jws", share: 1 / 20, testRounds: 40, open: insideJws }),
  row({ name: "certificates", share: 1 / 100, testRounds: 200, open: certificates }),
];

// Hides a target's input type: the runner only passes on the inputs that the target made.
function row<Input>(
  row: Omit<TargetRow, "open"> & {
    readonly open: () => FuzzTarget<Input> | Promise<FuzzTarget<Input>>;
  },
): TargetRow {
  return row as unknown as TargetRow;
}
