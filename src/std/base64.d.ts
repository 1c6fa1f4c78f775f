export function encodeBase64(data: ArrayBuffer | Uint8Array | string): string;
/** Lenient about stray bits; `src/base64.ts` is the strict one. */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer>;
