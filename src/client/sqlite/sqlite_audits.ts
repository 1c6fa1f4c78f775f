/**
 * The result of an account's last good audit, in the table `audit`.
 */
import type { AuditedHead, Audits, LastAudit } from "../wallet/wallet_store.ts";
import { AccountPart, textIn, type WalletStatements } from "./wallet_statements.ts";

export class SqliteAudits extends AccountPart implements Audits {
  last(): Promise<LastAudit | undefined> {
    return this.store.read((sql) => this.#last(sql), undefined);
  }

  async keep(head: AuditedHead, receipts: readonly string[]): Promise<void> {
    const isNews = await this.store.read((sql) => isLonger(head, this.#last(sql)), true);
    // Most audits find nothing new. They make no commit.
    if (!isNews && receipts.length === 0) return;
    await this.store.write((sql) => {
      for (const id of receipts) sql.markAudited.run(...this.owner, id);
      const last = this.#last(sql);
      if (isLonger(head, last)) this.#set(sql, { ...head, acceptedAt: last?.acceptedAt });
    });
  }

  async accept(
    head: AuditedHead,
    { acceptedAt, givenUp }: { readonly acceptedAt: number; readonly givenUp: readonly string[] },
  ): Promise<void> {
    await this.store.write((sql) => {
      sql.unmarkAudited.run(...this.owner);
      for (const id of givenUp) sql.giveUpReceipt.run(...this.owner, id);
      this.#set(sql, { ...head, acceptedAt });
    });
  }

  #set(
    sql: WalletStatements,
    { entry, head, checkpoint, certificate, acceptedAt }: LastAudit,
  ): void {
    sql.setAudit.run(...this.owner, entry, head, checkpoint, certificate, acceptedAt ?? null);
  }

  #last(sql: WalletStatements): LastAudit | undefined {
    const row = sql.audit.get(...this.owner);
    return row && {
      entry: row.entry as number,
      head: textIn(row, "head", this.store),
      checkpoint: textIn(row, "checkpoint", this.store),
      certificate: textIn(row, "certificate", this.store),
      ...(row.accepted_at !== null && { acceptedAt: row.accepted_at as number }),
    };
  }
}

function isLonger(head: AuditedHead, last: AuditedHead | undefined): boolean {
  return !last || last.entry < head.entry;
}
