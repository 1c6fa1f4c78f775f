/**
 * Registers and changes accounts in the database. All methods run inside the open transaction.
 */
import type { AccountChange } from "../account_change.ts";
import { judgeRegistration, objectToChange } from "../account_rules.ts";
import type { Account, ChangeOutcome, RegisterOutcome, Registration } from "../ledger.ts";
import type { SqliteAccounts } from "./sqlite_accounts.ts";
import type { SqliteBook } from "./sqlite_book.ts";
import type { SqliteInvitations } from "./sqlite_invitations.ts";

/** Registers and changes accounts. */
export class SqliteRegistrar {
  readonly #accounts: SqliteAccounts;
  readonly #book: SqliteBook;
  readonly #invitations: SqliteInvitations;

  constructor(
    { accounts, book, invitations }: {
      readonly accounts: SqliteAccounts;
      readonly book: SqliteBook;
      readonly invitations: SqliteInvitations;
    },
  ) {
    this.#accounts = accounts;
    this.#book = book;
    this.#invitations = invitations;
  }

  register(registration: Registration): RegisterOutcome {
    const { name, opening, certificate, invitation } = registration;
    const known = this.#accounts.find(name);
    if (known !== undefined) return this.#registerAgain(known, registration);
    if (this.#accounts.hasLeftTraces(name)) return { outcome: "name_taken" };
    const reason = invitation && this.#invitations.judge(invitation, name);
    if (reason !== undefined) return { outcome: "not_invited", reason };
    const { accountsMax = Infinity } = registration;
    if (this.#accounts.count() >= accountsMax) return { outcome: "too_many_accounts" };
    const entry = opening && this.#book.openingEntry(opening);
    if (opening !== undefined && entry === undefined) return { outcome: "issue_exhausted" };
    this.#accounts.add(name);
    this.#accounts.addCertificate(name, certificate);
    if (entry !== undefined) this.#book.append(entry, opening!);
    if (invitation !== undefined) this.#invitations.use(invitation);
    return { outcome: "registered", account: this.#accounts.requireRegistered(name) };
  }

  change(change: AccountChange): ChangeOutcome {
    const { name } = change;
    const lastStatement = this.#book.lastStatement();
    const objection = objectToChange(this.#accounts.find(name), change, { lastStatement });
    if (objection !== undefined) return { outcome: objection };
    this.#accounts.takeOffline(name);
    return { outcome: "changed", change: this.#book.appendChange(change) };
  }

  #registerAgain(known: Account, registration: Registration): RegisterOutcome {
    const { name, certificate, reissue } = registration;
    const outcome = judgeRegistration(known, registration, {
      lastStatement: this.#book.lastStatement(),
      hadKey: this.#accounts.hasKey(name, certificate.keyFingerprint),
    });
    if (outcome === "name_taken" || outcome === "outdated") return { outcome };
    if (outcome === "reissued") {
      this.#accounts.addCertificate(name, certificate);
      this.#book.appendChange(reissue!.change);
    }
    return { outcome, account: this.#accounts.requireRegistered(name) };
  }
}
