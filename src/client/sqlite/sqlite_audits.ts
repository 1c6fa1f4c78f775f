/**
 * The result of an account's last good audit, in the table `audit`.
 */
import type { AuditedHead, Audits } from "../wallet/wallet_store.ts";
import { AccountPart, textIn, type WalletStatements } from "./wallet_statements.ts";

export class SqliteAudits extends AccountPart implements Audits {
  last(): Promise<AuditedHead | undefined> {
    return this.store.read((sql) => this.#last(sql), undefined);
  }

  async keep({ entry, head, checkpoint }: AuditedHead): Promise<void> {
    await this.store.write((sql) => {
      const there = this.#last(sql);
      if (there && there.entry >= entry) return;
      sql.setAudit.run(...this.owner, entry, head, checkpoint);
    });
  }

  #last(sql: WalletStatements): AuditedHead | undefined {
    const row = sql.audit.get(...this.owner);
    return row && {
      entry: row.entry as number,
      head: textIn(row, "head", this.store),
      checkpoint: textIn(row, "checkpoint", this.store),
    };
  }
}
