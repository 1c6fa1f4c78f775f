/** Invitations: who holds the token of one may register an account, as often as it says. */
import type { AccountName } from "../account_name.ts";

/** What an operator decides about an invitation. */
export interface NewInvitation {
  /** The SHA-256 of the token, 64 hex digits. The token itself is not stored. */
  readonly tokenDigest: string;
  /** The only name that may register with it. Any name when absent. */
  readonly name?: AccountName | undefined;
  /** The opening balance of its accounts. The server's when absent. */
  readonly balance?: number | undefined;
  /** How many accounts may be registered with it, 1 or more. */
  readonly usesMax: number;
  /** In milliseconds since the epoch. From then on it is refused. */
  readonly expiresAtMs: number;
  readonly createdAtMs: number;
}

export interface Invitation extends NewInvitation {
  /** Its place among the invitations, from 1 on. */
  readonly number: number;
  /** How many accounts were registered with it. */
  readonly uses: number;
  readonly revokedAtMs?: number | undefined;
}

/** The use of an invitation by a registration. */
export interface InvitationUse {
  readonly tokenDigest: string;
  readonly atMs: number;
}

/** Why an invitation admits nobody, or not this name. */
export type InvitationRefusal = "unknown" | "revoked" | "expired" | "used" | "other_name";

/**
 * Judges whether an invitation admits a new account of this name now.
 *
 * @returns `undefined` when it does
 */
export function judgeInvitation(
  invitation: Invitation | undefined,
  { name, atMs }: { readonly name: AccountName; readonly atMs: number },
): InvitationRefusal | undefined {
  if (invitation === undefined) return "unknown";
  if (invitation.revokedAtMs !== undefined) return "revoked";
  if (atMs >= invitation.expiresAtMs) return "expired";
  if (invitation.name !== undefined && invitation.name !== name) return "other_name";
  return invitation.uses >= invitation.usesMax ? "used" : undefined;
}
