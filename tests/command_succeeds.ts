/**
 * Running a program of this machine for what it does, such as mounting a disk.
 *
 * @returns whether it did; also not where there is no such program
 */
export async function succeeds([command, ...args]: readonly string[]): Promise<boolean> {
  try {
    const options = { args, stdout: "null", stderr: "null" } as const;
    return (await new Deno.Command(command!, options).output()).success;
  } catch {
    return false; // no such command
  }
}
