/** The `openssl` command. That it reads our files is promised; `testWith` says what becomes of a test where it is not installed. */
export async function openssl(
  ...args: string[]
): Promise<{ success: boolean; text: string }> {
  const { success, stdout, stderr } = await new Deno.Command("openssl", { args }).output();
  const decoder = new TextDecoder();
  return { success, text: decoder.decode(stdout) + decoder.decode(stderr) };
}
