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
import { connect } from "node:net";

const lineBytesMax = 65_536;
const toleranceSeconds = 7200;

export const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
const json = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const now = () => Math.floor(Date.now() / 1000);

export function demand(holds, what) {
  if (!holds) throw new Error(`refused: ${what}`);
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

// Certificates.

const purposes = { server: "1.3.6.1.5.5.7.3.1", member: "1.3.6.1.5.5.7.3.2" };

/** @returns the leaf's key and the party it is for. `at`: of a receipt, when it was booked; a later start of the certificate is no matter then */
export function verifyChain(chain, { ca, role, at }) {
  demand(chain?.length >= 1 && chain.length <= 2, "no certificate, or too many");
  if (chain.length === 2) demand(chain[1].equals(ca.raw), "another CA");
  const leaf = new X509Certificate(chain[0]);
  const time = at === undefined ? Date.now() : Math.max(at, Date.parse(leaf.validFrom));
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
  return { uri, publicKey: leaf.publicKey, der: leaf.raw };
}

// Session keys.

export function makeSessionKey() {
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

export class Connection {
  #socket;
  #lines;
  #me;
  #greeting;
  #sent = 0;
  #received = 0;
  pushes = [];

  /** Connects and checks the greeting. Nothing is sent. */
  static async open({ host, port, ca, role, sessionKey }) {
    const connection = new Connection();
    connection.#socket = connect({ host, port, noDelay: true });
    connection.#lines = linesOf(connection.#socket);
    connection.#greeting = await connection.#readGreeting(ca, role);
    connection.sessionKey = sessionKey;
    return connection;
  }

  get uri() {
    return this.#greeting.uri;
  }

  /** The accepting side's clock when it greeted, in seconds. */
  get greetedAt() {
    return this.#greeting.iat;
  }

  async #nextLine() {
    const { value, done } = await this.#lines.next();
    demand(!done, "the other side closed");
    return value;
  }

  async #readGreeting(ca, role) {
    try {
      const document = readDocument(await this.#nextLine(), "micropay-greeting");
      const { uri, publicKey } = verifyChain(document.chain, { ca, role });
      verifyDocument(document, publicKey);
      const { v, iss, iat, exp, nonce, enc } = document.payload;
      exactly(document.payload, "v", "iss", "iat", "exp", "nonce", "enc");
      demand(v === 1 && iss === uri && /^[\w-]{22}$/.test(nonce), "a greeting");
      demand(iat <= now() + toleranceSeconds && exp >= now() - toleranceSeconds, "an old greeting");
      return { uri, publicKey, nonce, iat, recipient: recipientOf(enc) };
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** `me`: `{ uri, key, x5c }` of a member, or `{ uri, key, csr }` of an applicant. */
  introduce(me) {
    this.#me = me;
  }

  async ask(type, body) {
    const seq = this.#send(type, body);
    for (;;) {
      const message = await this.#receive();
      if (message.type === "reply") {
        demand(message.body.re === seq, "the reply to another message");
        return message.body;
      }
      this.#takePush(message);
    }
  }

  /** The next push; nothing may be asked meanwhile. */
  async nextPush() {
    const message = await this.#receive();
    demand(message.type !== "reply", "a reply to nothing");
    this.#takePush(message);
    return message;
  }

  #takePush(message) {
    this.pushes.push(message);
    if (message.type !== "ping") return;
    exactly(message.body);
    this.#send("pong", {});
  }

  #send(type, body) {
    const { uri, nonce, recipient } = this.#greeting;
    const { key, x5c, csr } = this.#me;
    const seq = this.#sent++;
    const first = seq === 0;
    const payload = {
      type,
      seq,
      conn: nonce,
      to: uri,
      iat: now(),
      body,
      ...(first && { enc: this.sessionKey.jwk, ...(csr && { csr: csr.toString("base64url") }) }),
    };
    const jws = signDocument("micropay-message", payload, { key, x5c: first ? x5c : undefined });
    this.#socket.write(`${encrypt(jws, recipient)}\n`);
    return seq;
  }

  async #receive() {
    const document = readDocument(
      decrypt(await this.#nextLine(), this.sessionKey),
      "micropay-message",
    );
    demand(document.chain === undefined, "x5c in a later message");
    verifyDocument(document, this.#greeting.publicKey);
    const { type, seq, conn, to, iat, body } = document.payload;
    exactly(document.payload, "type", "seq", "conn", "to", "iat", "body");
    const isNext = seq === this.#received++ && conn === this.#greeting.nonce && to === this.#me.uri;
    demand(isNext, `message ${seq} to ${to}`);
    return { type, iat, body };
  }

  close() {
    this.#socket.destroy();
  }
}
