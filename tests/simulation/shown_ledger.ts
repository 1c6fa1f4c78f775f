/**
 * The ledger that a server shows its members. From some time on it may be another one than it
 * keeps, with a tree that fits. Decides what each audit must find then.
 */
import type { AccountName } from "../../src/account_name.ts";
import { verifyEvidence } from "../../src/client/evidence.ts";
import type { AuditOptions, MemberAudit } from "../../src/client/ledger_audit.ts";
import type { Member } from "../../src/client/member.ts";
import { MicropayError } from "../../src/errors.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import type { TrustAnchor } from "../../src/pki/trust_anchor.ts";
import { type Receipt, verifyReceipt } from "../../src/protocol/receipt.ts";
import type { Refusal } from "../../src/protocol/request_type.ts";
import { plainProver, plainRoot } from "../ledger/plain_tree.ts";
import type { SplitLedger } from "./split_ledger.ts";
import type { Trace } from "./trace.ts";

/** Changes the leaves of a ledger. */
export type Rewrite = (leaves: readonly string[]) => readonly string[];

interface ShownLedgerSetting {
  readonly ledger: Ledger;
  readonly names: readonly AccountName[];
  readonly anchor: TrustAnchor;
  readonly trace: Trace;
  /** The ledger of which this is one copy, when the operator keeps two. */
  readonly split?: SplitLedger | undefined;
}

export class ShownLedger {
  /** What the server works with. */
  readonly ledger: Ledger;
  /** Names of the members whose audits found something. */
  readonly caught = new Set<AccountName>();
  readonly #setting: ShownLedgerSetting;
  /** The rows that were rewritten, and how many the ledger had then. */
  #rewritten: { readonly leaves: readonly string[]; readonly until: number } | undefined;

  constructor(setting: ShownLedgerSetting) {
    this.#setting = setting;
    this.ledger = new Proxy(setting.ledger, {
      get: (target, name: keyof Ledger) => {
        if (name !== "proofs" || !this.#rewritten) return target[name].bind(target);
        return async (...[query]: Parameters<Ledger["proofs"]>) =>
          plainProver(await this.#leaves()).answer(query);
      },
    });
  }

  /** Rewrites the rows of now. Later ones follow them. */
  async rewrite(change: Rewrite): Promise<void> {
    const leaves = await this.#leaves();
    this.#setting.trace.note("server", `rewrites ${leaves.length} rows`);
    this.#rewritten = { leaves: change(leaves), until: leaves.length };
  }

  /** Lets a member audit, and checks what it found. */
  async audit(member: Member, options: AuditOptions = {}): Promise<MemberAudit | Refusal> {
    const { name, audits, peerCheckpoints, receipts } = member.context;
    const last = await audits.last();
    const stored = options.unauditedOnly ? receipts.unaudited() : receipts.auditable();
    const held = (await Array.fromAsync(stored)).map(({ receipt }) => this.#read(receipt));
    const known = [
      ...(last ? [last] : []),
      ...peerCheckpoints.unchecked(this.#setting.names.length),
    ];
    const audit = await member.audit(options);
    if (audit.outcome === "refused") return audit;
    const leaves = (await this.#leaves()).slice(0, audit.entries);
    // The server may have rewritten its ledger during the audit.
    if (plainRoot(leaves) !== audit.head) return audit;
    const isAt = (entry: number, head: string) => plainRoot(leaves.slice(0, entry)) === head;
    const isWhole = known.every(({ entry, head }) => entry <= leaves.length && isAt(entry, head)) &&
      held.every(({ entry, leaf, head }) => leaves[entry - 1] === leaf && isAt(entry, head));
    this.#check(name, audit, isWhole);
    return audit;
  }

  #check(name: AccountName, { evidence, otherTree }: MemberAudit, isWhole: boolean): void {
    const { trace, anchor, split } = this.#setting;
    if (!evidence) {
      if (!isWhole) trace.fail(`${name} does not notice that the ledger was rewritten`);
      return;
    }
    this.caught.add(name);
    try {
      const verdict = verifyEvidence(JSON.stringify(evidence), { anchor });
      const by = otherTree ? ` by what ${otherTree.seenBy} saw` : "";
      trace.note(name, `convicts the server${by}`);
      // What a member does not know itself, its peers may have shown it.
      if (!this.#rewritten && !split?.isSplit) {
        trace.fail(`${name} accuses an honest server: ${verdict}`);
      }
    } catch (error) {
      if (!(error instanceof MicropayError)) throw error;
      trace.fail(`${name} has evidence that proves nothing: ${error.message}`);
    }
  }

  /** Returns the leaves that the server shows. All rows are entries of these members. */
  async #leaves(): Promise<string[]> {
    const { ledger, names } = this.#setting;
    const entries = await Promise.all(names.map((name) => ledger.history(name, { limit: 10_000 })));
    const leaves: string[] = [];
    for (const { number, leaf } of entries.flat()) leaves[number - 1] = leaf;
    if (!this.#rewritten) return leaves;
    return [...this.#rewritten.leaves, ...leaves.slice(this.#rewritten.until)];
  }

  #read(receipt: string): Receipt {
    return verifyReceipt(receipt, this.#setting).payload;
  }
}
