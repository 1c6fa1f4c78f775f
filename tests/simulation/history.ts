/**
 * One history: a server, some members and their faults, all of it decided by a seed. Checks what
 * must be true afterwards.
 */
import { type AccountName, parseAccountName } from "../../src/account_name.ts";
import type { Member } from "../../src/client/member.ts";
import type { StoredReceipt } from "../../src/client/wallet/wallet_store.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { MemoryLedger } from "../ledger/memory/memory_ledger.ts";
import type { Amount } from "../../src/money.ts";
import { orderLifetimeMs } from "../../src/limits.ts";
import { checkBooks, type Evidence } from "./check_books.ts";
import { Dice } from "./dice.ts";
import { letThingsGoWrong } from "./faults.ts";
import { OrdersAbroad } from "./orders_abroad.ts";
import { type Rewrite, ShownLedger } from "./shown_ledger.ts";
import { SimulatedMember } from "./simulated_member.ts";
import { SimulatedNetwork } from "./simulated_network.ts";
import { SimulatedMachine } from "./simulated_process.ts";
import { secretAccount, SplitLedger } from "./split_ledger.ts";
import { type Authorities, SimulatedServer } from "./simulated_server.ts";
import { Timeline } from "./timeline.ts";
import { Trace } from "./trace.ts";

export interface HistoryOptions {
  readonly authorities: Authorities;
  /**
   * Puts a layer between the server and its storage, so that a test can show that defects are
   * found.
   */
  readonly wrap?: ((ledger: Ledger) => Ledger) | undefined;
  /** Makes the server dishonest: at some time it shows other rows than before. */
  readonly rewrite?: Rewrite | undefined;
  /** Makes the operator dishonest: two servers show the members two ledgers, from some time on. */
  readonly splits?: boolean | undefined;
}

export interface History {
  readonly trace: Trace;
  /** What is wrong after it; nothing when all is well. */
  readonly wrong: readonly string[];
  /** How often something was made to go wrong. */
  readonly faults: number;
  /** Entries in the ledger at the end, but for those that opened the accounts. */
  readonly payments: number;
  /** The members who found that the server rewrote its ledger. */
  readonly caughtBy: readonly string[];
}

/** More than members connect at a time, whatever becomes of their connections. */
const spareUserLimit = 20;
const names = ["alice", "bob", "carol", "dave"].map((name) => parseAccountName(name)!);
/** Longer than any history takes. */
const endMs = 24 * 3_600_000;
/** Openings of up to four accounts, and a few payments. */
const rewrittenEntriesMin = 8;
/** So little room that it is full, and orders are forgotten, within one history. */
const voidings = { max: 1, keptMs: 5000 };
/**
 * After this time no order can be booked any more, and there is room again, so all doubts resolve.
 */
const doubtMs = orderLifetimeMs + voidings.keptMs + 1000;

/** Lets one history happen. The same seed is the same history. */
export async function simulate(seed: number, options: HistoryOptions): Promise<History> {
  const { authorities, wrap = (ledger) => ledger } = options;
  const dice = new Dice(seed);
  const timeline = new Timeline({ endMs });
  const trace = new Trace(timeline);
  const network = new SimulatedNetwork({ timeline, dice: dice.fork("network") });
  const ledgerId = authorities.authority.anchor.fingerprint;
  const emptyLedger = () => new MemoryLedger({ ledgerId, voidings });
  const ledger = emptyLedger();
  const machine = (host: string) => {
    const made = new SimulatedMachine(host, timeline);
    network.add(made);
    return made;
  };
  const dices = { server: dice.fork("server"), userLimit: dice.fork("user limit") };
  const taking = names.slice(0, dice.below(names.length - 1) + 2);
  const { anchor } = authorities.authority;
  const split = options.splits ? new SplitLedger([ledger, emptyLedger()]) : undefined;
  const views = (split?.copies ?? [wrap(ledger)]).map((ledger) =>
    new ShownLedger({ ledger, names: [...taking, secretAccount], anchor, trace, split })
  );
  const viewOf = (name: AccountName) => views[taking.indexOf(name) % views.length]!;
  const setting = { ...authorities, network, trace, abroad: new OrdersAbroad() };
  // With one permit each, a member waits when a connection is lost and the server has not noticed.
  const userLimit = dices.userLimit.pick([taking.length, spareUserLimit]);
  const servers = views.map(({ ledger }, index) =>
    new SimulatedServer({
      ...{ ...setting, userLimit, ledger },
      machine: machine(`10.0.${index}.1`),
      dice: index === 0 ? dices.server : dice.fork("second server"),
    })
  );
  const server = servers[0]!;
  const { pem } = anchor;
  const members = taking.map((name, index) =>
    new SimulatedMember({
      ...setting,
      name,
      others: taking.filter((other) => other !== name),
      shown: viewOf(name),
      server: servers[views.indexOf(viewOf(name))]!.endpoint,
      ca: { pem, path: "CA.pem" },
      machine: machine(`10.0.0.${index + 2}`),
      dice: dice.fork(name),
      onContradiction: (whose) => {
        trace.fail(`${whose} was refused what was booked all the same`);
      },
    })
  );
  const evidence: Evidence[] = [];
  let faults = 0;
  const whole = async () => {
    for (const server of servers) await server.start();
    for (const member of members) member.start();
    const { rewrite } = options;
    if (rewrite) cheatSoon(() => views[0]!.rewrite(rewrite), { timeline, ledger });
    if (split) cheatSoon(() => split.split(), { timeline, ledger });
    faults = await letThingsGoWrong({ server, members, network, trace }, dice.fork("faults"));
    while (!members.every(({ acts }) => acts.isContent)) await timeline.sleep(1000);
    for (const member of members) member.rest();
    // An order that was stamped while the server's clock was ahead can be booked for that much
    // longer.
    await timeline.sleep(doubtMs + server.machine.clockAheadMsMax);
    if (split) {
      if (!split.isSplit) await split.split();
      const [payer, payee] = members;
      await payAcross(payer!, payee!);
      if (views.every(({ caught }) => caught.size === 0)) {
        trace.fail("nobody found that two members see two ledgers");
      }
    }
    for (const member of members) {
      evidence.push(await member.leave((last) => gather(member, last)));
    }
    for (const server of servers) await server.stop();
  };
  const wrong: string[] = [];
  try {
    await timeline.until(whole());
  } catch (error) {
    wrong.push(error instanceof Error ? error.stack ?? error.message : String(error));
  }
  const { refused } = setting.abroad;
  // Of two ledgers, each has entries that the other members know nothing of.
  if (!split) {
    wrong.push(...await checkBooks(ledger, { names: taking, members: evidence, refused }));
  }
  wrong.push(...trace.failures);
  const { accounts, entries } = await ledger.totals();
  return {
    ...{ trace, wrong, faults },
    payments: entries - accounts,
    caughtBy: views.flatMap(({ caught }) => [...caught]),
  };
}

/** Lets the operator cheat as soon as the ledger has enough entries. */
function cheatSoon(
  cheat: () => void | Promise<void>,
  { timeline, ledger }: { readonly timeline: Timeline; readonly ledger: Ledger },
): void {
  timeline.schedule(1000, async () => {
    const { entries } = await ledger.totals();
    if (entries >= rewrittenEntriesMin) await cheat();
    else cheatSoon(cheat, { timeline, ledger });
  });
}

/** Lets a member pay another one directly. Both have audited, and audit after it. */
async function payAcross(payer: SimulatedMember, payee: SimulatedMember): Promise<void> {
  await payee.leave(async (taking) => {
    await payee.shown.audit(taking, { unauditedOnly: true });
    const listen = { host: "::", port: 0 };
    await taking.goOnline({ listen, onPayment: () => {}, onFault: () => {} });
    await payer.leave(async (paying) => {
      await payer.shown.audit(paying, { unauditedOnly: true });
      await paying.pay({ payee: payee.name, amount: 1 as Amount });
      await payer.shown.audit(paying, { unauditedOnly: true });
    });
    await payee.shown.audit(taking, { unauditedOnly: true });
  });
}

/** What a member holds at the end, after it has asked for everything that it can ask for. */
async function gather(member: SimulatedMember, client: Member): Promise<Evidence> {
  for await (const outcome of client.received({ since: 0 })) {
    if (outcome.outcome === "refused") throw new Error(`received: ${outcome.text}`);
  }
  const audit = await member.shown.audit(client);
  if (audit.outcome === "refused") throw new Error(`audit: ${audit.text}`);
  const receipts: StoredReceipt[] = [];
  for await (const receipt of client.context.receipts.all()) receipts.push(receipt);
  return {
    name: member.name,
    attempts: member.acts.attempts,
    notified: member.acts.notified,
    receipts,
    outbox: await client.context.outbox.ids(),
  };
}
