/**
 * Rules of `docs/protocol.md` that tests in other folders cover. Some of these rules have a test in
 * this folder too. `rules_test.ts` checks that each rule is in the document and that each test
 * exists.
 */
export interface NamedTest {
  /** Below `tests/`. */
  readonly file: string;
  /** As in the file; what a row of a table puts into it is `…`. */
  readonly title: string;
}

function at(file: string, ...titles: readonly string[]): NamedTest[] {
  return titles.map((title) => ({ file: `${file}_test.ts`, title }));
}

const forgedLines = [
  ...at(
    "hostile/forged_lines",
    "forged: for every fault in a … line, the … closes in the same way and sends nothing",
  ),
  ...at(
    "transport/hostile_lines",
    "over TCP: … as first message closes the connection without a reply",
  ),
];
const refusedOrders = at(
  "server/handlers/submit",
  "submit: an order … is refused with …, and nothing is booked",
);

const keptCosignatures = "cosign: only good cosignatures of named witnesses are kept, one for each";

export const elsewhere: Readonly<Record<string, readonly NamedTest[]>> = {
  "uri 1": at(
    "protocol/micropay_uri",
    "every URI that is written is read as the same URI",
    "an error names the part that is wrong",
    "a URI names up to 8 servers, the first as its host and the others as parameters",
  ),
  "uri 2": [
    ...at(
      "client/server_list",
      "server list: a client starts at a random server",
      "server list: a server that is not to be trusted ends the attempt at once",
    ),
    ...at(
      "end_to_end/several_servers",
      "the wallet keeps the servers of a join line, and every command uses one that answers",
    ),
  ],
  "line 1": at(
    "transport/line_reader",
    "a line at the limit is read, whatever precedes it in the same read",
    "a line one past the limit is refused …, and the stream closed",
    "an endless line is refused at the limit, not later",
  ),
  "line 2": at("transport/line_reader", "… in a line is refused in any place"),
  "json 1": at("strict_json", "refused: …", "refused as UTF-8: …"),
  "json 2": at("strict_json", "nesting of … is accepted at the limit and refused one past it"),
  "json 3": at("strict_json", "a repeated member is found anywhere"),
  "json 4": at(
    "strict_json",
    "the number … is refused in any place",
    "accepted in any place: the number …",
  ),
  "json 5": [
    ...forgedLines,
    ...at("protocol/order", "an order … with a valid signature is refused"),
    ...at("protocol/receipt", "a receipt … with a valid signature is refused"),
  ],
  "base64 1": at("base64", "base64url: …", "base64: …"),
  "memo 1": [
    ...at(
      "hostile/names",
      "memos: every hostile memo is refused, or booked and returned unchanged",
    ),
    ...refusedOrders,
  ],
  "memo 3": at(
    "memo",
    "every memo can be booked, also one that only another Unicode version prints",
  ),
  "certificate 1": at("pki/certificate_chain", "a chain is refused when"),
  "certificate 2": at(
    "pki/certificate_profile",
    "a certificate with any one defect is refused",
  ),
  "certificate 3": at(
    "pki/certificate_chain",
    "a chain is refused when",
    "a certificate is valid from its first to its last second, both included",
  ),
  "session key 1": at("envelope/session_key", "… is refused"),
  "document 1": forgedLines,
  "document 2": [
    ...forgedLines,
    ...at("protocol/order", "an order with … certificates is refused"),
    ...at("protocol/receipt", "a receipt with … certificates is refused"),
  ],
  "document 4": [
    ...forgedLines,
    ...at("protocol/order", "property: an order with any character changed is refused"),
    ...at("protocol/receipt", "property: a receipt with any character changed is refused"),
  ],
  "greeting 1": at(
    "transport/hostile_greetings",
    "…: …, greeting as a …, is not trusted and receives nothing",
    "a greeting of a payee shows what it saw of the ledger, and one of a server does not",
  ),
  "greeting 2": at(
    "transport/hostile_greetings",
    "a greeting … is accepted, because clocks differ",
  ),
  "greeting 3": at("transport/channel", "two connections never have the same nonce"),
  "message 1": forgedLines,
  "message 2": forgedLines,
  "message 4": forgedLines,
  "message 5": [
    ...at(
      "hostile/replay",
      "replay: the server closes without a reply on every replayed line, and books the order once",
    ),
    ...at(
      "hostile/payee_replay",
      "replay: a payee's client closes without a reply on every replayed line, and is paid once",
    ),
    ...at(
      "hostile/resealed",
      "resealed: a payer's message that its payee seals again for the server or another payee is refused without a reply",
    ),
    ...at(
      "transport/channel",
      "…: two swapped lines are refused",
      "…: a line reflected to its sender is refused",
    ),
  ],
  "register 1": at("pki/certificate_request", "a request is refused when"),
  "register 2": at(
    "server/session/sessions",
    "register: a name of another key is 210, in every way to request it",
  ),
  "register 3": at(
    "server/session/sessions",
    "register: the same key gets the same certificate again, and no more money",
  ),
  "register 5": at(
    "server/session/sessions",
    "register: after all money is issued, the next registration is 210 and opens no account",
  ),
  "register 6": at(
    "server/admission/registrations",
    "registrations: past its limit an address is refused, and other addresses are not",
  ),
  "register 7": at(
    "server/admission/registrations",
    "registrations: in a full ledger a newcomer is refused, and a registered member may register again",
  ),
  "register 8": at(
    "server/handlers/register_invited",
    "register: where only invited members are admitted, …: …",
    "register: a revoked invitation is refused with 217",
    "register: 50 clients use an invitation for one at the same moment, and one gets in",
    "register: a lost reply costs no second use",
  ),
  "register 11": at(
    "server/handlers/register_elsewhere",
    "register: a server that registers nobody answers 219, whatever the name, the key, the code and the token are",
  ),
  "register 9": at(
    "server/handlers/register_invited",
    "register: each guess of a token counts as a registration of its address",
  ),
  "register 10": at(
    "server/handlers/register_invited",
    "register: where only invited members are admitted, a stranger learns nothing about names …",
    "register: where only invited members are admitted, each guess of a name counts as a registration, and a member's own name does not",
  ),
  "login 5": at(
    "server/session/sessions",
    "login: a second login of a member is 230, until the first one ends",
  ),
  "login 6": at(
    "server/session/replacing",
    "login: an online connection that gives no sign of life is replaced by the next login",
  ),
  "login 7": at(
    "client/lasting_member",
    "lasting: a client that another login replaced does not connect again",
  ),
  "login 3": [
    ...at("server/session/sessions", "login: peers are told the advertised address"),
    ...at(
      "transport/tcp_network",
      "all addresses means both families on one port, and IPv4 is shown as IPv4",
    ),
  ],
  "login 4": at(
    "server/session/sessions",
    "login: a connection that closes without a goodbye takes its member offline",
  ),
  "list 1": at(
    "server/handlers/list",
    "list: 500 members online, with the longest names and addresses, in order of names",
  ),
  "list 2": at(
    "server/handlers/list",
    "list: a poll is answered like any other, and is reported only when it is refused",
  ),
  "pay 5": at(
    "client/payment/incoming_payments",
    "incoming: when the server's answer …, that is told, and the payment once it is known",
  ),
  "pay 6": at(
    "hostile/payee_replay",
    "replay: a payee's client closes without a reply on every replayed line, and is paid once",
  ),
  "pay 7": at("client/payment/payment", "pay: a payee that …: …"),
  "submit 1": at(
    "hostile/forwarded",
    "forwarded: the server accepts an order only from its payer and its payee",
  ),
  "submit 2": at(
    "server/handlers/submit_once",
    "submit: the same order again gives the same receipt and is booked once",
  ),
  "submit 4": at(
    "server/handlers/submit_many",
    "submit: a text that is no order and an order that is refused have results of their own",
  ),
  "submit 5": at(
    "server/handlers/submit_many",
    "submit: 25 orders are booked in one commit, one after the other, and each has its result",
  ),
  "submit 6": at(
    "server/handlers/submit_many",
    "submit: the reply with a receipt for each of 25 orders fits a line",
  ),
  "status 1": at(
    "server/handlers/submit_once",
    "status: payer and payee get the receipt, and others learn nothing",
  ),
  "status 2": at(
    "hostile/voiding",
    "void: an order that its … voided is never booked, even when its payee voids many others afterwards",
  ),
  "status 3": at(
    "hostile/voiding",
    "void: an order with another id than its own is refused",
  ),
  "status 4": at(
    "hostile/voiding",
    "void: when the payer's room is full, the server refuses nothing for good",
  ),
  "proof 1": at(
    "server/handlers/proof",
    "proof: the newest tree has every entry, and grew from every earlier one",
  ),
  "proof 2": at(
    "server/handlers/proof",
    "proof: past the end of the ledger, there are no proofs",
  ),
  "proof 3": at(
    "end_to_end/member",
    "a member notices when past entries were removed or rewritten",
  ),
  "proof 4": at(
    "server/handlers/proof",
    "proof: the newest tree has every entry, and grew from every earlier one",
  ),
  "proof 5": at(
    "client/ledger_audit",
    "audit: a server is not accused … that it did not sign",
    "audit: an answer to another question is refused",
  ),
  "seen 2": at(
    "client/peer_connections",
    "peers: a payer shows what it saw of the ledger in the first order on a connection, and again after a minute",
  ),
  "seen 3": at(
    "client/peer_checkpoints",
    "peers: a payer sends nothing to a payee that shows a checkpoint which the server did not sign",
  ),
  "seen 4": at(
    "client/peer_checkpoints",
    "peers: only what a server of this ledger signed for it is taken, the newest of each peer and of so many peers",
    "peers: checkpoints of one ledger, however old, are proven in the message of the next audit and then forgotten",
  ),
  "seen 5": at(
    "client/peer_checkpoints",
    "split view: the first payment across two ledgers … convicts the server on both sides",
    "split view: two servers with certificates of one CA are convicted, too",
  ),
  "checkpoint 1": at(
    "protocol/checkpoint",
    "a checkpoint … is refused",
    "the signatures of witnesses are passed over, before the server's and after it",
    "a checkpoint without rows has the root of an empty tree, and one with another is refused",
  ),
  "push 1": at(
    "server/handlers/submit_once",
    "submit: the other side is told once, however often an order is submitted",
  ),
  "push 7": at(
    "server/handlers/submit_many",
    "submit: of many orders that a payee submits, each payer is told its own in one push",
    "submit: payments that do not fit one line are told a payee in several pushes",
  ),
  "push 3": at("client/server_link", "link: a push of a type that is not known is passed over"),
  "push 4": at("client/server_link", "link: a … with the body … ends the connection"),
  "push 6": at(
    "server/stop",
    "stop: an idle client is told, and its connection ends",
    "stop: a request under way is answered first, with what was booked",
  ),
  "waiting 1": [
    ...at(
      "server/session/waiting_room",
      "waiting: an applicant is answered however many members wait",
    ),
    ...at("server/admission/waiting_line", "waiting line: …"),
  ],
  "waiting 2": at(
    "hostile/waiting",
    "waiting: the server repeats a place after a while, and tells a change no sooner than its limit",
  ),
  "waiting 3": at(
    "hostile/waiting",
    "waiting: past its address's places a member learns that the room is full, and past its account's it is refused",
  ),
  "waiting 4": [
    ...at(
      "hostile/holding",
      "holding: a member that opens one connection after another always leaves one for others",
    ),
    ...at(
      "server/admission/admission",
      "admission: an account has a limited number of waiting connections",
    ),
  ],
  "waiting 5": at(
    "client/server_link",
    "link: a client stops waiting for a server that stops telling its place",
  ),
  "waiting 6": at(
    "client/server_link",
    "link: places that somebody on the path holds back do not make a client wait for ever",
  ),
  "pay 8": at(
    "client/peer_connections",
    "peers: a payee refuses one of two orders that are under way, and the other is booked",
  ),
  "pay 9": at(
    "client/peer_connections",
    "peers: a payer locates and greets a payee once, and then says nothing but its orders",
    "peers: a connection is closed when no order was handed over on it for a while",
    "peers: only so many connections are kept, and the one that has been idle longest goes",
    "peers: when a kept connection's other end …, the next order goes to where the payee is now",
  ),
  "pay 10": at(
    "client/peer_connections",
    "peers: when a kept connection turns out to be closed, the same order goes over a new one, once",
    "peers: a payment that a payee submitted before it ended is paid",
  ),
  "pay 11": at("client/payment/payment", "pay: a payee that …: …"),
  "pay 12": at("client/payment/payment", "pay: a payee that …: …"),
  "pay 13": at(
    "client/payment/payment",
    "pay: a payer that the server's result does not reach asks, and has its receipt",
  ),
  "pay 14": at(
    "client/peer_connections",
    "peers: a payment to a payee that ends has the outcome no, wherever its order was",
  ),
  "pay 15": at(
    "client/peer_listener",
    "peers: a payee that closes refuses the orders that it did not submit with 263, and takes the one that the server has",
  ),
  "waiting 7": at(
    "client/peer_listener",
    "peers: only so many are served at a time, and a newcomer takes the place of the one that has been idle longest",
    "peers: while an order is under way on each connection, a newcomer is closed, and none of the orders is lost",
  ),
  "ping 1": at(
    "server/session/liveness",
    "liveness: a silent member gets a ping, and stays when it answers",
    "liveness: any message answers a ping, and the client's link answers by itself",
  ),
  "ping 3": at(
    "server/session/liveness",
    "liveness: a member that does not answer a ping is closed and goes offline, and its permit is free",
  ),
  "ping 4": at(
    "server/session/liveness",
    "liveness: a newcomer has a bounded time for everything that it sends",
  ),
  "ping 5": at(
    "client/server_link",
    "link: a server that is silent for longer than its ping interval counts as gone",
  ),
  "ended 1": at(
    "server/session/dismissal",
    "a member … is told and its sessions end, nobody else's",
  ),
  "order 1": refusedOrders,
  "order 2": at(
    "server/handlers/submit_once",
    "submit: an expired order that was booked in time gets its receipt again",
  ),
  "order 3": refusedOrders,
  "order 4": refusedOrders,
  "order 21": [
    ...refusedOrders,
    ...at(
      "protocol/derived_order_id",
      "the derived id of a vector is made again",
      "an id is taken for derived by another account exactly when its first 48 bits are another's",
    ),
    ...at("operator/audit", "the audit finds …, in a good tree"),
  ],
  "order 5": at(
    "server/handlers/submit_once",
    "submit: a refused or void order stays so after changes of the clock and a restart",
  ),
  "order 6": at(
    "hostile/voiding",
    "void: an order that its … voided is never booked, even when its payee voids many others afterwards",
  ),
  "order 7": refusedOrders,
  "order 8": refusedOrders,
  "order 9": at("protocol/order_validity", "an order … ……"),
  "order 10": refusedOrders,
  "order 11": at(
    "server/handlers/submit_once",
    "submit: the same id with another content is refused with 266",
  ),
  "order 12": refusedOrders,
  "order 13": refusedOrders,
  "order 17": at(
    "hostile/voiding",
    "void: when the payer's room is full, the server refuses nothing for good",
  ),
  "order 19": [{
    file: "ledger/contract_voiding.ts",
    title:
      "void: a full room forgets the order that expired first, and no order from that time is booked",
  }],
  "order 23": [
    ...at(
      "protocol/payment_request",
      "request: altering any byte of a request is refused",
      "request: a request … with a valid signature is refused",
      "request: an order … …",
      "request: only the account that a request names pays it",
    ),
    ...at("server/handlers/submit_requested", "submit: an altered request is refused with 273"),
  ],
  "order 24": [
    ...at(
      "protocol/payment_request",
      "request: an order is refused with 274 from the second in which its request ends",
    ),
    ...at("server/handlers/submit_requested", "submit: an ended request is refused with 274"),
  ],
  "order 25": at(
    "server/handlers/submit_requested",
    "submit: of two who pay a request at the same moment, one pays and the other gets 275",
  ),
  "order 20": at(
    "protocol/order",
    "an order with … and a valid signature is refused",
    "the same order, made by hand, is accepted",
  ),
  "receipt 1": at(
    "protocol/receipt",
    "one entry has one receipt, whatever the balances are now",
  ),
  "receipt 2": at(
    "client/receipt_check",
    "a receipt holds after its server's certificate has ended, and when it was made under a later one",
    "a receipt by a server whose certificate had ended before the payment is refused",
  ),
  "receipt 3": at(
    "client/receipt_check",
    "a receipt whose order has another … is refused, and that is said",
    "a receipt for another order that says the same is refused",
  ),
  "receipt 4": at("client/receipt_check", "an order … … have become a …"),
  "receipt 5": at(
    "client/receipt_check",
    "a receipt whose leaf is that of an entry with … is refused",
  ),
  "receipt 6": [
    ...at("protocol/receipt", "the packed receipt of a … gives its text again, byte for byte"),
    ...at(
      "operator/renewed_server",
      "documents of the server stay valid after a renewal, also when the old certificate has expired",
    ),
  ],
  "limit 1": at(
    "transport/line_reader",
    "a started line has its own time to end, however slowly its bytes arrive",
  ),
  "limit 2": at(
    "server/session/liveness",
    "liveness: a silent connection has the time of the first message",
  ),
  "limit 4": at(
    "hostile/silent",
    "silent: where many strangers connect, a new one has less time for its first message",
  ),
  "limit 5": at(
    "server/admission/strangers",
    "strangers: past the limit of an address, a newcomer closes the oldest one there",
    "strangers: a full pool closes the oldest one of the address that has most",
  ),
  "limit 6": [
    ...at(
      "server/admission/first_lines",
      "first lines: a fixed number is opened at once, then one in each interval, in the order of arrival",
    ),
    ...at(
      "hostile/leaving",
      "leaving: after any number of refused lines from an address, the server reads each later line, and serves a member there",
    ),
  ],
  "limit 7": [
    ...at(
      "transport/line_writer",
      "a peer that does not read is disconnected at the time-out, and not before",
    ),
    ...at(
      "transport/line_writer",
      "a full queue is allowed, and one more line closes the connection",
    ),
  ],
  "limit 8": [
    ...at(
      "protocol/order",
      "an order longer than any is refused unread",
    ),
    ...at("protocol/receipt", "a text longer than any receipt is refused unread"),
  ],
  "history 3": at(
    "server/handlers/history",
    "history 3: a page holds at least 100 payments of one payer, and its client asks for no certificate",
    "history 3: a page with the longest names, memos and numbers holds 20 rows and fits a line",
  ),
  "history 4": at(
    "server/handlers/history",
    "history 4: the order and the receipt of each row are those of its entry, byte for byte, and prove it",
    "history 4: a row with any other element is refused, or its receipt or order proves nothing",
    "history 4: a client shows no row that its order and receipt do not prove",
  ),
  "history 5": at(
    "server/handlers/history",
    "history 5: a page with a row twice, in another order or of another place is refused, so no payment is told again",
  ),
  "certificates 1": at(
    "server/handlers/history",
    "certificates 1: a client asks for each certificate once, and takes no other one",
  ),
  "certificates 2": at(
    "server/handlers/history",
    "certificates 2: what is not there is refused with 400, and an answer begins with the first that was asked for",
  ),
  "limit 9": at(
    "server/handlers/page",
    "page: every page fits a line once it is sealed, with the largest session key",
  ),
  "failure 1": at(
    "server/stop",
    "when the ledger throws … at …, the server answers 510 and changes nothing, reports that once, and a later request works",
    "a member who connects while the ledger cannot be read is answered 510 and disconnected, and a later connection works",
  ),
  "failure 2": at(
    "server/stop",
    "a ledger whose storage failed answers nobody: the server stops and says why",
  ),
  "client 1": [
    ...at(
      "transport/hostile_greetings",
      "…: …, greeting as a …, is not trusted and receives nothing",
    ),
    ...at("client/peer_connection", "pay: the payer sends nothing to anybody but the payee"),
  ],
  "client 2": at("client/wallet/trust", "trust: …: …"),
  "client 3": at(
    "transport/channel",
    "…: the same line twice on one connection is refused",
    "…: a line from another connection of the same two parties is refused",
    "…: a line reflected to its sender is refused",
  ),
  "published 1": at(
    "server/handlers/checkpoint",
    "checkpoint: a stranger gets the newest one, and it stays for a minute",
    "checkpoint: a minute later there is another one, and the cosigned one stays behind it",
    "checkpoint: the server keeps few of them, and forgets their cosignatures with them",
  ),
  "published 2": at(
    "server/handlers/checkpoint",
    "checkpoint: strangers at one address have a number of requests, and members are not counted",
  ).concat(
    at(
      "hostile/witness_flood",
      "witnesses: the requests for proofs of strangers are counted together, and one comes back in each interval",
    ),
  ),
  "cosign 1": at("server/handlers/checkpoint", keptCosignatures),
  "cosign 2": at(
    "server/handlers/checkpoint",
    keptCosignatures,
    "cosign: without named witnesses the server keeps none",
  ),
  "cosign 3": at("server/handlers/checkpoint", keptCosignatures),
  "cosign 4": at("server/handlers/checkpoint", keptCosignatures),
  "cosignature 1": at(
    "protocol/cosignature",
    "node:crypto alone verifies a cosignature, with the verifier key's text",
    "a cosignature with one changed bit, or of another checkpoint, is none",
  ),
  "cosignature 2": at(
    "protocol/cosignature",
    "a verifier key … is refused",
    "a verifier key of small order is refused, because anybody could sign under it",
  ),
  "relay 1": at(
    "client/relay",
    "relay: a payee that nobody can dial is paid through the server, and both sides know the way",
  ).concat(
    at(
      "server/handlers/relay",
      "relay: where a member cannot be connected to, the code says why",
    ),
  ),
  "relay 2": at(
    "server/handlers/relay",
    "relay: bytes come to the other end in order and in both directions, and so does the end",
  ),
  "relay 3": at(
    "server/handlers/relay",
    "relay: bytes come to the other end in order and in both directions, and so does the end",
    "relay: when a side's connection to the server ends, the other end is told",
  ),
  "relay 4": at(
    "server/handlers/relay",
    "relay: a third member can neither use nor end a connection, nor open one of its name",
  ),
  "relay 5": at(
    "server/handlers/relay",
    "relay: a member opens so many connections and sends so many messages, and is refused with 421 past that",
    "relay: nothing is taken for an end that has not read the bytes before",
  ),
  "relay 6": at(
    "client/relay",
    "relay: a member that is sent more than it reads ends the connection",
  ),
  "relay 7": at(
    "client/relay",
    "relay: a payee that can be dialled is paid directly",
    "relay: a payer waits 3 seconds for a connection and its greeting together",
    "relay: an address that accepts and says nothing holds up one payment, and is dialled again after a while",
  ),
  "relay 8": at(
    "client/relay",
    "relay: where the … forbids it, the payment is refused with 264, and nothing is relayed",
  ),
  "relay 10": at(
    "server/relay_between_servers",
    "relay: bytes to a member at another server come in order and in both directions, and so does the end",
    "relay: a member at another server that takes no relayed connections ends them, and a third member can use none",
    "relay: a member that asks several servers opens no more connections to members of another one than by asking one",
  ),
  "relay 9": at(
    "client/relay",
    "relay: what a dishonest server does with relayed lines pays nothing twice and nobody else",
    "relay: lines that a dishonest server swaps close the connection, and both orders are booked once over the next",
  ),
  "client 4": at(
    "client/wallet/identity_store",
    "identities: a certificate for another name, key or ledger is not stored",
  ),
  "client 5": at(
    "hostile/forwarded",
    "forwarded: a payee accepts an order only from its payer, and only an order to itself",
  ),
  "client 6": at("client/payment/payment", "pay: a payee that …: …"),
  "client 7": at(
    "client/payment/payment",
    "pay: the same id again is paid once, and the second time tells of the first",
  ),
  "client 8": at(
    "hostile/printing",
    "hostile: the client's output as … has only harmless lines",
  ),
};
