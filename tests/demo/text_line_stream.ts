/**
 * Bytes in, lines of text out; the last one needs no end.
 */
export class TextLineStream extends TransformStream<Uint8Array, string> {
  constructor() {
    const decoder = new TextDecoder();
    let start = "";
    super({
      transform(chunk, controller) {
        const lines = (start + decoder.decode(chunk, { stream: true })).split("\n");
        start = lines.pop()!;
        for (const line of lines) controller.enqueue(line);
      },
      flush(controller) {
        if (start !== "") controller.enqueue(start);
      },
    });
  }
}
