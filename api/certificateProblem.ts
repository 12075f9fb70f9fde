import { X509Certificate } from 'node:crypto';

const BLOCK = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** Why these PEM certificates are nothing to trust as a CA, in words; undefined: they are. */
export function certificateProblem(pem: string, now = new Date()): string | undefined {
  for (const [index, block] of [...(pem.match(BLOCK) ?? [])].entries()) {
    const which = `certificate ${String(index + 1)}`;
    let certificate: X509Certificate;
    try {
      certificate = new X509Certificate(block);
    } catch {
      return `${which} cannot be read: it is damaged`;
    }
    if (!certificate.ca) return `${which} is no CA: give the one that signs the proxy's`;
    if (new Date(certificate.validTo) < now) {
      return `${which} has expired, on ${certificate.validTo}`;
    }
  }
  return undefined;
}
