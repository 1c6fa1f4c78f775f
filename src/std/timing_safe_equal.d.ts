export function timingSafeEqual(first: Uint8Array, second: Uint8Array): boolean;
