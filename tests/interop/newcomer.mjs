/**
 * Somebody who has the CA's certificate and no account yet: makes a key and registers. Written from docs/protocol.md alone; needs the `openssl`
 * command for the certificate request.
 */
import { execFileSync } from "node:child_process";
import { createPrivateKey, createPublicKey, X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Connection, demand, sha256, verifyChain } from "./wire.mjs";

export class Newcomer {
  constructor({ host, port, caFile, name }) {
    const ca = new X509Certificate(readFileSync(caFile));
    demand(ca.ca && ca.checkIssued(ca) && ca.verify(ca.publicKey), "the CA's certificate");
    Object.assign(this, { host, port, name, ca });
  }

  async toServer(party) {
    const { host, port, ca } = this;
    const connection = await Connection.open({ host, port, ca, role: "server" });
    connection.introduce(party);
    return connection;
  }

  /** Makes an account with a new key. `told` is called with the code and text of the answer. */
  async register(told) {
    const { name, ca } = this;
    const folder = mkdtempSync(join(tmpdir(), "micropay-"));
    try {
      const file = join(folder, "key.pem");
      const openssl = (...args) =>
        execFileSync("openssl", args, { stdio: ["ignore", "pipe", "ignore"] });
      openssl("genpkey", "-algorithm", "ed25519", "-out", file);
      const uri = `micropay:account:${name}`;
      const subject = ["-subj", `/CN=${name}`, "-addext", `subjectAltName=URI:${uri}`];
      const csr = openssl("req", "-new", "-key", file, ...subject, "-outform", "DER");
      const key = createPrivateKey(readFileSync(file));
      const spki = createPublicKey(key).export({ type: "spki", format: "der" });
      const applicant = await this.toServer({
        uri: `micropay:applicant:${sha256(spki)}`,
        key,
        csr,
      });
      const reply = await applicant.ask("register", { name });
      applicant.close();
      told({ code: reply.code, text: reply.text });
      demand(reply.code === 100, reply.text);
      const der = Buffer.from(reply.answer.certificate, "base64url");
      const certificate = verifyChain([der], { ca, role: "member" });
      const isMine = certificate.publicKey.export({ type: "spki", format: "der" }).equals(spki);
      demand(certificate.uri === uri && isMine, "the certificate is another's");
      return { uri, key, x5c: [der] };
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
}
