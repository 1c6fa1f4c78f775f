/**
 * Runs a program of this machine for its effect, such as mounting a disk.
 *
 * @returns whether it succeeded; `false` without such a program
 */
export async function succeeds([command, ...args]: readonly string[]): Promise<boolean> {
  try {
    const options = { args, stdout: "null", stderr: "null" } as const;
    return (await new Deno.Command(command!, options).output()).success;
  } catch {
    return false; // no such command
  }
}
