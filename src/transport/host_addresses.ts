/** The addresses of a host's name. */
import process from "node:process";

/**
 * Returns the addresses of a name, in the order that its resolver prefers.
 *
 * @returns the name alone when it has no two addresses. The system then connects by the name, and
 * says what is wrong with it
 */
export type ResolveHost = (host: string) => Promise<readonly string[]>;

/** Asks the system's resolver, which knows the files, the DNS and the names of a local network. */
export const resolveHost: ResolveHost = async (host) => {
  // In an executable of Deno 2.4, the module below prints a warning about itself on the terminal.
  Object.assign(process, { noDeprecation: true });
  // Loaded here, because most clients know an address.
  const { lookup } = await import("node:dns/promises");
  try {
    const found = await lookup(host, { all: true, verbatim: true });
    const addresses = [...new Set(found.map(({ address }) => address))];
    return addresses.length > 1 ? addresses : [host];
  } catch {
    return [host];
  }
};
