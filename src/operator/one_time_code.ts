/**
 * One-time codes, which the operator gives to members who lost their keys.
 */
import type { Random } from "../random.ts";

/** Crockford's base 32. It has no I, L, O or U, which people confuse with other characters. */
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** 80 bits, because each character has 5. Nobody guesses that at the rate a server answers. */
const characters = 16;

/** @returns a new code, such as `7K2M-9QXD-4T0B-ZH5N` */
export function makeOneTimeCode(random: Random): string {
  const code = Array.from(random.bytes(characters), (byte) => alphabet[byte % 32]).join("");
  return code.match(/.{4}/g)!.join("-");
}
