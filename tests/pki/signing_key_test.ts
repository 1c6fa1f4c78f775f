import { testWith } from "../installed_tool.ts";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { encodeHex } from "@std/encoding/hex";
import { CertificateError } from "../../src/errors.ts";
import { derToPem, pemToDer } from "../../src/pki/pem.ts";
import {
  exportPrivateKeyPem,
  exportPublicKey,
  generateSigningKey,
  importPrivateKeyPem,
  importPublicKey,
  publicKeyFingerprint,
} from "../../src/pki/signing_key.ts";

// The curve of RFC 8032 section 5.1, computed here from its definition.
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

/** The point with this y and an even x, if there is one. */
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

/** All eight points whose order divides 8: any point times the prime order of the group is one of them. */
function torsionPoints(): Point[] {
  for (let y = 2n;; y++) {
    const point = pointAt(y);
    if (point === undefined) continue;
    const torsion = multiply(point, groupOrder);
    if (multiply(torsion, 4n)[1] === 1n) continue;
    return Array.from({ length: 8 }, (_, i) => multiply(torsion, BigInt(i)));
  }
}

Deno.test("every spelling of a point of small order is refused as a key", async () => {
  const spellings = torsionPoints().flatMap(([, y]) => [y, y + p])
    .filter((y) => y < 2n ** 255n)
    .flatMap((y) => [encode(y, 0), encode(y, 1)]);
  assertEquals(new Set(spellings.map(encodeHex)).size, 14, "8 canonical, 6 more");
  for (const spelling of spellings) await assertRefused(spelling);
});

Deno.test("an honest key is accepted, and refused with a point of small order added to it", async () => {
  const { publicKey } = await generateSigningKey();
  const honest = (await exportPublicKey(publicKey)).slice(12);
  await importPublicKey(spki(honest));
  const y = honest.toReversed().reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n) & topBitMask;
  const [even] = pointAt(y)!;
  const point: Point = [(honest[31]! & 0x80) !== 0 ? p - even : even, y];
  for (const torsion of torsionPoints().slice(1)) {
    const [x, mixed] = add(point, torsion);
    await assertRefused(encode(mixed, Number(x & 1n)));
  }
});

Deno.test("bytes that spell no point are refused as a key", async () => {
  let refused = 0;
  for (let y = 2n; refused < 20; y++) {
    if (pointAt(y) !== undefined) continue;
    for (const sign of [0, 1]) await assertRefused(encode(y, sign));
    refused++;
  }
});

Deno.test("a y from the prime on is refused as a key", async () => {
  for (let y = p; y < 2n ** 255n; y++) {
    for (const sign of [0, 1]) await assertRefused(encode(y, sign));
  }
});

Deno.test("the danger is real: WebCrypto takes such a key, and one signature fits many texts", async () => {
  const key = await crypto.subtle.importKey("raw", encode(1n, 0), "Ed25519", true, ["verify"]);
  const signature = new Uint8Array(64);
  signature.set(encode(1n, 0));
  for (const text of ["pay bob 1", "pay mallory 1000000"]) {
    assert(await crypto.subtle.verify("Ed25519", key, signature, new TextEncoder().encode(text)));
  }
});

Deno.test("a stored private key signs what its derived public half verifies", async () => {
  const made = await generateSigningKey();
  const read = await importPrivateKeyPem(await exportPrivateKeyPem(made.privateKey));
  assertEquals(
    await publicKeyFingerprint(read.publicKey),
    await publicKeyFingerprint(made.publicKey),
  );
  const text = new TextEncoder().encode("text");
  const signature = await crypto.subtle.sign("Ed25519", read.privateKey, text);
  assert(await crypto.subtle.verify("Ed25519", made.publicKey, signature, text));
  assert(!read.privateKey.extractable, "a key that was read cannot be written again");
});

Deno.test("a public key is read back, and its fingerprint is the hash of its SPKI", async () => {
  const { publicKey } = await generateSigningKey();
  const der = await exportPublicKey(publicKey);
  assertEquals(await exportPublicKey(await importPublicKey(der)), der);
  const hash = encodeHex(await crypto.subtle.digest("SHA-256", der));
  assertEquals(await publicKeyFingerprint(publicKey), hash);
});

Deno.test("RFC 8032's first test key has the public half that the RFC says", async () => {
  const seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
  const { publicKey } = await importPrivateKeyPem(derToPem(pkcs8(seed), "PRIVATE KEY"));
  assertEquals(
    encodeHex((await exportPublicKey(publicKey)).slice(12)),
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
  );
});

Deno.test("a private key of another kind, or with anything more, is refused", async () => {
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
    await assertRejects(() => importPrivateKeyPem(derToPem(der, "PRIVATE KEY")), CertificateError);
  }
  const certificate = derToPem(
    await exportPublicKey((await generateSigningKey()).publicKey),
    "CERTIFICATE",
  );
  await assertRejects(() => importPrivateKeyPem(certificate), CertificateError);
  await assertRejects(() => importPrivateKeyPem("no PEM"), CertificateError);
});

testWith(
  ["openssl"],
  "openssl reads the private key and derives the same public half",
  async () => {
    const { privateKey, publicKey } = await generateSigningKey();
    const pem = await exportPrivateKeyPem(privateKey);
    const path = await Deno.makeTempFile();
    try {
      await Deno.writeTextFile(path, pem);
      const { stdout, success } = await new Deno.Command("openssl", {
        args: ["pkey", "-in", path, "-pubout", "-outform", "DER"],
      }).output();
      assert(success);
      assertEquals(stdout, await exportPublicKey(publicKey));
    } finally {
      await Deno.remove(path);
    }
    assertEquals(pemToDer(pem, "PRIVATE KEY").length, 48);
  },
);

async function assertRefused(point: Uint8Array): Promise<void> {
  await assertRejects(() => importPublicKey(spki(point)), CertificateError, "prime order");
}

function spki(point: Uint8Array): Uint8Array<ArrayBuffer> {
  return Uint8Array.of(0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0, ...point);
}

function pkcs8(seedHex: string): Uint8Array<ArrayBuffer> {
  const hex = `302e020100300506032b657004220420${seedHex}`;
  return Uint8Array.from(hex.match(/../g)!, (pair) => parseInt(pair, 16));
}
