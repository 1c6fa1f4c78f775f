/** The `openssl` command. It has to be there: that it reads our files is a requirement, not a convenience. */
export async function openssl(
  ...args: string[]
): Promise<{ success: boolean; text: string }> {
  const { success, stdout, stderr } = await new Deno.Command("openssl", { args }).output();
  const decoder = new TextDecoder();
  return { success, text: decoder.decode(stdout) + decoder.decode(stderr) };
}
