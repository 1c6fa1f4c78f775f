/** TCP by the runtime (`Deno.listen`, `Deno.connect`). */
import { ConnectError, messageOf } from "../errors.ts";
import { endpointText, type Network } from "./byte_stream.ts";
import { listenTcp } from "./tcp_listener.ts";
import { TcpStream } from "./tcp_stream.ts";

export const tcpNetwork: Network = {
  listen: listenTcp,

  async connect({ host, port }, { signal }) {
    const attempt = `connect to ${endpointText({ host, port })}`;
    if (signal.aborted) throw new ConnectError(`${attempt}: given up`, { cause: signal.reason });
    const connecting = Deno.connect({ hostname: host, port, transport: "tcp" });
    let giveUp!: () => void;
    const gaveUp = new Promise<null>((resolve) => {
      giveUp = () => resolve(null);
      signal.addEventListener("abort", giveUp, { once: true });
    });
    try {
      const connection = await Promise.race([connecting, gaveUp]);
      if (connection) return new TcpStream(connection);
    } catch (cause) {
      throw new ConnectError(`${attempt}: ${messageOf(cause)}`, { cause });
    } finally {
      signal.removeEventListener("abort", giveUp);
    }
    // The attempt cannot be cancelled, so a late connection is closed.
    connecting.then((connection) => connection.close(), () => {});
    throw new ConnectError(`${attempt}: no answer in time`, { cause: signal.reason });
  },
};
