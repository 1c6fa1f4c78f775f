/**
 * HAProxy with the configuration of `examples/`, in front of servers on loopback.
 */
const example = new URL("../../examples/haproxy.cfg", import.meta.url);

/** Returns the configuration for these ports, with the example's timing unless it is replaced. */
export async function haproxyConfiguration(
  { port, serverPorts }: { readonly port: number; readonly serverPorts: readonly number[] },
): Promise<string> {
  const text = (await Deno.readTextFile(example))
    // Only root may change its user, and the port of the statistics may be taken.
    .replace(/^ {4}(user|group) .*\n/gm, "")
    .replace(/^frontend statistics\n( {4}.*\n)+/m, "");
  const lines = text.split("\n")
    .filter((line) => !/^ {4}server /.test(line))
    .map((line) => line.replace("bind :::8888 v4v6", `bind 127.0.0.1:${port}`));
  const servers = serverPorts.map((serverPort, at) => `    server s${at} 127.0.0.1:${serverPort}`);
  return [...lines, ...servers, ""].join("\n");
}

/** Checks a configuration. Returns the exit code and what HAProxy said. */
export async function checkHaproxy(text: string): Promise<{ code: number; said: string }> {
  const file = await Deno.makeTempFile({ suffix: ".cfg" });
  try {
    await Deno.writeTextFile(file, text);
    const { code, stdout, stderr } = await new Deno.Command("haproxy", {
      args: ["-c", "-f", file],
    }).output();
    const decoder = new TextDecoder();
    return { code, said: decoder.decode(stdout) + decoder.decode(stderr) };
  } finally {
    await Deno.remove(file);
  }
}

export class Haproxy implements AsyncDisposable {
  readonly port: number;
  readonly #file: string;
  readonly #child: Deno.ChildProcess;

  private constructor(parts: { port: number; file: string; child: Deno.ChildProcess }) {
    this.port = parts.port;
    this.#file = parts.file;
    this.#child = parts.child;
  }

  /** Starts HAProxy, and waits until a client gets a server's first bytes through it. */
  static async start(serverPorts: readonly number[]): Promise<Haproxy> {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr;
    listener.close();
    const file = await Deno.makeTempFile({ suffix: ".cfg" });
    await Deno.writeTextFile(file, await haproxyConfiguration({ port, serverPorts }));
    const child = new Deno.Command("haproxy", {
      args: ["-db", "-f", file],
      stdout: "null",
      stderr: "null",
    }).spawn();
    const haproxy = new Haproxy({ port, file, child });
    try {
      await haproxy.#listening();
    } catch (error) {
      await haproxy[Symbol.asyncDispose]();
      throw error;
    }
    return haproxy;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
    await this.#child.status;
    await Deno.remove(this.#file);
  }

  async #listening(): Promise<void> {
    let exited: number | undefined;
    this.#child.status.then(({ code }) => exited = code);
    for (;;) {
      if (exited !== undefined) throw new Error(`haproxy ended with ${exited}`);
      try {
        using connection = await Deno.connect({ hostname: "127.0.0.1", port: this.port });
        if (await connection.read(new Uint8Array(1)) !== null) return;
      } catch {
        // Nothing tells when HAProxy listens, so it is tried again.
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
