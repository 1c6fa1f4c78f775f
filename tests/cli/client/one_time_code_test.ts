/**
 * The one-time code of `register`, from a file or from the standard input.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { LineInput } from "../../../src/cli/line_input.ts";
import { type CodeOptions, readOneTimeCode } from "../../../src/cli/client/one_time_code.ts";
import { FileError, UsageError } from "../../../src/errors.ts";
import { inFolder } from "../../pki/temporary_folder.ts";

/** @param typed the text of the standard input */
async function read(options: CodeOptions, typed = "", isTerminal = false) {
  const said: string[] = [];
  const input = new LineInput(ReadableStream.from([new TextEncoder().encode(typed)]));
  const say = (line: string) => said.push(line);
  const code = await readOneTimeCode(options, { input, isTerminal: () => isTerminal, say });
  return { code, said };
}

Deno.test("code: the code is the first line of a file or of the standard input, without blanks around it", async () => {
  await inFolder(async (folder) => {
    const codeFile = `${folder}/code`;
    for (
      const text of ["abcd-0123", "ABCD-0123\n", " abcd-0123 \r\nalice's certificate is revoked\n"]
    ) {
      await Deno.writeTextFile(codeFile, text);
      assertEquals((await read({ codeFile })).code, "ABCD-0123");
      assertEquals(await read({ codeFile: "-" }, text), { code: "ABCD-0123", said: [] });
    }
  });
  assertEquals((await read({ code: "ABCD-0123" })).code, "ABCD-0123");
  assertEquals((await read({})).code, undefined);
});

Deno.test("code: the client asks a person at a terminal for the code", async () => {
  const { said } = await read({ codeFile: "-" }, "ABCD-0123\n", true);
  assertEquals(said, ["One-time code:"]);
});

Deno.test("code: a text that is not a code is refused and not repeated; a missing file is named", async () => {
  await inFolder(async (folder) => {
    const codeFile = `${folder}/code`;
    const missing = await assertRejects(() => read({ codeFile }), FileError);
    assert(missing.message.includes(codeFile));
    await Deno.writeTextFile(codeFile, "hunter_2\nABCD-0123\n");
    const wrong = await assertRejects(() => read({ codeFile }), UsageError);
    assert(wrong.message.includes(codeFile) && !wrong.message.includes("hunter"));
    await assertRejects(() => read({ codeFile: "-" }), UsageError, "from the standard input");
    await assertRejects(() => read({ codeFile, code: "ABCD" }), UsageError, "give one of them");
  });
});
