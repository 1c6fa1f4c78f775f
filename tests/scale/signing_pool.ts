/** Threads that sign the planned orders of a large ledger, in order and ahead of their use. */
import { encodeHex } from "@std/encoding/hex";
import type { AccountName } from "../../src/account_name.ts";
import type { Plan } from "./planned_entries.ts";

/** The first message to a thread. */
export interface SigningStart {
  readonly plan: Plan;
  readonly anchorPem: string;
  /** The members by place. */
  readonly members: readonly MemberKeys[];
}

/** What a member keeps to act as its account. */
export interface MemberKeys {
  readonly name: AccountName;
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

/** Each further message: rows of the plan. The answer is the bytes of {@link signedBytes} each. */
export interface SigningJob {
  readonly first: number;
  readonly count: number;
}

/** A signature and the digest of the order that it completes. */
export interface SignedParts {
  readonly signature: Uint8Array<ArrayBuffer>;
  /** 64 hex digits. */
  readonly digest: string;
}

/** Bytes of a signature, and of it together with the digest. */
export const [signatureBytes, signedBytes] = [64, 96] as const;

/** Jobs that wait for each thread. More would only take memory. */
const jobsAhead = 3;

/**
 * Signs jobs with several threads and yields what they signed, in the order of the jobs. At most
 * `jobsAhead` jobs for each thread are under way, so the memory is bounded.
 */
export async function* signAhead(
  jobs: Iterable<SigningJob>,
  { start, threads }: { readonly start: SigningStart; readonly threads: number },
): AsyncGenerator<{ readonly job: SigningJob; readonly signed: readonly SignedParts[] }> {
  const workers = Array.from({ length: threads }, () => new SigningThread(start));
  try {
    const underWay: { job: SigningJob; bytes: Promise<Uint8Array<ArrayBuffer>> }[] = [];
    let next = 0;
    for (const job of jobs) {
      underWay.push({ job, bytes: workers[next++ % threads]!.sign(job) });
      if (underWay.length >= threads * jobsAhead) yield await take(underWay);
    }
    while (underWay.length > 0) yield await take(underWay);
  } finally {
    for (const worker of workers) worker.end();
  }
}

async function take(
  underWay: { readonly job: SigningJob; readonly bytes: Promise<Uint8Array<ArrayBuffer>> }[],
) {
  const { job, bytes: promise } = underWay.shift()!;
  const bytes = await promise;
  const signed = Array.from({ length: job.count }, (_, index): SignedParts => {
    const [at, end] = [index * signedBytes, (index + 1) * signedBytes];
    const digestAt = at + signatureBytes;
    return {
      signature: bytes.slice(at, digestAt),
      digest: encodeHex(bytes.subarray(digestAt, end)),
    };
  });
  return { job, signed };
}

/** One thread. It answers jobs in their order. */
class SigningThread {
  readonly #worker = new Worker(import.meta.resolve("./signing_worker.ts"), { type: "module" });
  readonly #asked: PromiseWithResolvers<Uint8Array<ArrayBuffer>>[] = [];

  constructor(start: SigningStart) {
    this.#worker.onmessage = ({ data }) => this.#asked.shift()!.resolve(data);
    this.#worker.onerror = ({ message }) => {
      for (const { reject } of this.#asked) reject(new Error(`sign orders: ${message}`));
    };
    this.#worker.postMessage(start);
  }

  sign(job: SigningJob): Promise<Uint8Array<ArrayBuffer>> {
    const answer = Promise.withResolvers<Uint8Array<ArrayBuffer>>();
    this.#asked.push(answer);
    this.#worker.postMessage(job);
    return answer.promise;
  }

  end(): void {
    this.#worker.terminate();
  }
}
