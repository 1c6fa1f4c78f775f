/**
 * Where a client listens for peers, and what they are told, by what was said on the command line.
 */
import type { OnlineOptions } from "../../client/member.ts";

export interface PeerAddressRequest {
  /** `--port`: 0 for any. */
  readonly port: number;
  /** `--advertise` */
  readonly advertise?: { readonly host: string; readonly port?: number } | undefined;
}

export function onlineOptions(
  { port, advertise }: PeerAddressRequest,
): Pick<OnlineOptions, "listen" | "advertise"> {
  return { listen: { host: "::", port }, advertise };
}
