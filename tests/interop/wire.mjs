/**
 * micropay's wire protocol with nothing but Node's own crypto, written from docs/protocol.md. Lines, documents, messages.
 */
import {
  constants,
  createCipheriv,
  createDecipheriv,
  createHash,
  createPublicKey,
  generateKeyPairSync,
  privateDecrypt,
  publicEncrypt,
  randomBytes,
  sign,
  verify,
  X509Certificate,
} from "node:crypto";
import { once } from "node:events";
import { connect, createServer } from "node:net";

const lineBytesMax = 65_536;
const toleranceSeconds = 7200;

export const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
const json = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const now = () => Math.floor(Date.now() / 1000);

export function demand(holds, what) {
  if (!holds) throw new Error(`refused: ${what}`);
}

/** A promise with the functions that settle it. */
export function deferred() {
  let settle;
  const promise = new Promise((resolve, reject) => settle = { resolve, reject });
  return { promise, ...settle };
}

/** The bytes of strict base64url: one spelling each. */
function bytesOf(text) {
  const bytes = Buffer.from(text, "base64url");
  demand(bytes.toString("base64url") === text, "base64url that is not strict");
  return bytes;
}

function objectOf(bytes) {
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  const value = JSON.parse(text);
  demand(typeof value === "object" && value !== null && !Array.isArray(value), "no JSON object");
  // A string before a colon is a member's name; JSON.parse drops all but the last of one name.
  const strings = [...text.matchAll(/"(?:[^"\\]|\\.)*"\s*(:?)/g)];
  demand(strings.filter(([, colon]) => colon).length === membersIn(value), "a member twice");
  const numbers = text.replace(/"(?:[^"\\]|\\.)*"/g, "").match(/-?\d[^\s,\]}]*/g) ?? [];
  demand(numbers.every((number) => /^(?:0|-?[1-9]\d*)$/.test(number)), "no integer in digits");
  return value;
}

/** How many members an object has, with those of all that is in it. */
function membersIn(value) {
  if (typeof value !== "object" || value === null) return 0;
  const inside = Object.values(value).reduce((sum, one) => sum + membersIn(one), 0);
  return Array.isArray(value) ? inside : inside + Object.keys(value).length;
}

function exactly(object, ...members) {
  const names = Object.keys(object).sort().join();
  demand(names === [...members].sort().join(), `members ${names} instead of ${members}`);
}

// Documents: compact JWS with EdDSA.

export function signDocument(typ, payload, { key, x5c }) {
  const header = {
    alg: "EdDSA",
    typ,
    ...(x5c && { x5c: x5c.map((der) => der.toString("base64")) }),
  };
  const input = `${json(header)}.${json(payload)}`;
  return `${input}.${sign(null, Buffer.from(input), key).toString("base64url")}`;
}

/** Form and header only; `verifyDocument` comes after the key is known. */
export function readDocument(jws, typ) {
  const parts = jws.split(".");
  demand(parts.length === 3 && jws.length <= lineBytesMax, "no compact JWS");
  const [header, payload, signature] = parts.map(bytesOf);
  const { alg, typ: found, x5c, ...others } = objectOf(header);
  exactly(others);
  demand(alg === "EdDSA" && found === typ && signature.length === 64, `no ${typ}`);
  const chain = x5c?.map((text) => {
    const der = Buffer.from(text, "base64");
    demand(der.toString("base64") === text && der.length <= 4096, "x5c that is not strict");
    return der;
  });
  return { jws, input: `${parts[0]}.${parts[1]}`, signature, payload: objectOf(payload), chain };
}

export function verifyDocument({ input, signature }, publicKey) {
  demand(verify(null, Buffer.from(input), publicKey, signature), "a signature");
}

/** Verifies a document without `x5c` of which only the signature was sent. */
export function verifyDetached(typ, payload, { signature, key }) {
  const input = `${json({ alg: "EdDSA", typ })}.${json(payload)}`;
  demand(verify(null, Buffer.from(input), key, bytesOf(signature)), "a signature");
}

// Certificates.

const purposes = { server: "1.3.6.1.5.5.7.3.1", member: "1.3.6.1.5.5.7.3.2" };

/**
 * Returns the leaf's key, its DER, its dates in milliseconds, and the URI of its party.
 *
 * @throws when the chain is not good for this role at this time, in milliseconds
 */
export function verifyChain(chain, { ca, role, time = Date.now() }) {
  demand(chain?.length >= 1 && chain.length <= 2, "no certificate, or too many");
  if (chain.length === 2) demand(chain[1].equals(ca.raw), "another CA");
  const leaf = new X509Certificate(chain[0]);
  for (const { validFrom, validTo } of [leaf, ca]) {
    demand(Date.parse(validFrom) <= time && time <= Date.parse(validTo), "dates");
  }
  demand(leaf.checkIssued(ca) && leaf.verify(ca.publicKey), "not issued by the CA");
  demand(!leaf.ca && leaf.publicKey.asymmetricKeyType === "ed25519", "a CA, or another key");
  demand(leaf.keyUsage?.join() === purposes[role], `not for a ${role}`);
  const uris = leaf.subjectAltName.split(", ").filter((name) => name.startsWith("URI:"));
  demand(uris.length === 1, "not one URI");
  const uri = uris[0].slice(4);
  demand(
    role === "server"
      ? uri === "micropay:server"
      : /^micropay:account:[a-z0-9][a-z0-9._-]{0,31}$/.test(uri),
    uri,
  );
  const [from, to] = [Date.parse(leaf.validFrom), Date.parse(leaf.validTo)];
  return { uri, publicKey: leaf.publicKey, der: leaf.raw, from, to };
}

// Session keys.

function makeSessionKey() {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const { n } = publicKey.export({ format: "jwk" });
  return {
    privateKey,
    jwk: { kty: "RSA", alg: "RSA-OAEP-256", use: "enc", n, e: "AQAB" },
    kid: thumbprint(n),
  };
}

function thumbprint(n) {
  const members = JSON.stringify({ e: "AQAB", kty: "RSA", n });
  return createHash("sha256").update(members).digest("base64url");
}

function recipientOf(jwk) {
  exactly(jwk, "kty", "alg", "use", "n", "e");
  const modulus = bytesOf(jwk.n);
  const isGood = jwk.kty === "RSA" && jwk.alg === "RSA-OAEP-256" && jwk.use === "enc" &&
    jwk.e === "AQAB" &&
    [256, 384, 512].includes(modulus.length) && modulus[0] >= 0x80 && modulus.at(-1) % 2 === 1;
  demand(isGood, "a session key");
  return {
    key: createPublicKey({ key: { kty: "RSA", n: jwk.n, e: jwk.e }, format: "jwk" }),
    kid: thumbprint(jwk.n),
  };
}

// Messages: compact JWE with RSA-OAEP-256 and A256GCM.

const oaep = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256" };

function encrypt(plaintext, { key, kid }) {
  const header = json({ alg: "RSA-OAEP-256", enc: "A256GCM", cty: "JOSE", kid });
  const contentKey = randomBytes(32);
  const iv = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", contentKey, iv).setAAD(Buffer.from(header));
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  const wrapped = publicEncrypt({ key, ...oaep }, contentKey);
  const parts = [wrapped, iv, ciphertext, cipher.getAuthTag()].map((part) =>
    part.toString("base64url")
  );
  return [header, ...parts].join(".");
}

function decrypt(line, { privateKey, kid }) {
  demand(/^[\w-]{1,512}\.[\w-]{342}\.[\w-]{16}\.[\w-]+\.[\w-]{22}$/.test(line), "no compact JWE");
  const [head] = line.split(".");
  const [header, wrapped, iv, ciphertext, tag] = line.split(".").map(bytesOf);
  const found = objectOf(header);
  exactly(found, "alg", "enc", "cty", "kid");
  demand(
    found.alg === "RSA-OAEP-256" && found.enc === "A256GCM" && found.cty === "JOSE" &&
      found.kid === kid,
    "a header",
  );
  const contentKey = privateDecrypt({ key: privateKey, ...oaep }, wrapped);
  const decipher = createDecipheriv("aes-256-gcm", contentKey, iv).setAAD(Buffer.from(head))
    .setAuthTag(tag);
  return Buffer.concat([decipher.update(ciphertext), decipher.final()]).toString("latin1");
}

// Connections.

/** Lines of a socket, one at a time. */
async function* linesOf(socket) {
  let text = "";
  for await (const chunk of socket) {
    text += chunk.toString("latin1");
    const lines = text.split("\n");
    text = lines.pop();
    for (const line of lines) {
      demand(line.length <= lineBytesMax && /^[\x21-\x7e]*$/.test(line), "no line");
      yield line;
    }
    demand(text.length <= lineBytesMax, "a line without end");
  }
}

/** One side of a connection: it seals what it sends, and checks what comes. */
class Channel {
  /** What this side sent and received so far. */
  #sent = 0;
  #received = 0;
  /** The other side: its URI, its public key, its certificate, and its session key. */
  other;
  nonce;

  constructor(socket, sessionKey) {
    this.socket = socket;
    this.sessionKey = sessionKey;
    this.lines = linesOf(socket);
    // The reader of the lines reports an error of the socket.
    socket.on("error", () => {});
  }

  async nextLine() {
    const { value, done } = await this.lines.next();
    demand(!done, "the other side closed");
    return value;
  }

  send({ key, x5c }, type, body, introduction = {}) {
    const seq = this.#sent++;
    const { uri: to, recipient } = this.other;
    const payload = { type, seq, conn: this.nonce, to, iat: now(), body, ...introduction };
    const jws = signDocument("micropay-message", payload, { key, x5c });
    this.socket.write(`${encrypt(jws, recipient)}\n`);
    return seq;
  }

  async readMessage() {
    return readDocument(decrypt(await this.nextLine(), this.sessionKey), "micropay-message");
  }

  /** Checks the signature and the members; `introduction` names those of a first message. */
  accept(document, uri, ...introduction) {
    verifyDocument(document, this.other.publicKey);
    const { type, seq, conn, to, iat, body } = document.payload;
    exactly(document.payload, "type", "seq", "conn", "to", "iat", "body", ...introduction);
    const isNext = seq === this.#received++ && conn === this.nonce && to === uri;
    demand(isNext && /^[a-z][a-z_]{0,31}$/.test(type), `message ${seq} to ${to}`);
    return { type, seq, iat, body };
  }

  close() {
    this.socket.destroy();
  }
}

/** The connecting side. */
export class Connection extends Channel {
  #me;
  #clock;
  #hasSent = false;
  /** Who waits for which reply, by the number of the request. */
  #asked = new Map();
  #nextPush = deferred();
  #ended;
  pushes = [];
  /** Called with each push. */
  onPush = () => {};

  /** Connects and checks the greeting. Nothing is sent. */
  static async open({ host, port, ca, role }) {
    const connection = new Connection(
      connect({ host, port, noDelay: true }),
      // Nothing that was sealed for an earlier connection can be opened with it.
      makeSessionKey(),
    );
    await connection.#readGreeting(ca, role);
    return connection;
  }

  get uri() {
    return this.other.uri;
  }

  /** The time by the other side's clock, in milliseconds. */
  get time() {
    return this.#clock.told + performance.now() - this.#clock.at;
  }

  #setClock(iat) {
    this.#clock = { told: iat * 1000, at: performance.now() };
  }

  async #readGreeting(ca, role) {
    try {
      const document = readDocument(await this.nextLine(), "micropay-greeting");
      const { uri, publicKey, der } = verifyChain(document.chain, { ca, role });
      verifyDocument(document, publicKey);
      const { v, iss, iat, exp, nonce, enc } = document.payload;
      const { seen } = document.payload;
      demand(seen === undefined || role === "member", "what a server saw");
      exactly(
        document.payload,
        "v",
        "iss",
        "iat",
        "exp",
        "nonce",
        "enc",
        ...(seen ? ["seen"] : []),
      );
      this.seen = seen;
      demand(v === 1 && iss === uri && /^[\w-]{22}$/.test(nonce), "a greeting");
      demand(iat <= now() + toleranceSeconds && exp >= now() - toleranceSeconds, "an old greeting");
      this.other = { uri, publicKey, der, recipient: recipientOf(enc) };
      this.nonce = nonce;
      this.#setClock(iat);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** `me`: `{ uri, key, x5c }` of a member, or `{ uri, key, csr }` of an applicant. */
  introduce(me) {
    this.#me = me;
    this.#read().catch((error) => this.#end(error));
  }

  /** Sends a request. The reply comes later: others may be sent before it. */
  ask(type, body) {
    if (this.#ended) return Promise.reject(this.#ended);
    const { promise, ...reply } = deferred();
    this.#asked.set(this.#send(type, body), reply);
    return promise;
  }

  /** The next push. */
  nextPush() {
    return this.#nextPush.promise;
  }

  #send(type, body) {
    const { key, x5c, csr } = this.#me;
    if (this.#hasSent) return this.send({ key }, type, body);
    this.#hasSent = true;
    const enc = this.sessionKey.jwk;
    const introduction = { enc, ...(csr && { csr: csr.toString("base64url") }) };
    return this.send({ key, x5c }, type, body, introduction);
  }

  async #read() {
    for (;;) {
      const document = await this.readMessage();
      demand(document.chain === undefined, "x5c in a later message");
      const { type, iat, body } = this.accept(document, this.#me.uri);
      this.#setClock(iat);
      if (type === "reply") this.#takeReply(body);
      else this.#takePush({ type, iat, body });
    }
  }

  #takeReply(body) {
    const { re, code, text, answer } = body;
    exactly(body, "re", "code", "text", ...(answer ? ["answer"] : []));
    demand(Number.isSafeInteger(re) && Number.isSafeInteger(code), "a reply");
    demand(typeof text === "string" && text.length <= 1000, "a reply");
    this.#asked.get(re)?.resolve(body);
    this.#asked.delete(re);
  }

  #takePush(push) {
    if (push.type === "ping") {
      exactly(push.body);
      this.#send("pong", {});
    }
    if (push.type === "waiting") exactly(push.body, "place");
    this.pushes.push(push);
    this.onPush(push);
    this.#nextPush.resolve(push);
    this.#nextPush = deferred();
  }

  #end(error) {
    this.close();
    this.#ended = error;
    for (const reply of this.#asked.values()) reply.reject(error);
    this.#nextPush.promise.catch(() => {});
    this.#nextPush.reject(error);
  }
}

/** The accepting side: a payee with one of its payers. */
class Peer extends Channel {
  constructor(socket, { me, sessionKey }) {
    super(socket, sessionKey);
    this.me = me;
    this.nonce = randomBytes(16).toString("base64url");
  }

  greet(seen) {
    const { uri: iss, x5c } = this.me;
    const iat = now();
    const greeting = { v: 1, iss, iat, exp: iat + 3600, nonce: this.nonce };
    const enc = this.sessionKey.jwk;
    const shown = { ...greeting, enc, ...(seen && { seen }) };
    const jws = signDocument("micropay-greeting", shown, { key: this.me.key, x5c });
    this.socket.write(`${jws}\n`);
  }

  /** The requests of the payer; it has to be a member. */
  async *requests(ca) {
    const first = await this.readMessage();
    const { uri, publicKey, der } = verifyChain(first.chain, { ca, role: "member" });
    this.other = { uri, publicKey, der, recipient: recipientOf(first.payload.enc) };
    yield this.accept(first, this.me.uri, "enc");
    for (;;) {
      const later = await this.readMessage();
      demand(later.chain === undefined, "x5c in a later message");
      yield this.accept(later, this.me.uri);
    }
  }

  get uri() {
    return this.other.uri;
  }

  refuse(re, code, text) {
    this.send({ key: this.me.key }, "reply", { re, code, text });
  }
}

/**
 * Listens for payers; `take` is called with each request and the peer that it came from. `seen` returns what to show them of the ledger.
 */
export async function listen({ me, ca, take, seen }) {
  const peers = new Set();
  // One for all of them: the nonce is fresh for each.
  const sessionKey = makeSessionKey();
  let count = 0;
  const listener = createServer({ noDelay: true }, async (socket) => {
    const peer = new Peer(socket, { me, sessionKey });
    peers.add(peer);
    count++;
    try {
      peer.greet(seen());
      for await (const request of peer.requests(ca)) take(request, peer);
    } catch {
      // Every failure looks the same from outside.
    } finally {
      peers.delete(peer);
      peer.close();
    }
  });
  await once(listener.listen(0, "127.0.0.1"), "listening");
  const close = () => {
    listener.close();
    for (const peer of peers) peer.close();
  };
  return { port: listener.address().port, peerCount: () => count, close };
}
