import { assert, assertEquals } from "@std/assert";
import type { Member } from "../../src/client/member.ts";
import type { IncomingPayment } from "../../src/client/payment/incoming_payments.ts";
import type { Amount } from "../../src/money.ts";
import { tcpNetwork } from "../../src/transport/tcp_network.ts";
import { EventLog } from "./event_log.ts";

/** Takes a member online where nobody can dial it, and pays it by relay, twice. */
export async function payByRelay(payer: Member, payee: Member): Promise<void> {
  const closed = tcpNetwork.listen({ host: "127.0.0.1", port: 0 });
  closed.close();
  const payments = new EventLog<IncomingPayment>(({ way }) => String(way));
  const online = await payee.goOnline({
    listen: { host: "127.0.0.1", port: 0 },
    advertise: closed.endpoint,
    onPayment: (payment) => payments.add(payment),
    onFault: () => {},
  });
  assertEquals(online.outcome, "answered");
  for (const amount of [7, 8]) {
    const terms = { payee: payee.context.name, amount: amount as Amount };
    const paid = await payer.pay(terms);
    assert(paid.outcome === "paid", JSON.stringify(paid));
    assertEquals(paid.way, "relay");
    const { receipt, way } = await payments.until(({ receipt }) =>
      receipt.payload.amount === amount
    );
    assertEquals([receipt.payload.id, way], [paid.receipt.payload.id, "relay"]);
  }
}
