/** One file for each failure, and not more than a number of them. */
import { assertEquals } from "@std/assert";
import { join } from "node:path";
import type { Evidence } from "../../../src/client/evidence.ts";
import { keepEvidence } from "../../../src/client/wallet/evidence_file.ts";
import { evidenceFilesMax } from "../../../src/limits.ts";

function evidenceAbout(receipt: string, checkpoint = "shown"): Evidence {
  return {
    ...{ ledger: "", question: { checkpoints: [], receipts: [] }, serverCertificate: "" },
    answer: { checkpoint, consistency: [], inclusion: [], signature: "" },
    ...{ checkpoints: [], receipts: [receipt] },
  };
}

async function withFolder(act: (folder: string) => void): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    act(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("evidence of one failure is kept once, as it was when it was new", () =>
  withFolder((folder) => {
    const path = keepEvidence(evidenceAbout("a"), folder);
    assertEquals(keepEvidence(evidenceAbout("a", "a later answer"), folder), path);
    assertEquals(JSON.parse(Deno.readTextFileSync(path)), evidenceAbout("a"));
    const other = keepEvidence(evidenceAbout("b"), folder);
    assertEquals([other === path, [...Deno.readDirSync(folder)].length], [false, 2]);
  }));

Deno.test("evidence is kept up to the limit, and then the first file is named", () =>
  withFolder((folder) => {
    // Other files of the account do not count.
    Deno.writeTextFileSync(join(folder, "identity.key"), "");
    const paths = Array.from(
      { length: evidenceFilesMax },
      (_, number) => keepEvidence(evidenceAbout(String(number)), folder),
    );
    assertEquals(new Set(paths).size, evidenceFilesMax);
    assertEquals(keepEvidence(evidenceAbout("one past it"), folder), paths.toSorted()[0]);
    assertEquals(keepEvidence(evidenceAbout("7"), folder), paths[7]);
    assertEquals([...Deno.readDirSync(folder)].length, evidenceFilesMax + 1);
  }));
