/**
 * The result of an account's last good audit, in the table `audit`.
 */
import type { AuditedHead, Audits } from "../wallet/wallet_store.ts";
import { AccountPart, textIn, type WalletStatements } from "./wallet_statements.ts";

export class SqliteAudits extends AccountPart implements Audits {
  last(): Promise<AuditedHead | undefined> {
    return this.store.read((sql) => this.#last(sql), undefined);
  }

  async keep(
    { entry, head, checkpoint, certificate }: AuditedHead,
    receipts: readonly string[],
  ): Promise<void> {
    const isLonger = await this.store.read((sql) => this.#isLonger(sql, entry), true);
    // Most audits find nothing new. They make no commit.
    if (!isLonger && receipts.length === 0) return;
    await this.store.write((sql) => {
      for (const id of receipts) sql.markAudited.run(...this.owner, id);
      if (!this.#isLonger(sql, entry)) return;
      sql.setAudit.run(...this.owner, entry, head, checkpoint, certificate);
    });
  }

  async accept(
    { entry, head, checkpoint, certificate }: AuditedHead,
    givenUp: readonly string[],
  ): Promise<void> {
    await this.store.write((sql) => {
      for (const id of givenUp) sql.giveUpReceipt.run(...this.owner, id);
      sql.setAudit.run(...this.owner, entry, head, checkpoint, certificate);
    });
  }

  #isLonger(sql: WalletStatements, entry: number): boolean {
    const there = this.#last(sql);
    return !there || there.entry < entry;
  }

  #last(sql: WalletStatements): AuditedHead | undefined {
    const row = sql.audit.get(...this.owner);
    return row && {
      entry: row.entry as number,
      head: textIn(row, "head", this.store),
      checkpoint: textIn(row, "checkpoint", this.store),
      certificate: textIn(row, "certificate", this.store),
    };
  }
}
