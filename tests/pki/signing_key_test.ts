import { testWith } from "../installed_tool.ts";
import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { encodeHex } from "@std/encoding/hex";
import { encodeBase64, encodeBase64Url } from "../../src/base64.ts";
import { CertificateError } from "../../src/errors.ts";
import { derToPem, pemToDer } from "../../src/pki/pem.ts";
import { PublicKey, SigningKey } from "../../src/pki/signing_key.ts";

// The curve of RFC 8032 section 5.1, computed from its definition.
const p = 2n ** 255n - 19n;
const power = (base: bigint, exponent: bigint): bigint =>
  exponent === 0n ? 1n : power(base * base % p, exponent >> 1n) * (exponent & 1n ? base : 1n) % p;
const invert = (value: bigint) => power(value, p - 2n);
const mod = (value: bigint) => ((value % p) + p) % p;
const d = mod(-121665n * invert(121666n));
const sqrtMinusOne = power(2n, (p - 1n) / 4n);
const groupOrder = 2n ** 252n + 27742317777372353535851937790883648493n;

const topBitMask = 2n ** 255n - 1n;

type Point = readonly [x: bigint, y: bigint];
const neutral: Point = [0n, 1n];

function add([x1, y1]: Point, [x2, y2]: Point): Point {
  const t = mod(d * x1 * x2 * y1 * y2);
  return [
    mod((x1 * y2 + x2 * y1) * invert(mod(1n + t))),
    mod((y1 * y2 + x1 * x2) * invert(mod(1n - t))),
  ];
}

function multiply(point: Point, times: bigint): Point {
  let sum = neutral;
  let doubled = point;
  for (let rest = times; rest > 0n; rest >>= 1n) {
    if (rest & 1n) sum = add(sum, doubled);
    doubled = add(doubled, doubled);
  }
  return sum;
}

/** Returns the point with this y and an even x, or `undefined`. */
function pointAt(y: bigint): Point | undefined {
  const squared = mod((y * y - 1n) * invert(mod(d * y * y + 1n)));
  let x = power(squared, (p + 3n) / 8n);
  if (mod(x * x - squared) !== 0n) x = x * sqrtMinusOne % p;
  if (mod(x * x - squared) !== 0n) return undefined;
  return [x & 1n ? p - x : x, y];
}

function encode(y: bigint, sign: number): Uint8Array<ArrayBuffer> {
  const bytes = Uint8Array.from({ length: 32 }, (_, i) => Number((y >> BigInt(8 * i)) & 0xffn));
  bytes[31]! |= sign << 7;
  return bytes;
}

/**
 * Returns all eight points whose order divides 8. The group order times any point is one of them.
 */
function torsionPoints(): Point[] {
  for (let y = 2n;; y++) {
    const point = pointAt(y);
    if (point === undefined) continue;
    const torsion = multiply(point, groupOrder);
    if (multiply(torsion, 4n)[1] === 1n) continue;
    return Array.from({ length: 8 }, (_, i) => multiply(torsion, BigInt(i)));
  }
}

Deno.test("every encoding of a small-order point is refused as a key", () => {
  const spellings = torsionPoints().flatMap(([, y]) => [y, y + p])
    .filter((y) => y < 2n ** 255n)
    .flatMap((y) => [encode(y, 0), encode(y, 1)]);
  assertEquals(new Set(spellings.map(encodeHex)).size, 14, "8 canonical, 6 more");
  for (const spelling of spellings) assertRefused(spelling);
});

Deno.test("an honest key is accepted, and refused with a small-order point added", () => {
  const { publicKey } = SigningKey.generate().signingKey;
  const honest = publicKey.info.slice(12);
  PublicKey.read(spki(honest));
  const y = honest.toReversed().reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n) & topBitMask;
  const [even] = pointAt(y)!;
  const point: Point = [(honest[31]! & 0x80) !== 0 ? p - even : even, y];
  for (const torsion of torsionPoints().slice(1)) {
    const [x, mixed] = add(point, torsion);
    assertRefused(encode(mixed, Number(x & 1n)));
  }
});

Deno.test("the public half of every private key is accepted as a key", () => {
  for (let count = 0; count < 20; count++) {
    const { info } = SigningKey.generate().signingKey.publicKey;
    assertEquals(PublicKey.read(info).info, info);
  }
});

Deno.test("a key that was read before is not checked again", () => {
  const { info } = SigningKey.generate().signingKey.publicKey;
  const read = PublicKey.read(info);
  assertStrictEquals(PublicKey.read(info.slice()), read);
});

Deno.test("bytes that encode no point are refused as a key", () => {
  let refused = 0;
  for (let y = 2n; refused < 20; y++) {
    if (pointAt(y) !== undefined) continue;
    for (const sign of [0, 1]) assertRefused(encode(y, sign));
    refused++;
  }
});

Deno.test("a y of the prime or more is refused as a key", () => {
  for (let y = p; y < 2n ** 255n; y++) {
    for (const sign of [0, 1]) assertRefused(encode(y, sign));
  }
});

Deno.test("the attack is real: WebCrypto accepts such a key, and one signature fits many texts", async () => {
  const key = await crypto.subtle.importKey("raw", encode(1n, 0), "Ed25519", true, ["verify"]);
  const signature = new Uint8Array(64);
  signature.set(encode(1n, 0));
  for (const text of ["pay bob 1", "pay mallory 1000000"]) {
    assert(await crypto.subtle.verify("Ed25519", key, signature, new TextEncoder().encode(text)));
  }
});

Deno.test("the public half of a stored key verifies its signatures", () => {
  const { signingKey, pem } = SigningKey.generate();
  const read = SigningKey.read(pem);
  assertEquals(read.publicKey.fingerprint, signingKey.publicKey.fingerprint);
  const text = new TextEncoder().encode("text");
  const signature = read.sign(text);
  assert(signingKey.publicKey.verify(text, signature));
  assertEquals(signature, signingKey.sign(text), "one text has one signature");
});

Deno.test("WebCrypto makes and verifies the same signatures", async () => {
  const { signingKey, pem } = SigningKey.generate();
  const { publicKey } = signingKey;
  const [pkcs8, spki] = [pemToDer(pem, "PRIVATE KEY"), publicKey.info];
  const own = await crypto.subtle.importKey("pkcs8", pkcs8, "Ed25519", false, ["sign"]);
  const theirs = await crypto.subtle.importKey("spki", spki, "Ed25519", false, ["verify"]);
  for (const length of [0, 1, 100, 5000]) {
    const text = crypto.getRandomValues(new Uint8Array(length));
    const signature = new Uint8Array(await crypto.subtle.sign("Ed25519", own, text));
    assertEquals(signingKey.sign(text), signature);
    assert(publicKey.verify(text, signature));
    assert(await crypto.subtle.verify("Ed25519", theirs, signature, text));
  }
});

Deno.test("a signature that is changed, cut, or not reduced is refused", () => {
  const { signingKey } = SigningKey.generate();
  const { publicKey } = signingKey;
  const text = new TextEncoder().encode("text");
  const signature = signingKey.sign(text);
  for (let at = 0; at < signature.length; at++) {
    const changed = signature.slice();
    changed[at]! ^= 1;
    assert(!publicKey.verify(text, changed), `byte ${at}`);
  }
  for (const length of [0, 32, 63]) assert(!publicKey.verify(text, signature.slice(0, length)));
  assert(!publicKey.verify(text, Uint8Array.of(...signature, 0)));
  // The second half is a number below the group order (RFC 8032 section 5.1.7).
  const number = signature.slice(32).toReversed()
    .reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  const larger = Uint8Array.of(...signature.slice(0, 32), ...encode(number + groupOrder, 0));
  assert(!publicKey.verify(text, larger));
});

Deno.test("printing or serializing a value never shows a private key", () => {
  const { signingKey, pem } = SigningKey.generate();
  const secret = pemToDer(pem, "PRIVATE KEY").slice(-32);
  const shown = [
    Deno.inspect(signingKey, { depth: 10, showHidden: true }),
    JSON.stringify(signingKey),
  ];
  for (const spelling of [encodeHex(secret), encodeBase64(secret), encodeBase64Url(secret)]) {
    for (const text of shown) assert(!text.includes(spelling));
  }
  assertEquals(Object.keys(signingKey), ["publicKey"]);
});

Deno.test("a public key is read back, and its fingerprint is the hash of its SPKI", async () => {
  const { publicKey } = SigningKey.generate().signingKey;
  const der = publicKey.info;
  assertEquals(PublicKey.read(der).info, der);
  const hash = encodeHex(await crypto.subtle.digest("SHA-256", der));
  assertEquals(publicKey.fingerprint, hash);
});

Deno.test("RFC 8032's first test key has the RFC's public key", () => {
  const seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
  const { publicKey } = SigningKey.read(derToPem(pkcs8(seed), "PRIVATE KEY"));
  assertEquals(
    encodeHex(publicKey.info.slice(12)),
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
  );
});

Deno.test("a private key of another kind, or with more text, is refused", async () => {
  const { privateKey } = await crypto.subtle.generateKey(
    { name: "ECDSA", namedCurve: "P-256" },
    true,
    ["sign"],
  );
  const ecdsa = new Uint8Array(await crypto.subtle.exportKey("pkcs8", privateKey));
  const good = pkcs8("11".repeat(32));
  const x25519 = good.slice();
  x25519[11] = 0x6e;
  for (const der of [ecdsa, good.slice(0, -1), Uint8Array.of(...good, 0), x25519]) {
    assertThrows(() => SigningKey.read(derToPem(der, "PRIVATE KEY")), CertificateError);
  }
  const certificate = derToPem(SigningKey.generate().signingKey.publicKey.info, "CERTIFICATE");
  assertThrows(() => SigningKey.read(certificate), CertificateError);
  assertThrows(() => SigningKey.read("no PEM"), CertificateError);
});

testWith(
  ["openssl"],
  "openssl reads the private key and derives the same public half",
  async () => {
    const { signingKey: { publicKey }, pem } = SigningKey.generate();
    const path = await Deno.makeTempFile();
    try {
      await Deno.writeTextFile(path, pem);
      const { stdout, success } = await new Deno.Command("openssl", {
        args: ["pkey", "-in", path, "-pubout", "-outform", "DER"],
      }).output();
      assert(success);
      assertEquals(stdout, publicKey.info);
    } finally {
      await Deno.remove(path);
    }
    assertEquals(pemToDer(pem, "PRIVATE KEY").length, 48);
  },
);

function assertRefused(point: Uint8Array): void {
  assertThrows(() => PublicKey.read(spki(point)), CertificateError, "prime order");
}

function spki(point: Uint8Array): Uint8Array<ArrayBuffer> {
  return Uint8Array.of(0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0, ...point);
}

function pkcs8(seedHex: string): Uint8Array<ArrayBuffer> {
  const hex = `302e020100300506032b657004220420${seedHex}`;
  return Uint8Array.from(hex.match(/../g)!, (pair) => parseInt(pair, 16));
}
