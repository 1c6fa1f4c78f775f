/**
 * The socket of a database connection, for the driver. It can be cut at once. It uses the TLS of
 * the runtime, which verifies the server's certificate.
 */
import { Buffer } from "node:buffer";
import { EventEmitter } from "node:events";
import { FileError, systemReason } from "../../errors.ts";
import type { DatabaseHost, DatabaseUrl } from "./database_url.ts";

/** The server of a database has no TLS, or its certificate is not valid for its host. */
export class DatabaseTlsError extends Error {}

/**
 * A connected socket, with the part of `net.Socket` that the driver uses.
 *
 * It never tells the driver of its end, and ignores what is written afterwards. The driver would
 * drop the socket, while a timer of it may still be about to write to it. {@link ended} tells the
 * session instead.
 */
export class DatabaseSocket extends EventEmitter {
  /** Is fulfilled with the reason when the connection is closed, and nothing of it is under way. */
  readonly ended: Promise<string>;
  readonly #connection: Deno.Conn;
  #written: Promise<void> = Promise.resolve();
  #isEnding = false;
  #isClosed = false;

  constructor(connection: Deno.Conn) {
    super();
    this.#connection = connection;
    this.ended = this.#read();
  }

  get readyState(): "open" | "closed" {
    return this.#isEnding ? "closed" : "open";
  }

  /** Always returns true, because the driver sends no more than the server's answers allow. */
  write(chunk: Uint8Array): boolean {
    if (this.#isEnding) return true;
    // A copy, because the driver uses its buffer again.
    const bytes = new Uint8Array(chunk);
    this.#written = this.#written.then(async () => {
      for (let at = 0; at < bytes.length;) at += await this.#connection.write(bytes.subarray(at));
    }).catch(() => this.destroy());
    return true;
  }

  /** Closes the connection when this and everything before it is written. */
  end(chunk: Uint8Array): void {
    this.write(chunk);
    this.#isEnding = true;
    this.#written.then(() => this.destroy());
  }

  /** Closes the connection now. */
  destroy(): void {
    this.#isEnding = true;
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#connection.close();
  }

  async #read(): Promise<string> {
    const bytes = new Uint8Array(64 * 1024);
    let reason = "the server closed the connection";
    try {
      for (;;) {
        const length = await this.#connection.read(bytes);
        if (length === null || this.#isClosed) break;
        this.emit("data", Buffer.from(bytes.slice(0, length)));
      }
    } catch (error) {
      reason = systemReason(error);
    }
    this.destroy();
    await this.#written;
    return reason;
  }
}

/**
 * Connects to a host of a database.
 *
 * @param given.signal gives up, and closes the connection
 * @throws {DatabaseTlsError} when TLS is wanted and the server cannot do it well
 * @throws the runtime's error when the host cannot be reached
 */
export async function connectSocket(
  { isEncrypted, rootCertificateFile }: DatabaseUrl,
  { host, port }: DatabaseHost,
  { signal }: { readonly signal: AbortSignal },
): Promise<DatabaseSocket> {
  const connection = await Deno.connect({ hostname: host, port });
  const close = () => closeQuietly(connection);
  signal.addEventListener("abort", close, { once: true });
  try {
    signal.throwIfAborted();
    connection.setNoDelay(true);
    connection.setKeepAlive(true);
    if (!isEncrypted) return new DatabaseSocket(connection);
    await connection.write(tlsRequest);
    const answer = new Uint8Array(1);
    // One byte and no more, so that nothing that came in clear is read as if it came through TLS.
    if (await connection.read(answer) !== 1 || answer[0] !== accepted) {
      throw new DatabaseTlsError("its server has no TLS; turn it on there");
    }
    const caCerts = rootCertificateFile && [readCertificates(rootCertificateFile)];
    return new DatabaseSocket(
      await startTls(connection, { host, signal, ...(caCerts && { caCerts }) }),
    );
  } catch (error) {
    close();
    throw error;
  } finally {
    signal.removeEventListener("abort", close);
  }
}

/** The message `SSLRequest`: its length, and a code in place of the protocol's version. */
const tlsRequest = Uint8Array.of(0, 0, 0, 8, 4, 210, 22, 47);

/** The answer `S`. */
const accepted = 0x53;

async function startTls(
  connection: Deno.TcpConn,
  { host, signal, ...options }: {
    readonly host: string;
    readonly signal: AbortSignal;
    readonly caCerts?: string[];
  },
): Promise<Deno.TlsConn> {
  let secure: Deno.TlsConn | undefined;
  const close = () => secure && closeQuietly(secure);
  signal.addEventListener("abort", close, { once: true });
  try {
    secure = await Deno.startTls(connection, { hostname: host, ...options });
    signal.throwIfAborted();
    await secure.handshake();
    // The signal may have closed it after the handshake had ended.
    signal.throwIfAborted();
    return secure;
  } catch (cause) {
    close();
    throw new DatabaseTlsError(`its server's certificate is refused: ${systemReason(cause)}`, {
      cause,
    });
  } finally {
    signal.removeEventListener("abort", close);
  }
}

function readCertificates(file: string): string {
  try {
    return Deno.readTextFileSync(file);
  } catch (cause) {
    throw new FileError(`cannot read the CA certificates ${file}: ${systemReason(cause)}`, {
      cause,
    });
  }
}

function closeQuietly(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // TLS has taken it over, or it is closed.
  }
}
