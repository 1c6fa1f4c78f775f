/** Decides who is registered and how accounts change, over the rows of an open transaction. */
import type { AccountChange } from "./account_change.ts";
import { judgeRegistration, objectToChange } from "./account_rules.ts";
import type { Book } from "./book.ts";
import { judgeInvitation } from "./invitation.ts";
import type {
  Account,
  ChangeOutcome,
  RegisteredAccount,
  RegisterOutcome,
  Registration,
} from "./ledger.ts";
import type { AccountRows, InvitationRows } from "./ledger_rows.ts";

export class Registrar {
  readonly #book: Book;
  readonly #accounts: AccountRows;
  readonly #invitations: InvitationRows;

  constructor(
    book: Book,
    rows: { readonly accounts: AccountRows; readonly invitations: InvitationRows },
  ) {
    this.#book = book;
    this.#accounts = rows.accounts;
    this.#invitations = rows.invitations;
  }

  register(registration: Registration): RegisterOutcome {
    const { name, opening, certificate, invitation } = registration;
    const known = this.#accounts.find(name);
    if (known !== undefined) return this.#registerAgain(known, registration);
    if (this.#accounts.hasLeftTraces(name)) return { outcome: "name_taken" };
    const reason = invitation &&
      judgeInvitation(this.#invitations.find(invitation.tokenDigest), {
        name,
        atMs: invitation.atMs,
      });
    if (reason !== undefined) return { outcome: "not_invited", reason };
    const { accountsMax = Infinity } = registration;
    if (this.#accounts.count() >= accountsMax) return { outcome: "too_many_accounts" };
    const entry = opening && this.#book.openingEntry(opening);
    if (opening !== undefined && entry === undefined) return { outcome: "issue_exhausted" };
    this.#accounts.add(name);
    this.#accounts.addCertificate(name, certificate);
    if (entry !== undefined) this.#book.append(entry, opening!);
    if (invitation !== undefined) this.#invitations.use(invitation.tokenDigest);
    return { outcome: "registered", account: this.#registered(registration) };
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
    return { outcome, account: this.#registered(registration) };
  }

  #registered({ name }: Registration): RegisteredAccount {
    return this.#accounts.find(name) as RegisteredAccount;
  }
}
