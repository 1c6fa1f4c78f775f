/**
 * Sends a receiver of the vector scene a line that it must refuse, and reports what the sender
 * sees.
 */
import type { ByteStream } from "../../src/transport/byte_stream.ts";
import { LineReader } from "../../src/transport/line_reader.ts";
import { readDocument } from "../../src/pki/signed_document.ts";
import { aliceLine, type Place } from "../envelope/hostile_message.ts";
import { waitUntil } from "../server/wait_until.ts";
import { bytesOf, drain } from "./scene.ts";
import type { Receiver, VectorScene } from "./vector_scene.ts";

/** Where a forged line stands: first of its connection, or after a good one that was answered. */
export type Position = "first" | "later";

export interface Attack {
  readonly receiver: Receiver;
  readonly position: Position;
  /** What is sent, for the place where a good line would be taken. */
  readonly make: (place: Place) => Promise<string | Uint8Array<ArrayBuffer>> | string;
  /** From where; an address of its own when absent. */
  readonly from?: string;
}

/** What came of it. */
export interface Seen {
  /** What was written to the sender and when it was closed, in order. */
  readonly told: readonly string[];
  /** Bytes that came after the last good answer. */
  readonly answered: number;
  /** What the server reported of the connection. */
  readonly events: readonly string[];
}

/** Sends what is forged, and right behind it a good line, and reads to the end. */
export async function attack(scene: VectorScene, options: Attack): Promise<Seen> {
  const { receiver, position, make, from } = options;
  const stream = await scene.dial(receiver, from);
  const reader = new LineReader(stream, { clock: scene.clock });
  const place = { conn: await nonceOf(reader), to: scene.uriOf(receiver) };
  const seq = position === "first" ? 0 : 1;
  if (position === "later") {
    await stream.write(bytesOf(`${await aliceLine({ ...place, seq: 0 })}\n`));
    await reader.next();
  }
  const forged = await make({ ...place, seq });
  const good = bytesOf(`${await aliceLine({ ...place, seq })}\n`);
  const bytes = typeof forged === "string" ? bytesOf(`${forged}\n`) : forged;
  // It may be closed before the end of them has come.
  await stream.write(bytes).then(() => stream.write(good)).catch(() => {});
  const answered = await drain(stream);
  await waitUntil(
    () => scene.wire.toldTo(stream).includes("closed"),
    "the connection to be closed",
  );
  return {
    told: scene.wire.toldTo(stream),
    answered,
    events: await eventsOf(scene, options, stream),
  };
}

async function eventsOf(scene: VectorScene, { receiver }: Attack, stream: ByteStream) {
  if (receiver === "payee") return [];
  await waitUntil(
    () => scene.eventsOf(stream).includes("disconnected"),
    "the connection to be over",
  );
  return scene.eventsOf(stream);
}

async function nonceOf(reader: LineReader): Promise<string> {
  const event = await reader.next();
  if (event.kind !== "line") throw new Error("there was no greeting");
  const document = readDocument(event.line, { typ: "micropay-greeting", chain: "required" });
  return document.payload.nonce as string;
}
