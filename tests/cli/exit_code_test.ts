/**
 * The exit codes that scripts rely on.
 */
import { assertEquals } from "@std/assert";
import { exitCodeOfError, exitCodeOfRefusal, exitCodes } from "../../src/cli/exit_code.ts";
import { codes, isCode } from "../../src/protocol/code.ts";

Deno.test("exit codes: 0 ok, 1 error, 2 usage, 4 not trusted, 5 refused, 6 unknown outcome", () => {
  assertEquals(Object.values(exitCodes), [0, 1, 2, 4, 5, 6]);
});

Deno.test("exit codes: each kind of error has its code", () => {
  const { usage, untrusted, not_authenticated, certificate, passphrase, ...rest } = exitCodeOfError;
  assertEquals([usage, untrusted, not_authenticated, certificate, passphrase], [2, 4, 4, 4, 4]);
  const { unknown_outcome, unprinted_payment, ...others } = rest;
  assertEquals([unknown_outcome, unprinted_payment], [6, 6]);
  assertEquals(new Set(Object.values(others)), new Set([1]));
});

Deno.test("exit codes: a refusal is 5, and a refused identity is 4", () => {
  const refusals = Object.keys(codes).map(Number).filter((code) => code >= 200 && code !== 300);
  for (const code of refusals.filter(isCode)) {
    assertEquals(exitCodeOfRefusal(code), code === 220 ? 4 : 5);
  }
});
