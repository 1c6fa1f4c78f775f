/** A short round of `deno task server-kills`. */
import { assert } from "@std/assert";
import { testWith } from "../installed_tool.ts";
import { serverKills } from "./server_kills.ts";

testWith(
  ["initdb"],
  "several servers: while one is killed and the database crashes, every acknowledged payment is booked once and no doubt stays",
  async () => {
    const { payments } = await serverKills({
      servers: 2,
      members: 4,
      faults: ["server", "crash"],
      everyMs: 300,
      awayMs: 0,
      pauseMsMax: 0,
    });
    assert(payments > 0);
  },
);
