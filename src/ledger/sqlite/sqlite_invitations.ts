/** Invitations in the database. All methods run inside the open transaction. */
import type { Invitation, NewInvitation } from "../invitation.ts";
import type { InvitationRows } from "../ledger_rows.ts";
import { invitationFromRow, timeText } from "../rows.ts";
import type { Statements } from "./statements.ts";

export class SqliteInvitations implements InvitationRows {
  readonly #sql: Statements;

  constructor(statements: Statements) {
    this.#sql = statements;
  }

  add(invitation: NewInvitation): Invitation {
    const { tokenDigest, name, balance, usesMax, expiresAtMs, createdAtMs } = invitation;
    this.#sql.addInvitation.run(
      tokenDigest,
      name ?? null,
      balance ?? null,
      usesMax,
      timeText(expiresAtMs),
      timeText(createdAtMs),
    );
    return this.find(tokenDigest)!;
  }

  find(tokenDigest: string): Invitation | undefined {
    const row = this.#sql.invitation.get(tokenDigest);
    return row && invitationFromRow(row);
  }

  page({ after, limit }: { readonly after: number; readonly limit: number }): Invitation[] {
    return this.#sql.invitationsAfter.all(after, limit).map(invitationFromRow);
  }

  use(tokenDigest: string): void {
    this.#sql.useInvitation.run(tokenDigest);
  }

  /** Returns whether there is an invitation of this number. One stays revoked as it was first. */
  revoke(number: number, atMs: number): boolean {
    return Number(this.#sql.revokeInvitation.run(timeText(atMs), number).changes) > 0;
  }
}
