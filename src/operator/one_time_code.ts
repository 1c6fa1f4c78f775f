/**
 * What a member who lost a key is given by the operator, to be typed once.
 */
import type { Random } from "../random.ts";

/** Crockford's base 32: no I, L, O or U, which are taken for other characters when they are read aloud or typed. */
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** 16 characters of 5 bits: 80 bits, beyond guessing at any rate that a server answers. */
const characters = 16;

/** For example `7K2M-9QXD-4T0B-ZH5N`. */
export function makeOneTimeCode(random: Random): string {
  const code = Array.from(random.bytes(characters), (byte) => alphabet[byte % 32]).join("");
  return code.match(/.{4}/g)!.join("-");
}
