import { assertEquals } from "@std/assert";
import { isSameCode, oneTimeCodeDigest } from "../../src/protocol/register.ts";

Deno.test("a one-time code matches only its own digest", () => {
  const digest = oneTimeCodeDigest("7K2M-9QXD-4T0B-ZH5N");
  assertEquals(isSameCode(oneTimeCodeDigest("7K2M-9QXD-4T0B-ZH5N"), digest), true);
  for (const other of ["7K2M-9QXD-4T0B-ZH5M", "", "7K2M"]) {
    assertEquals(isSameCode(oneTimeCodeDigest(other), digest), false);
  }
  // A row without a digest matches no code.
  assertEquals(isSameCode(digest, ""), false);
});
