/** The open sessions of each member. One of them may have taken it online. */
import type { AccountName } from "../../account_name.ts";
import { toldConnectionsMax } from "../../limits.ts";
import type { Session } from "./session.ts";

export class MemberSessions {
  readonly #byName = new Map<AccountName, Set<Session>>();

  add(name: AccountName, session: Session): void {
    const sessions = this.#byName.get(name);
    if (sessions) sessions.add(session);
    else this.#byName.set(name, new Set([session]));
  }

  remove(name: AccountName, session: Session): void {
    const sessions = this.#byName.get(name);
    sessions?.delete(session);
    if (sessions?.size === 0) this.#byName.delete(name);
  }

  all(): readonly Session[] {
    return [...this.#byName.values()].flatMap((sessions) => [...sessions]);
  }

  /**
   * Returns the sessions that receive notices of the member's orders: the one that is online, then
   * the newest ones.
   */
  recipientsOf(name: AccountName): readonly Session[] {
    const sessions = this.of(name).toReversed();
    const online = sessions.filter(({ isOnline }) => isOnline);
    const others = sessions.filter(({ isOnline }) => !isOnline);
    return [...online, ...others].slice(0, toldConnectionsMax);
  }

  of(name: AccountName): readonly Session[] {
    return [...this.#byName.get(name) ?? []];
  }
}
