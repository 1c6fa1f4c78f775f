/** The invitations of a batch's rows, as the rules read and write them. */
import { LedgerError } from "../../errors.ts";
import type { Invitation, NewInvitation } from "../invitation.ts";
import type { InvitationRows } from "../ledger_rows.ts";
import type { BatchRows } from "./batch_rows.ts";

/** {@link InvitationRows} over copies. */
export class InvitationCopies implements InvitationRows {
  readonly #rows: BatchRows;

  constructor(rows: BatchRows) {
    this.#rows = rows;
  }

  find(tokenDigest: string): Invitation | undefined {
    return this.#rows.newInvitations.find((one) => one.tokenDigest === tokenDigest) ??
      this.#rows.invitationsByDigest.get(tokenDigest);
  }

  use(tokenDigest: string): void {
    const invitation = this.find(tokenDigest)!;
    this.#replace({ ...invitation, uses: invitation.uses + 1 });
  }

  add(invitation: NewInvitation): Invitation {
    if (this.find(invitation.tokenDigest) !== undefined) {
      throw new LedgerError("cannot add an invitation: another one has its token");
    }
    const { tokenDigest, name, balance, usesMax, expiresAtMs, createdAtMs } = invitation;
    const added: Invitation = {
      number: this.#rows.counts!.invitation + this.#rows.newInvitations.length + 1,
      tokenDigest,
      ...(name !== undefined && { name }),
      ...(balance !== undefined && { balance }),
      ...{ usesMax, uses: 0, expiresAtMs, createdAtMs },
    };
    this.#rows.push(this.#rows.newInvitations, added);
    return added;
  }

  /** Returns whether there is an invitation of this number. One stays revoked as it was first. */
  revoke(number: number, atMs: number): boolean {
    const invitation = [...this.#rows.invitationsByDigest.values()]
      .find((one) => one.number === number);
    if (invitation === undefined) return false;
    if (invitation.revokedAtMs === undefined) this.#replace({ ...invitation, revokedAtMs: atMs });
    return true;
  }

  /** One that this batch added is updated too, after it is inserted. */
  #replace(invitation: Invitation): void {
    const { newInvitations, invitationsByDigest, undo } = this.#rows;
    const at = newInvitations.findIndex(({ number }) => number === invitation.number);
    const before = newInvitations[at];
    if (before !== undefined) {
      newInvitations[at] = invitation;
      undo.add(() => newInvitations[at] = before);
    }
    invitationsByDigest.set(invitation.tokenDigest, invitation);
  }
}
