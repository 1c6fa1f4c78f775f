/**
 * A real server in a process of its own, for the benchmark.
 */
import type { Endpoint } from "../../src/transport/byte_stream.ts";

export interface BenchServer {
  readonly endpoint: Endpoint;
  readonly ca: { readonly pem: string; readonly path: string };
  readonly pid: number;
  stop(): Promise<void>;
}

const thisProgram = new URL("../../main.ts", import.meta.url).pathname;

/** @param folder is given certificates and a ledger */
export async function startBenchServer(
  folder: string,
  { program = thisProgram, userLimit = 1000, db = "server.db" }: {
    readonly program?: string;
    readonly userLimit?: number;
    /** The ledger: a file in the folder, or the URL of a database. */
    readonly db?: string;
  } = {},
): Promise<BenchServer> {
  const place = ["--silent", "--host", "127.0.0.1", "--db", db];
  const options = [...place, "--initial-balance", "1000000"];
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--allow-all", program, "server", "0", `${userLimit}`, ...options],
    cwd: folder,
    stdout: "piped",
  }).spawn();
  const port = await readPort(child.stdout);
  const path = `${folder}/certs/CA.pem`;
  return {
    endpoint: { host: "127.0.0.1", port },
    ca: { pem: await Deno.readTextFile(path), path },
    pid: child.pid,
    async stop() {
      child.kill("SIGTERM");
      const { success } = await child.status;
      if (!success) throw new Error("the server did not stop in good order");
    },
  };
}

/**
 * Reads up to the line with the port. Later output is read and dropped, or the server would block.
 */
async function readPort(output: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<number> {
  const reader = output.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`the server did not start:\n${text}`);
    text += value;
    const port = /listening on port (\d+)\n/.exec(text)?.[1];
    if (port === undefined) continue;
    discard(reader);
    return Number(port);
  }
}

async function discard(reader: ReadableStreamDefaultReader<string>): Promise<void> {
  while (!(await reader.read()).done);
}
