/** Invitations in the database. All methods run inside the open transaction. */
import type { AccountName } from "../../account_name.ts";
import {
  type Invitation,
  type InvitationRefusal,
  type InvitationUse,
  judgeInvitation,
  type NewInvitation,
} from "../invitation.ts";
import { integerIn, type Row, textIn, timeIn, timeText } from "./rows.ts";
import type { Statements } from "./statements.ts";

export class SqliteInvitations {
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

  /** Returns why a new account of this name is not admitted. */
  judge({ tokenDigest, atMs }: InvitationUse, name: AccountName): InvitationRefusal | undefined {
    return judgeInvitation(this.find(tokenDigest), { name, atMs });
  }

  use({ tokenDigest }: InvitationUse): void {
    this.#sql.useInvitation.run(tokenDigest);
  }

  /** Returns whether there is an invitation of this number. One stays revoked as it was first. */
  revoke(number: number, atMs: number): boolean {
    return Number(this.#sql.revokeInvitation.run(timeText(atMs), number).changes) > 0;
  }
}

function invitationFromRow(row: Row): Invitation {
  const optional = <T>(column: string, read: (row: Row, column: string) => T) =>
    row[column] === null ? undefined : read(row, column);
  const name = optional("username", textIn) as AccountName | undefined;
  const balance = optional("balance", integerIn);
  const revokedAtMs = optional("revoked_at", timeIn);
  return {
    number: integerIn(row, "number"),
    tokenDigest: textIn(row, "token_digest"),
    ...(name !== undefined && { name }),
    ...(balance !== undefined && { balance }),
    usesMax: integerIn(row, "uses_max"),
    uses: integerIn(row, "uses"),
    expiresAtMs: timeIn(row, "expires_at"),
    createdAtMs: timeIn(row, "created_at"),
    ...(revokedAtMs !== undefined && { revokedAtMs }),
  };
}
