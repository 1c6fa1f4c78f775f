/**
 * Lines that the standard output takes in pieces, or not at all.
 */
import { assertEquals, assertThrows } from "@std/assert";
import { StandardOutput } from "../../src/cli/standard_output.ts";
import { OutputError } from "../../src/errors.ts";

Deno.test("standard output: a line is written whole, however few bytes a write takes", () => {
  const taken: number[] = [];
  const output = new StandardOutput((bytes) => {
    taken.push(bytes[0]!);
    return 1;
  });
  output.print("größer");
  output.print("");
  assertEquals(new TextDecoder().decode(Uint8Array.from(taken)), "größer\n\n");
});

Deno.test("standard output: a line that is not written in full throws, and so does the next one", () => {
  let room = 3;
  const output = new StandardOutput((bytes) => {
    if (room === 0) throw new Error("No space left on device (os error 28)");
    const written = Math.min(room, bytes.length);
    room -= written;
    return written;
  });
  output.print("ab");
  for (const line of ["c", "d"]) {
    assertThrows(
      () => output.print(line),
      OutputError,
      "write to the standard output: No space left on device (os error 28)",
    );
  }
  assertEquals(output.isReaderGone, false);
});

Deno.test("standard output: when its reader is gone, later lines are dropped, and a flag says so", () => {
  let tries = 0;
  const output = new StandardOutput((bytes) => {
    if (++tries === 2) throw new Deno.errors.BrokenPipe("Broken pipe (os error 32)");
    return bytes.length;
  });
  output.print("read");
  assertEquals(output.isReaderGone, false);
  output.print("not read");
  output.print("not read either");
  assertEquals([output.isReaderGone, tries], [true, 2]);
});
