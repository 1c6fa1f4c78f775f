/**
 * Listens on all addresses, connects over both families, and prints the remote addresses.
 */
import { tcpNetwork } from "../../src/transport/tcp_network.ts";

const listener = tcpNetwork.listen({ host: "::", port: 0 });
const { port } = listener.endpoint;
const from: string[] = [];
for (const host of ["127.0.0.1", "::1"]) {
  try {
    const near = await tcpNetwork.connect({ host, port }, { signal: AbortSignal.timeout(20_000) });
    const far = await listener.accept();
    from.push(far!.remote.host);
    near.close();
    far!.close();
  } catch {
    from.push("nobody");
  }
}
let second = "taken";
try {
  tcpNetwork.listen({ host: "0.0.0.0", port }).close();
  second = "free";
} catch {
  // One port for both families.
}
listener.close();
console.log(JSON.stringify({ from, second }));
