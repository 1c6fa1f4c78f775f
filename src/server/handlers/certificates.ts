/** CERTIFICATES: returns certificates that signed orders. */
import { encodeBase64Url } from "../../base64.ts";
import { certificatesRequestType } from "../../protocol/certificates.ts";
import { answerWith, refuse } from "../../protocol/request_type.ts";
import { decodeFingerprint } from "../../protocol/shapes.ts";
import { memberRoute } from "../route.ts";
import { pageOf } from "./page.ts";

export const certificatesRoute = memberRoute({
  requestType: certificatesRequestType,
  notation: ({ fingerprints }) => `Certificates#${fingerprints.length}`,
  async handle({ fingerprints }, { session, server: { ledger } }) {
    return await session.read(async () => {
      const certificates: string[] = [];
      for (const fingerprint of fingerprints) {
        const der = await ledger.certificate(decodeFingerprint(fingerprint));
        if (der === undefined) return refuse(400, `there is no certificate ${fingerprint}`);
        certificates.push(encodeBase64Url(der));
      }
      return answerWith({ certificates: pageOf(certificates) });
    });
  },
});
