/** Invitations in memory. */
import type { AccountName } from "../../../src/account_name.ts";
import {
  type Invitation,
  type InvitationRefusal,
  type InvitationUse,
  judgeInvitation,
  type NewInvitation,
} from "../../../src/ledger/invitation.ts";

export class MemoryInvitations {
  readonly #all: Invitation[] = [];

  add(invitation: NewInvitation): Invitation {
    const added = { ...invitation, number: this.#all.length + 1, uses: 0 };
    this.#all.push(added);
    return added;
  }

  find(tokenDigest: string): Invitation | undefined {
    return this.#all.find((one) => one.tokenDigest === tokenDigest);
  }

  page({ after, limit }: { readonly after: number; readonly limit: number }): Invitation[] {
    return this.#all.filter(({ number }) => number > after).slice(0, limit);
  }

  judge({ tokenDigest, atMs }: InvitationUse, name: AccountName): InvitationRefusal | undefined {
    return judgeInvitation(this.find(tokenDigest), { name, atMs });
  }

  use({ tokenDigest }: InvitationUse): void {
    const found = this.find(tokenDigest)!;
    this.#all[found.number - 1] = { ...found, uses: found.uses + 1 };
  }

  revoke(number: number, atMs: number): boolean {
    const found = this.#all[number - 1];
    if (found === undefined) return false;
    this.#all[number - 1] = { ...found, revokedAtMs: found.revokedAtMs ?? atMs };
    return true;
  }
}
