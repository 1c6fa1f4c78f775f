export function encodeBase64Url(data: ArrayBuffer | Uint8Array | string): string;
/** Lenient about padding and stray bits; `src/base64.ts` is the strict one. */
export function decodeBase64Url(text: string): Uint8Array<ArrayBuffer>;
